import { RichFunction, type RuntimeContext } from '../../api/functions.ts';
import type { StructShape } from '../../memory/record-layout.ts';
import { createSymbolMemory, SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import { assignToKeyGroup } from '../../state/key-groups.ts';
import { NO_SLOT } from '../../state/key-table.ts';
import { createAlignedSumsMemory } from './aligned-sums.ts';
import { KeyedOperator, type OperatorEnvironment } from './keyed-operator.ts';
import type { OperatorTakeover } from './keyed-handover.ts';
import type { OperatorOutput } from './output.ts';

/** A struct state of an operator, as another thread may know it: plain data. */
export interface StructOfState {
  readonly name: string;
  readonly shape: StructShape;
}

/** Of a turn: few enough that the records which wait for it do not notice. */
const KEYS = 64;
/** After so many turns what is called per key is compiled, and the most of it optimized. */
export const TURNS_AMID_RECORDS = 24;
/** Nobody waits for a thread that is only being started. */
export const TURNS_AHEAD = 48;
const ROWS = 'rows';

const NOWHERE: OperatorOutput = {
  emit: () => undefined,
  emitSide: () => undefined,
  emitWatermark: () => undefined,
  emitWatermarkStatus: () => undefined,
};

class StatesOnly extends RichFunction {
  private readonly structs: readonly StructOfState[];

  constructor(structs: readonly StructOfState[]) {
    super();
    this.structs = structs;
  }

  override open(context: RuntimeContext): void {
    for (const { name, shape } of this.structs) context.getStructState({ kind: 'struct', name, struct: shape });
    context.getRowPublisher(ROWS, 1, () => undefined);
  }
}

/** Has the states of the operator it stands for, and does nothing. */
class StandIn extends KeyedOperator {
  protected readonly userFunction: RichFunction;
  private readonly structs: readonly StructOfState[];

  constructor(environment: OperatorEnvironment, structs: readonly StructOfState[]) {
    super(environment, NOWHERE);
    this.structs = structs;
    this.userFunction = new StatesOnly(structs);
  }

  handleElement1(): void {
    // No element ever comes here.
  }

  protected fireTimer(): void {
    // Nor is a timer fired.
  }

  fill(): void {
    const { keyTable, backend, timers, environment } = this;
    for (let key = 0; key < KEYS; key += 1) {
      const text = `key ${key}`;
      const slot = keyTable.slotForSymbol(
        environment.symbols.idOf(text),
        assignToKeyGroup(text, environment.maxParallelism),
      );
      keyTable.currentSlot = slot;
      for (const { name, shape } of this.structs)
        backend.getStructState<unknown>({ kind: 'struct', name, struct: shape }).create();
      this.rows.get(ROWS)?.changed();
      timers.eventTimers.register(slot, key);
    }
    keyTable.currentSlot = NO_SLOT;
  }
}

/**
 * The change of parallelism, rehearsed before it: gives away and takes back a few keys that do not exist, a turn at a
 * time, so that the code is compiled before records wait for it. The first hand-over of a thread takes many times as long
 * as the second. It shares nothing with the operator it is for but the shape of its structs. Task thread only.
 */
export class Rehearsal {
  private readonly environment: OperatorEnvironment;
  private readonly structs: readonly StructOfState[];
  private standIn: StandIn;
  private turnsLeft: number;

  constructor(environment: OperatorEnvironment, structs: readonly StructOfState[], turns: number) {
    this.turnsLeft = turns;
    const { maxParallelism } = environment;
    this.environment = {
      ...environment,
      subtaskIndex: 0,
      parallelism: 1,
      keyGroupRange: { start: 0, end: maxParallelism - 1 },
      symbols: new SymbolDictionary(createSymbolMemory({ symbolsMax: KEYS * 2 })),
      sums: createAlignedSumsMemory(1),
    };
    this.structs = structs;
    this.standIn = new StandIn(this.environment, structs);
    this.standIn.open();
    this.standIn.fill();
  }

  /** @returns whether it is over */
  turn(): boolean {
    this.standIn.moveTo(this.environment, NOWHERE, this.given());
    this.turnsLeft -= 1;
    return this.turnsLeft === 0;
  }

  /** A turn of a task that begins with what it is given. @returns whether it is over */
  turnAtStart(): boolean {
    const next = new StandIn(this.environment, this.structs);
    next.takeOver(this.given());
    next.open();
    this.standIn = next;
    return this.turn();
  }

  private given(): OperatorTakeover {
    // To its own subtask: only whoever takes it over knows that it is the same one.
    const leaving = this.standIn.leavingKeys(new Int32Array(this.environment.maxParallelism));
    const { parts, broadcast, operatorState } = leaving.give();
    leaving.forget();
    return { parts: parts.flatMap((part) => part ?? []), broadcast, operatorStates: [operatorState] };
  }
}
