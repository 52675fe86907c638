import type { StreamExecutionEnvironment } from './environment.ts';

/**
 * A job as a module exports it. Functions cannot cross threads, so every thread imports the job and builds it anew from
 * the same parameters: `build` must describe the same job each time, and must not start anything.
 */
export interface JobDefinition<P = unknown> {
  build(environment: StreamExecutionEnvironment, parameters: P): void;
}

/**
 *   export const wordCount = defineJob<{ path: string }>((env, { path }) => {
 *     env.fromSource(...).keyBy('word').process(new Count()).sinkTo(externalSink('counts'));
 *   });
 *
 * @param build receives parameters that are plain data
 */
export function defineJob<P = unknown>(
  build: (environment: StreamExecutionEnvironment, parameters: P) => void,
): JobDefinition<P> {
  return { build };
}
