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
 *            f64 [3] idle ms, [4] back-pressured ms, [5] records in, [6] watermark, [7] unused
 */
export const ACTIVITY = { starting: 0, running: 1, waiting: 2, finished: 3 } as const;

const BLOCK_WORDS = 16;
const BLOCK_NUMBERS = 8;
const BELL = 0;
const SLEEPING = 1;
const HEARTBEAT = 2;
const ACTIVITY_WORD = 3;
const MAIL = 4;
const IDLE_MS = 3;
const BACK_PRESSURED_MS = 4;
const RECORDS_IN = 5;
const WATERMARK = 6;

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

  addIdleMs(block: number, ms: number): void {
    this.numbers[block * BLOCK_NUMBERS + IDLE_MS] += ms;
  }

  addBackPressuredMs(block: number, ms: number): void {
    this.numbers[block * BLOCK_NUMBERS + BACK_PRESSURED_MS] += ms;
  }

  setProgress(block: number, recordsIn: number, watermarkMs: number): void {
    this.numbers[block * BLOCK_NUMBERS + RECORDS_IN] = recordsIn;
    this.numbers[block * BLOCK_NUMBERS + WATERMARK] = watermarkMs;
  }

  /** Plain reads of another thread's numbers: each is whole, together they may be of different moments. */
  numbersOf(block: number): { idleMs: number; backPressuredMs: number; recordsIn: number; watermarkMs: number } {
    const at = block * BLOCK_NUMBERS;
    return {
      idleMs: this.numbers[at + IDLE_MS],
      backPressuredMs: this.numbers[at + BACK_PRESSURED_MS],
      recordsIn: this.numbers[at + RECORDS_IN],
      watermarkMs: this.numbers[at + WATERMARK],
    };
  }
}
