import type { KeySelector } from '../../api/stream-nodes.ts';
import { IllegalArgumentError, NullPointerError } from '../../core/errors.ts';
import type { Crossing } from '../../graph/job-graph.ts';
import { FETCHED } from '../../memory/fetch-ahead.ts';
import { encodePlain } from '../../memory/plain-text.ts';
import { compileCodec, type RecordEncoder } from '../../memory/record-codec.ts';
import { HEADER_WORDS } from '../../memory/record-header.ts';
import type { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import { javaHash, type Key } from '../../state/java-hash.ts';
import { computeKeyGroupForKeyHash, computeOperatorIndexForKeyGroup } from '../../state/key-groups.ts';
import { KeyMap } from '../../state/key-table.ts';
import type { RecordOutput } from '../operators/output.ts';
import type { ChannelWriter } from './channel-writer.ts';
import type { OutputGroup } from './output-group.ts';
import { keyFieldOf } from './physical-plan.ts';

/** The processing-time clock of a sender: NaN while the source does not drive it. */
export interface ProcessingClock {
  timeMs: number;
}

interface RecordFormat {
  readonly type: number;
  /** null: JSON. */
  readonly encode: RecordEncoder | null;
}

const NO_KEY_SLOT = -1;

export interface EdgeEnvironment {
  readonly channels: readonly ChannelWriter[];
  readonly group: OutputGroup;
  readonly symbols: SymbolDictionary;
  readonly clock: ProcessingClock;
  readonly maxParallelism: number;
}

/** Writes the records of one crossing; which ring they go to is its subclasses' business. */
export abstract class EdgeWriter implements RecordOutput {
  protected readonly channels: readonly ChannelWriter[];
  protected readonly symbols: SymbolDictionary;
  protected readonly crossing: Crossing;
  private readonly group: OutputGroup;
  private readonly clock: ProcessingClock;
  private readonly only: RecordFormat | null;
  /** Of the record that `write` is given: a fraction handed to a call that is not inlined would be an object each time. */
  protected timestamp = NaN;
  private readonly byKind = new Map<string, RecordFormat>();
  private lastKind: unknown = undefined;
  private lastFormat: RecordFormat | null = null;
  /** Slots that the text of JSON records took so far. */
  textSlots = 0;

  constructor(crossing: Crossing, environment: EdgeEnvironment) {
    this.crossing = crossing;
    this.channels = environment.channels;
    this.symbols = environment.symbols;
    this.group = environment.group;
    this.clock = environment.clock;
    const keyField = keyFieldOf(crossing);
    const formats = crossing.types.map((shape, index) => ({
      type: crossing.firstType + index,
      encode: compileCodec(shape, keyField).encode,
    }));
    formats.forEach((format, index) => this.byKind.set(crossing.types[index].name, format));
    const json: RecordFormat = { type: crossing.firstType, encode: null };
    this.only = formats.length === 0 ? json : formats.length === 1 ? formats[0] : null;
  }

  /** Subtasks it can send to. */
  get receivers(): number {
    return this.channels.length;
  }

  /** What a record takes in a ring. */
  get slotBytes(): number {
    return this.channels[0].ring.slotWords * 8;
  }

  abstract emit(record: unknown, timestamp: number): void;

  protected write(channel: ChannelWriter, slot: number, record: unknown): void {
    const format = this.only ?? this.formatOf(record);
    const { ring } = channel;
    const timeMs = this.clock.timeMs;
    if (timeMs === timeMs && channel.processingTime !== timeMs) channel.sendProcessingTime(timeMs);
    if (format.encode === null) this.textSlots += channel.sendText(encodePlain(record));
    const base = ring.claim();
    const { f, i } = ring;
    const watermark = this.group.watermark;
    i[base * 2] = format.type;
    i[base * 2 + 1] = slot;
    f[base + 1] = watermark;
    f[base + 2] = this.timestamp;
    if (format.encode !== null) format.encode(f, i, base + HEADER_WORDS, record, this.symbols);
    channel.stamped[this.group.index] = watermark;
    ring.commit();
  }

  private formatOf(record: unknown): RecordFormat {
    const kind = (record as { kind?: unknown } | null)?.kind;
    // Records of one kind come in runs.
    if (kind === this.lastKind && this.lastFormat !== null) return this.lastFormat;
    const format = this.byKind.get(kind as string);
    if (format === undefined) {
      throw new IllegalArgumentError(
        `The stream into '${this.crossing.to.name}' carries ${[...this.byKind.keys()].join(', ')}; found a record of kind ${JSON.stringify(kind)}. Set 'kind' on records of a stream with several structs.`,
      );
    }
    this.lastKind = kind;
    this.lastFormat = format;
    return format;
  }
}

/** To the one reader at the other end: sinks. */
export class ForwardEdgeWriter extends EdgeWriter {
  emit(record: unknown, timestamp: number): void {
    this.timestamp = timestamp;
    this.write(this.channels[0], NO_KEY_SLOT, record);
  }
}

/** To each of its readers in turn: from the source thread to all subtasks, from a subtask to itself. */
export class RebalanceEdgeWriter extends EdgeWriter {
  private next = 0;

  emit(record: unknown, timestamp: number): void {
    this.timestamp = timestamp;
    const channel = this.channels[this.next];
    this.next = (this.next + 1) % this.channels.length;
    this.write(channel, NO_KEY_SLOT, record);
  }
}

/** To every subtask. */
export class BroadcastEdgeWriter extends EdgeWriter {
  emit(record: unknown, timestamp: number): void {
    this.timestamp = timestamp;
    for (const channel of this.channels) this.write(channel, NO_KEY_SLOT, record);
  }
}

/** What a sender knows of the keys it has sent: whose they are, and by which number their owner knows them. */
abstract class KeyedEdgeWriter extends EdgeWriter {
  private readonly maxParallelism: number;
  private readonly nextSlot: number[];

  constructor(crossing: Crossing, environment: EdgeEnvironment) {
    super(crossing, environment);
    this.maxParallelism = environment.maxParallelism;
    this.nextSlot = this.channels.map(() => 0);
  }

  /** Tells the key's owner about it. @returns the owner's index and the number by which records name the key there */
  protected define(key: Key, wire: number | string): { subtask: number; slot: number } {
    const keyGroup = computeKeyGroupForKeyHash(javaHash(key), this.maxParallelism);
    const subtask = computeOperatorIndexForKeyGroup(this.maxParallelism, this.channels.length, keyGroup);
    const slot = this.nextSlot[subtask];
    this.nextSlot[subtask] = slot + 1;
    this.channels[subtask].sendKey(slot, this.crossing.index, keyGroup, wire);
    return { subtask, slot };
  }
}

/** Owners fit in the low bits of a packed entry, whatever the parallelism (32 at most). */
const SUBTASK_BITS = 5;
const SUBTASK_MASK = 2 ** SUBTASK_BITS - 1;
const UNKNOWN = -1;
/** Fewer stay in a core's own cache, whatever else it works on. */
const OWNERS_LARGE = 2 ** 16;

/** Keys that are a struct's symbol field: one load from an array by symbol number. */
export class SymbolKeyedEdgeWriter extends KeyedEdgeWriter {
  /** By symbol number: the owner's number of the key, then the owner. */
  private owners = new Int32Array(1024).fill(UNKNOWN);
  private readonly keyIdOf: (record: unknown, symbols: SymbolDictionary) => number;

  constructor(crossing: Crossing, environment: EdgeEnvironment, keyField: string) {
    super(crossing, environment);
    // Generated for the same reason as record views: a plain property access, with feedback of its own.
    this.keyIdOf = new Function('r', 'd', `const n=r.${keyField}Id; return n===undefined?d.idOf(r.${keyField}):n;`) as (
      record: unknown,
      symbols: SymbolDictionary,
    ) => number;
  }

  emit(record: unknown, timestamp: number): void {
    const id = this.keyIdOf(record, this.symbols);
    let owner = id < this.owners.length ? this.owners[id] : UNKNOWN;
    if (owner === UNKNOWN) owner = this.defineSymbol(id);
    this.timestamp = timestamp;
    this.write(this.channels[owner & SUBTASK_MASK], owner >> SUBTASK_BITS, record);
  }

  /**
   * Reads what is known of keys that come next, where it is too much for a core's own cache. The reads depend on nothing, so
   * the processor waits for all of them together.
   */
  fetchAhead(symbolIds: Int32Array, from: number, to: number): void {
    const { owners } = this;
    if (owners.length < OWNERS_LARGE) return;
    let sum = 0;
    for (let index = from; index < to; index += 1) {
      const id = symbolIds[index];
      if (id >= 0 && id < owners.length) sum = (sum + owners[id]) | 0;
    }
    FETCHED[0] = sum;
  }

  private defineSymbol(id: number): number {
    while (id >= this.owners.length) this.grow();
    const { subtask, slot } = this.define(this.symbols.textOf(id), id);
    const owner = (slot << SUBTASK_BITS) | subtask;
    this.owners[id] = owner;
    return owner;
  }

  private grow(): void {
    const owners = new Int32Array(this.owners.length * 2).fill(UNKNOWN);
    owners.set(this.owners);
    this.owners = owners;
  }
}

/** Any other key: one look-up in a map per record. */
export class SelectedKeyEdgeWriter extends KeyedEdgeWriter {
  private readonly owners = new KeyMap<{ subtask: number; slot: number }>();
  private readonly keyOf: (record: unknown) => Key;

  constructor(crossing: Crossing, environment: EdgeEnvironment, selector: KeySelector) {
    super(crossing, environment);
    this.keyOf =
      typeof selector === 'string'
        ? (record) => (record as Record<string, Key>)[selector]
        : (selector as (record: unknown) => Key);
  }

  emit(record: unknown, timestamp: number): void {
    const key = this.keyOf(record);
    if (key === null || key === undefined) throw new NullPointerError('Assigned key must not be null!');
    let owner = this.owners.get(key);
    if (owner === undefined) {
      owner = this.define(key, encodePlain(key));
      this.owners.set(key, owner);
    }
    this.timestamp = timestamp;
    this.write(this.channels[owner.subtask], owner.slot, record);
  }
}

export function createEdgeWriter(crossing: Crossing, environment: EdgeEnvironment): EdgeWriter {
  switch (crossing.partitioning.kind) {
    case 'forward':
      return new ForwardEdgeWriter(crossing, environment);
    case 'rebalance':
      return new RebalanceEdgeWriter(crossing, environment);
    case 'broadcast':
      return new BroadcastEdgeWriter(crossing, environment);
    case 'key': {
      const keyField = keyFieldOf(crossing);
      return keyField === null
        ? new SelectedKeyEdgeWriter(crossing, environment, crossing.partitioning.selector)
        : new SymbolKeyedEdgeWriter(crossing, environment, keyField);
    }
  }
}
