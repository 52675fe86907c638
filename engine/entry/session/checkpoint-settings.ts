export interface CheckpointSettings {
  /** From one checkpoint to the next. */
  readonly intervalMs: number;
  /** Complete checkpoints kept. */
  readonly retained: number;
  /** One that takes longer is given up. */
  readonly timeoutMs: number;
}

/** Two are kept, so that a newest one that is damaged has one before it. */
export const CHECKPOINT_SETTINGS_DEFAULT: CheckpointSettings = { intervalMs: 1000, retained: 2, timeoutMs: 600_000 };
