import type { ThreadId } from './exchange/physical-plan.ts';

/**
 * What the threads of a job tell each other without messages. One block of 64 bytes per thread, after one for the job:
 *
 *   job      i32 [0] aborted
 *   thread   i32 [0] bell       rises when somebody wants the thread's attention; it sleeps on it
 *            i32 [1] sleeping   1 while it sleeps or is about to
 *            i32 [2] heartbeat  rises while the thread is alive
 *            i32 [3] activity   what it is doing now (ACTIVITY)
 *            i32 [4] mail       rises with every message sent to it
 *            i32 [5] wait       what it waits for now (WAIT) in the low two bits, above them how often that changed
 *            f64 [3] idle ms, [4] back-pressured ms, [5] records in, [6] watermark
 *            f64 [7] since      monotonic ms at which the wait began; the clock is the same in all threads of a process
 */
export const ACTIVITY = { starting: 0, running: 1, waiting: 2, finished: 3 } as const;

/** `changing`: its numbers are being written, and are not to be read. */
export const WAIT = { none: 0, idle: 1, backPressured: 2, changing: 3 } as const;
export type WaitKind = typeof WAIT.idle | typeof WAIT.backPressured;

const BLOCK_WORDS = 16;
const BLOCK_NUMBERS = 8;
const BELL = 0;
const SLEEPING = 1;
const HEARTBEAT = 2;
const ACTIVITY_WORD = 3;
const MAIL = 4;
const WAITING = 5;
const WAIT_BITS = 2;
/** A writer that was stopped in the middle of three stores must not hold its reader up. */
const READS_MAX = 1000;
const IDLE_MS = 3;
const BACK_PRESSURED_MS = 4;
const RECORDS_IN = 5;
const WATERMARK = 6;
const SINCE = 7;

/** Room for as many tasks as a job can ever have: their number may change while it runs. */
export const TASKS_MAX = 32;
const SOURCE_BLOCK = 1;
const COORDINATOR_BLOCK = 2;
const ASYNC_BLOCK = 3;
const FIRST_TASK_BLOCK = 4;

export function createControlMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_TASK_BLOCK + TASKS_MAX) * BLOCK_WORDS * 4);
}

export class ThreadControl {
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.numbers = new Float64Array(memory);
  }

  get isAborted(): boolean {
    return Atomics.load(this.words, 0) !== 0;
  }

  /** Every thread stops as soon as it looks; those that sleep are woken. */
  abort(): void {
    Atomics.store(this.words, 0, 1);
    for (let block = SOURCE_BLOCK; block < FIRST_TASK_BLOCK + TASKS_MAX; block += 1) this.ring(block);
  }

  block(thread: ThreadId | 'async'): number {
    if (thread === 'source') return SOURCE_BLOCK;
    if (thread === 'async') return ASYNC_BLOCK;
    return thread === 'coordinator' ? COORDINATOR_BLOCK : FIRST_TASK_BLOCK + thread;
  }

  /** Wakes a worker thread if it sleeps. @returns whether it slept */
  wake(block: number): boolean {
    const sleeping = block * BLOCK_WORDS + SLEEPING;
    if (Atomics.load(this.words, sleeping) === 0) return false;
    if (Atomics.exchange(this.words, sleeping, 0) === 0) return false;
    this.ring(block);
    return true;
  }

  private ring(block: number): void {
    Atomics.add(this.words, block * BLOCK_WORDS + BELL, 1);
    Atomics.notify(this.words, block * BLOCK_WORDS + BELL);
  }

  /**
   * To sleep without missing anything: `prepareSleep`, look once more for work, then `sleep` with what it returned; a
   * wake in between makes `sleep` return at once. Call `awake` when there was work after all.
   */
  prepareSleep(block: number): number {
    const bell = Atomics.load(this.words, block * BLOCK_WORDS + BELL);
    Atomics.store(this.words, block * BLOCK_WORDS + SLEEPING, 1);
    return bell;
  }

  sleep(block: number, bell: number, timeoutMs: number): void {
    Atomics.wait(this.words, block * BLOCK_WORDS + BELL, bell, timeoutMs);
    this.awake(block);
  }

  awake(block: number): void {
    Atomics.store(this.words, block * BLOCK_WORDS + SLEEPING, 0);
  }

  beat(block: number): void {
    this.words[block * BLOCK_WORDS + HEARTBEAT] += 1;
  }

  heartbeat(block: number): number {
    return Atomics.load(this.words, block * BLOCK_WORDS + HEARTBEAT);
  }

  setActivity(block: number, activity: number): void {
    Atomics.store(this.words, block * BLOCK_WORDS + ACTIVITY_WORD, activity);
  }

  activity(block: number): number {
    return Atomics.load(this.words, block * BLOCK_WORDS + ACTIVITY_WORD);
  }

  announceMail(block: number): void {
    Atomics.add(this.words, block * BLOCK_WORDS + MAIL, 1);
    this.wake(block);
  }

  mailCount(block: number): number {
    return Atomics.load(this.words, block * BLOCK_WORDS + MAIL);
  }

  /** This thread waits from now on, and for nothing else it waited for. Once per sleep, never per record. */
  beginWait(block: number, kind: WaitKind, nowMs: number): void {
    this.endWait(block, nowMs);
    this.setWait(block, WAIT.changing);
    this.numbers[block * BLOCK_NUMBERS + SINCE] = nowMs;
    this.setWait(block, kind);
  }

  endWait(block: number, nowMs: number): void {
    const at = block * BLOCK_NUMBERS;
    const kind = Atomics.load(this.words, block * BLOCK_WORDS + WAITING) & WAIT.changing;
    if (kind === WAIT.none) return;
    this.setWait(block, WAIT.changing);
    this.numbers[at + (kind === WAIT.idle ? IDLE_MS : BACK_PRESSURED_MS)] += nowMs - this.numbers[at + SINCE];
    this.setWait(block, WAIT.none);
  }

  private setWait(block: number, kind: number): void {
    const word = block * BLOCK_WORDS + WAITING;
    const changes = (Atomics.load(this.words, word) >>> WAIT_BITS) + 1;
    Atomics.store(this.words, word, (changes << WAIT_BITS) | kind);
  }

  /** A thread begins anew under this block's number. */
  forget(block: number): void {
    this.words.fill(0, block * BLOCK_WORDS, block * BLOCK_WORDS + WAITING + 1);
    this.numbers.fill(0, block * BLOCK_NUMBERS + IDLE_MS, block * BLOCK_NUMBERS + SINCE + 1);
  }

  setProgress(block: number, recordsIn: number, watermarkMs: number): void {
    this.numbers[block * BLOCK_NUMBERS + RECORDS_IN] = recordsIn;
    this.numbers[block * BLOCK_NUMBERS + WATERMARK] = watermarkMs;
  }

  /**
   * How long another thread has waited so far, with the wait it is in.
   * @param nowMs monotonic ms
   */
  waitsOf(block: number, nowMs: number): { readonly idleMs: number; readonly backPressuredMs: number } {
    const at = block * BLOCK_NUMBERS;
    const word = block * BLOCK_WORDS + WAITING;
    let idleMs = 0;
    let backPressuredMs = 0;
    for (let read = 0; read < READS_MAX; read += 1) {
      const before = Atomics.load(this.words, word);
      const kind = before & WAIT.changing;
      if (kind === WAIT.changing) continue;
      const openMs = kind === WAIT.none ? 0 : Math.max(0, nowMs - this.numbers[at + SINCE]);
      idleMs = this.numbers[at + IDLE_MS] + (kind === WAIT.idle ? openMs : 0);
      backPressuredMs = this.numbers[at + BACK_PRESSURED_MS] + (kind === WAIT.backPressured ? openMs : 0);
      if (Atomics.load(this.words, word) === before) break;
    }
    return { idleMs, backPressuredMs };
  }

  /** Plain reads of another thread's numbers: each is whole, together they may be of different moments. */
  progressOf(block: number): { readonly recordsIn: number; readonly watermarkMs: number } {
    const at = block * BLOCK_NUMBERS;
    return { recordsIn: this.numbers[at + RECORDS_IN], watermarkMs: this.numbers[at + WATERMARK] };
  }
}
