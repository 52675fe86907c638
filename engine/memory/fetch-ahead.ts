/**
 * Loops that read memory ahead of its use, so that the processor waits for many lines at once, leave the sum of what they read
 * here: a read whose outcome nobody uses would be optimized away.
 */
export const FETCHED = new Int32Array(1);
