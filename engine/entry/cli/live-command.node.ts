import type { LiveCommand } from './live-arguments.ts';

export async function runLive(_command: LiveCommand): Promise<void> {
  await Promise.resolve();
}
