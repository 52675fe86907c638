import type { RecoveryInfo } from '../../contract/window.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { RecoveredLive } from '../session/live-session.node.ts';
import type { LiveState } from '../session/live-state.node.ts';
import type { SessionKeeper } from './session-keeper.node.ts';
import type { KeptControl } from './session-spec.node.ts';

/** What holds in a session once every control that is on its way has entered. */
export interface InForce {
  readonly rules: RulesDocument;
  readonly rulesVersion: number;
  readonly halted: boolean;
  /** How many controls enter again. */
  readonly controls: number;
}

export function inForce(keeper: SessionKeeper): InForce {
  const { reader, spec } = keeper;
  const entered = new Set(reader?.session?.controlsEntered ?? []);
  const coming = keeper.controls.filter(({ number }) => !entered.has(number)).sort(byPlace);
  let rules = reader?.rules ?? spec.parameters.rules;
  let rulesVersion = reader?.rulesVersion ?? 1;
  let halted = reader?.halted ?? false;
  for (const { control } of coming) {
    if (control.kind === 'rules') {
      ({ rules } = control);
      rulesVersion = control.version;
    } else halted = control.kind === 'halt';
  }
  return { rules, rulesVersion, halted, controls: coming.length };
}

/** Whether somebody's last word about the kill switch was to press it. */
export function wasHalted(controls: readonly KeptControl[]): boolean {
  const isSwitch = ({ kind }: ControlRecord): boolean => kind !== 'rules';
  return controls.filter(({ control }) => isSwitch(control)).at(-1)?.control.kind === 'halt';
}

export function describeRecovery(
  keeper: SessionKeeper,
  why: RecoveryInfo['why'],
  cause: string | null,
  atMs: number,
): RecoveryInfo {
  const { restored, reader, refused } = keeper;
  return {
    atMs,
    why,
    cause,
    checkpointId: restored?.id ?? null,
    takenAtMs: restored?.createdAtMs ?? null,
    trades: keeper.tradeValues.reduce((sum, { trades }) => sum + trades, 0),
    quotes: reader?.session?.stamper.sequence ?? 0,
    controls: inForce(keeper).controls,
    journalRecords: null,
    refused,
  };
}

/** Why a session goes on by itself. */
export type Interruption = Pick<RecoveryInfo, 'why' | 'cause'>;

export function describeLiveRecovery(
  { restored, refused, tradeValues, quotes }: LiveState,
  { records }: RecoveredLive,
  interruption: Interruption,
  atMs: number,
): RecoveryInfo {
  return {
    atMs,
    ...interruption,
    checkpointId: restored?.id ?? null,
    takenAtMs: restored?.createdAtMs ?? null,
    trades: tradeValues.reduce((sum, { trades }) => sum + trades, 0),
    quotes,
    controls: 0,
    journalRecords: records,
    refused,
  };
}

function byPlace(left: KeptControl, right: KeptControl): number {
  return left.sequence - right.sequence || left.recordedTaken - right.recordedTaken || left.number - right.number;
}
