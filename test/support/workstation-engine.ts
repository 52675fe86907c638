import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openFrame, ROW, ROW_FIELDS, rowOffset } from '../../engine/contract/frames.ts';
import { BAR_WORDS } from '../../engine/contract/bars.ts';
import type { JobPage } from '../../engine/contract/job-page.ts';
import type { InstrumentFound, OrderOutcome } from '../../engine/contract/orders.ts';
import type {
  AuditInfo,
  EngineCommand,
  EngineEvent,
  Progress,
  ScalingInfo,
  RoutingInfo,
  ServerStatus,
  SessionRequest,
  SessionStatus,
  StateInfo,
  TradeMessage,
} from '../../engine/contract/window.ts';

const CHILD = resolve(import.meta.dirname, 'workstation-child.mjs');
const ENTRY = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'workstation.js');
const WAIT_MS_MAX = 60_000;

/** What a window would know: the newest of everything, and the trades by their numbers. */
export interface Known {
  status: SessionStatus;
  statuses: string[];
  progress: Progress | null;
  state: StateInfo | null;
  scaling: ScalingInfo | null;
  audit: AuditInfo | null;
  notices: string[];
  trades: TradeMessage[];
  finalTrades: number;
  halted: boolean;
  rulesVersion: number;
  problems: string[];
  /** By trade id. */
  orders: Map<string, OrderOutcome>;
  instruments: Map<string, InstrumentFound>;
  routing: RoutingInfo | null;
  token: string | null;
  /** Of the chosen symbol and interval, as far as they were told; null: the session builds none. */
  bars: number[] | null;
  server: ServerStatus;
  serverToken: string | null;
  symbolState: Extract<EngineEvent, { kind: 'symbol-state' }> | null;
  tradeExplained: Extract<EngineEvent, { kind: 'trade-explained' }> | null;
  jobPage: JobPage | null;
}

/** The engine of the workstation, in a process of its own, with its state in a folder; and a window that only listens. */
export class WorkstationEngine {
  readonly known: Known = {
    status: { kind: 'none' },
    statuses: [],
    progress: null,
    state: null,
    scaling: null,
    audit: null,
    notices: [],
    trades: [],
    finalTrades: 0,
    halted: false,
    rulesVersion: 0,
    problems: [],
    orders: new Map(),
    instruments: new Map(),
    routing: null,
    token: null,
    bars: [],
    server: { kind: 'off' },
    serverToken: null,
    symbolState: null,
    tradeExplained: null,
    jobPage: null,
  };
  /** Words of each symbol's row. */
  readonly rows = new Map<string, readonly string[]>();
  readonly #names: string[] = [];
  readonly #stateFolder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #epoch = 0;
  #look: () => void = () => undefined;

  constructor(stateFolder: string, checkpointIntervalMs = 50, env: Readonly<Record<string, string>> = {}) {
    this.#stateFolder = stateFolder;
    const options = JSON.stringify({ stateFolder, checkpointIntervalMs });
    this.#child = fork(CHILD, [ENTRY, options], { serialization: 'advanced', env: { ...process.env, ...env } });
    this.#exited = new Promise((done) => this.#child.once('exit', () => done()));
    this.#child.on('message', (event) => {
      this.#take(event as EngineEvent);
      this.#look();
    });
    this.send({ kind: 'hello', contractVersion: 1 });
  }

  send(command: EngineCommand): void {
    this.#child.send(command, () => undefined);
  }

  /** The first thing that a press does, and nothing behind it: no word reaches the engine. */
  pressKillLine(): void {
    this.#child.send('press-kill-line', () => undefined);
  }

  /** One of its threads ends as if it had crashed; only with FLINKTRADE_FAULTS=1. @param thread -1: the source's */
  breakThread(thread: string): void {
    writeFileSync(join(this.#stateFolder, 'fault'), thread);
  }

  open(session: SessionRequest): void {
    this.send({ kind: 'open', requestId: 1, session });
  }

  /** As a crash or the system would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** Resolves once it holds. */
  async until(what: string, holds: (known: Known) => boolean): Promise<void> {
    if (holds(this.known)) return;
    await new Promise<void>((done, failed) => {
      const late = setTimeout(() => {
        const { status, problems, trades } = this.known;
        failed(
          new Error(
            `${what}: not after ${WAIT_MS_MAX} ms; ${JSON.stringify({ status, problems, trades: trades.length })}`,
          ),
        );
      }, WAIT_MS_MAX);
      this.#look = () => {
        if (!holds(this.known)) return;
        clearTimeout(late);
        this.#look = () => undefined;
        done();
      };
    });
  }

  untilStatus(kind: SessionStatus['kind']): Promise<void> {
    return this.until(`status ${kind}`, ({ status }) => status.kind === kind);
  }

  #take(event: EngineEvent): void {
    const { known } = this;
    if ('epoch' in event) {
      if (event.epoch < this.#epoch) return;
      if (event.epoch > this.#epoch) {
        this.#epoch = event.epoch;
        this.rows.clear();
        Object.assign(known, { progress: null, trades: [], finalTrades: 0, orders: new Map(), instruments: new Map() });
      }
    }
    switch (event.kind) {
      case 'status':
        known.status = event.status;
        if (known.statuses.at(-1) !== event.status.kind) known.statuses.push(event.status.kind);
        return;
      case 'progress':
        known.progress = event.progress;
        return;
      case 'state':
        known.state = event.state;
        return;
      case 'scaling':
        known.scaling = event.scaling;
        return;
      case 'audit':
        known.audit = event.audit;
        return;
      case 'notice':
        known.notices.push(event.text);
        return;
      case 'trades':
        known.trades.splice(event.first, event.trades.length, ...event.trades);
        return;
      case 'trades-final':
        known.finalTrades = event.count;
        return;
      case 'orders':
        for (const outcome of event.outcomes) known.orders.set(outcome.id, outcome);
        return;
      case 'instruments':
        for (const found of event.instruments) known.instruments.set(found.symbol, found);
        return;
      case 'routing':
        known.routing = event.routing;
        return;
      case 'halted':
        known.halted = event.halted;
        return;
      case 'rules-applied':
        known.rulesVersion = event.version;
        return;
      case 'rearm-token':
        known.token = event.token;
        return;
      case 'server':
        known.server = event.server;
        return;
      case 'server-token':
        known.serverToken = event.token;
        return;
      case 'symbol-state':
        known.symbolState = event;
        break;
      case 'trade-explained':
        known.tradeExplained = event;
        return;
      case 'job-page':
        known.jobPage = event.page;
        return;
      case 'problem':
        known.problems.push(`${event.problem.code}: ${event.problem.message}`);
        return;
      case 'symbols':
        event.names.forEach((name, index) => {
          this.#names[event.first + index] = name;
        });
        return;
      case 'chart-bars':
        known.bars = withBars(event.part === 'all' ? [] : known.bars, event.bars);
        return;
      case 'rows':
        return this.#takeRows(event.frame);
      default:
        return;
    }
  }

  #takeRows(buffer: ArrayBuffer): void {
    // A process's pipe may hand it over as a view.
    const bytes = ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer);
    const frame = openFrame(bytes.slice().buffer);
    for (let row = 0; row < frame.rowCount; row += 1) {
      const at = rowOffset(row);
      const words = ROW_FIELDS.map((field, index) =>
        field.startsWith('profit') ? String(frame.integers[at + index]) : String(frame.numbers[at + index]),
      );
      // A symbol's number depends on who came first.
      words[ROW.symbol] = '';
      this.rows.set(this.#names[frame.numbers[at + ROW.symbol]], words);
    }
  }
}

/** The newest were told before, and may have grown since. */
function withBars(known: readonly number[] | null, told: Float64Array | null): number[] | null {
  if (told === null || known === null) return null;
  let kept = known.length;
  while (kept > 0 && known[kept - BAR_WORDS] >= told[0]) kept -= BAR_WORDS;
  return [...known.slice(0, kept), ...told];
}
