import type { JobMetrics } from '../../runtime/metrics/job-metrics.ts';

/** Prometheus' text format 0.0.4, with the names that Flink's own reporter gives. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | boolean | null];

/** @param jobs by id */
export function prometheusText(jobs: Readonly<Record<string, JobMetrics>>): string {
  const samples = new Map<string, Sample[]>();
  const add = (name: string, labels: Labels, value: Sample[1]): void => {
    samples.set(name, [...(samples.get(name) ?? []), [labels, value]]);
  };
  for (const [job, { parallelism, maxParallelism, numberOfRescales, tasks, checkpoints }] of Object.entries(jobs)) {
    const ofJob = { parallelism, maxParallelism, numberOfRescales, ...checkpoints };
    for (const [name, value] of Object.entries(ofJob)) add(`flink_jobmanager_job_${name}`, { job_name: job }, value);
    for (const { task, subtaskIndex, ...ofTask } of tasks) {
      const labels = { job_name: job, task_name: task, subtask_index: String(subtaskIndex ?? 0) };
      for (const [name, value] of Object.entries(ofTask)) add(`flink_taskmanager_job_task_${name}`, labels, value);
    }
  }
  return [...samples].map(([name, rows]) => familyOf(name, rows)).join('');
}

function familyOf(name: string, rows: readonly Sample[]): string {
  const known = rows.filter(([, value]) => value !== null);
  if (known.length === 0) return '';
  const lines = known.map(([labels, value]) => `${name}{${labelText(labels)}} ${Number(value)}\n`);
  return `# TYPE ${name} gauge\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  const escaped = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}
