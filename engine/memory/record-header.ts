/**
 * Every ring slot starts with three words:
 *
 *   word 0   i32 record type     i32 key slot (keyed records) or group (control records)
 *   word 1   f64 watermark the record meets
 *   word 2   f64 timestamp, NaN for none
 *   word 3.. payload
 *
 * With five f64 fields and its symbol as key, a record is exactly one cache line of 64 bytes.
 */
export const TYPE_INDEX = 0;
export const SLOT_INDEX = 1;
export const WATERMARK_WORD = 1;
export const TIMESTAMP_WORD = 2;
export const HEADER_WORDS = 3;
export const SLOT_WORDS_MIN = 8;

/** Record types below FIRST_DATA_TYPE belong to the engine; the job's record types count from there. */
export const CONTROL = {
  /** A part of a text that does not fit one slot: i32 count of UTF-16 units, then the units. */
  TEXT_PART: 1,
  /** First use of a key by symbol: payload i32 symbol, key group, edge. Slot: the sender's number of the key. */
  DEFINE_SYMBOL_KEY: 2,
  /** First use of any other key: its text came before. Payload i32 key group, edge. */
  DEFINE_KEY: 3,
  /** The group's watermark, for receivers that got no record with it. */
  WATERMARK: 4,
  IDLE: 5,
  ACTIVE: 6,
  /** Processing time, in the timestamp word. */
  PROCESSING_TIME: 7,
  /** A place where subtasks wait for each other; payload i32 source node. */
  ALIGNMENT: 8,
  /** The group sends no more. */
  END: 9,
  /**
   * A barrier: what came before it is part of the checkpoint, or handled by the old tasks when the parallelism changes.
   * Its number is in the timestamp word, the new parallelism (0: none) in the slot.
   */
  BARRIER: 10,
  /** How long it is under way is noted: source node in the slot, when it left in the timestamp word. */
  LATENCY: 11,
} as const;
export const FIRST_DATA_TYPE = 16;
