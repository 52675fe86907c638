import { availableParallelism } from 'node:os';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { EngineEvent, Problem, RescaleInfo, SessionRequest, SessionSource } from '../../contract/window.ts';
import type { Clock } from '../../core/time.ts';
import type { RecoveredLive } from '../session/live-session.node.ts';
import type { LiveState } from '../session/live-state.node.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import { SessionScaling } from '../session/session-scaling.node.ts';
import { forgetLiveRequest, keepLiveRequest } from './live-request.ts';
import type { SessionBook } from './session-checkpoints.node.ts';
import { SessionKeeper } from './session-keeper.node.ts';
import { openLiveRequest, type AskedParameters } from './session-request.node.ts';
import type { WorkstationAudit } from './workstation-audit.node.ts';
import type { WorkstationLive } from './workstation-session.node.ts';

/** Where sessions are kept. */
export interface SessionPlaces {
  readonly clock: Clock;
  /**
   * Where the live session keeps its state. `anew`: a new place; what there is of the last one stays.
   * @throws StoreError when nothing can be kept
   */
  readonly openLiveStore: (anew: boolean) => Promise<DurableStore>;
  /** Where sessions are kept; null: nowhere, which the store's keeper says. Absent: nowhere, and nothing is said. */
  readonly store?: Promise<DurableStore | null>;
  readonly audit: WorkstationAudit;
}

/**
 * Gets a session what it begins with: its keeper or live place, its number of workers, its audit trail. A session runs all
 * the same where one of them cannot be had, except for the place of a live one; the window is told either way.
 */
export class SessionOpener {
  readonly #places: SessionPlaces;
  readonly #emit: (event: EngineEvent) => void;

  constructor(places: SessionPlaces, emit: (event: EngineEvent) => void) {
    this.#places = places;
    this.#emit = emit;
  }

  /** @returns null when there is none, which is said by whoever opens it */
  async store(): Promise<DurableStore | null> {
    return (await this.#places.store) ?? null;
  }

  /**
   * @param book is told why, where it is not kept
   * @returns null when the session cannot be kept
   */
  async keep(opened: Parameters<typeof SessionKeeper.begin>[2], book: SessionBook): Promise<SessionKeeper | null> {
    const store = await this.#places.store;
    if (store === undefined) return null;
    if (store === null) {
      book.notKept = 'There is no place to keep it in.';
      return null;
    }
    try {
      return await SessionKeeper.begin(store, this.#places.clock, opened);
    } catch (error) {
      const { message } = error as Error;
      book.notKept = message;
      // An input that is not there is told when it is opened.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#problem('state-not-kept', `This session would not survive a crash: ${message}`);
      return null;
    }
  }

  /** @returns null when it cannot begin or go on */
  async prepareLive(
    requestId: number,
    { inputs, profile }: { readonly inputs: Extract<SessionSource, { kind: 'live' }>; readonly profile: string | null },
    asked: AskedParameters,
    onRecovered: (state: LiveState, recovered: RecoveredLive) => void,
  ): Promise<WorkstationLive | null> {
    const opened = await openLiveRequest(inputs, profile, asked, this.#places.openLiveStore);
    if (!opened.ok) {
      this.#emit({ kind: 'problem', requestId, problem: opened.problem });
      return null;
    }
    const { prepared } = opened.value;
    const { cutOff } = prepared.found;
    if (cutOff !== null) this.#emit({ kind: 'notice', tone: 'bad', text: cutOff });
    const { rules } = asked;
    return { ...opened.value, rules, onRecovered: (recovered) => onRecovered(prepared.state, recovered) };
  }

  /** That a live session is open, for the next start of the program. */
  async keepLive(request: SessionRequest): Promise<void> {
    try {
      const store = await this.store();
      if (store !== null) await keepLiveRequest(store, request);
    } catch (error) {
      const { message } = error as Error;
      this.#problem('state-not-kept', `After a crash this session would not be opened by itself: ${message}`);
    }
  }

  /** Of a session that was closed on purpose: nobody goes on with it. */
  async giveUp(keeper: SessionKeeper | null, wasLive: boolean): Promise<void> {
    try {
      await keeper?.close();
      const store = wasLive ? await this.store() : null;
      if (store !== null) await forgetLiveRequest(store);
    } catch (error) {
      const { message } = error as Error;
      this.#problem('state-not-kept', `That the session was closed could not be kept: ${message}`);
    }
  }

  /** @param isNew it begins, whatever was kept of one before it */
  async scaling(
    session: string,
    workers: number,
    isNew: boolean,
    onRescaled: (rescale: RescaleInfo) => void,
  ): Promise<SessionScaling> {
    const options = {
      session,
      workers,
      autoscale: { on: false, minWorkers: 1, maxWorkers: availableParallelism() },
      clock: this.#places.clock,
      store: await this.store(),
      onProblem: (message: string) => this.#problem('workers-not-changed', message),
      onRescaled,
    };
    return isNew ? new SessionScaling(options) : SessionScaling.load(options);
  }

  /** @returns null when nothing of it is audited */
  async audited(begin: (audit: WorkstationAudit) => Promise<SessionAudit | null>): Promise<SessionAudit | null> {
    try {
      return await begin(this.#places.audit);
    } catch (error) {
      this.#problem('audit-failed', `Nothing of this session is audited: ${(error as Error).message}`);
      return null;
    }
  }

  #problem(code: string, message: string): void {
    const problem: Problem = { code, message, where: null };
    this.#emit({ kind: 'problem', requestId: null, problem });
  }
}
