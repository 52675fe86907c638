import type { JobPage, TaskTimes, VertexPage } from '../../contract/job-page.ts';
import {
  ASYNC_FAMILIES,
  CLUSTER_FAMILIES,
  JOB_FAMILIES,
  LATENCY_FAMILIES,
  OPERATOR_FAMILIES,
  TASK_FAMILIES,
  type Family,
} from './prometheus-families.ts';

/** Prometheus' text format 0.0.4, with the names and labels that Flink's own reporter gives. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Value = number | boolean | null;
type Sample = readonly [labels: Labels, value: number];

/** Samples by family, in the order in which families came first: a family's lines must stand together. */
class Exposition {
  private readonly families = new Map<string, { readonly family: Family; readonly samples: Sample[] }>();

  /** Values without a family are left out, and so are those that there are none of. */
  add(
    prefix: string,
    families: Readonly<Record<string, Family>>,
    labels: Labels,
    values: Readonly<Record<string, unknown>>,
  ): void {
    for (const [name, family] of Object.entries(families)) {
      const value = values[name] as Value | undefined;
      if (value === null || value === undefined) continue;
      const known = this.families.get(prefix + name) ?? { family, samples: [] };
      this.families.set(prefix + name, known);
      known.samples.push([labels, Number(value)]);
    }
  }

  get text(): string {
    return [...this.families].map(([name, { family, samples }]) => familyText(name, family, samples)).join('');
  }
}

export function prometheusText(pages: readonly JobPage[]): string {
  const exposition = new Exposition();
  const numRunningJobs = pages.filter(({ state }) => state === 'running').length;
  exposition.add('flink_jobmanager_', CLUSTER_FAMILIES, {}, { numRunningJobs });
  for (const page of pages) {
    const job = { job_name: page.job };
    exposition.add('flink_jobmanager_job_', JOB_FAMILIES, job, {
      ...page.checkpoints,
      uptime: page.uptimeMs,
      runningTime: page.uptimeMs,
      numRestarts: page.numRestarts,
      fullRestarts: page.numRestarts,
      parallelism: page.parallelism,
      maxParallelism: page.maxParallelism,
      numberOfRescales: page.rescales.length,
      numberOfWarnings: page.warnings.length,
    });
    for (const { from, to, input, side, numRecords } of page.edges) {
      const labels = { ...job, from_task_id: from, to_task_id: to, input: String(input), side_output: side ?? '' };
      exposition.add('flink_jobmanager_job_', JOB_FAMILIES, labels, { edge_numRecords: numRecords });
    }
    for (const vertex of page.vertices) addVertex(exposition, page, vertex);
  }
  return exposition.text;
}

function addVertex(exposition: Exposition, { job, keyGroups }: JobPage, vertex: VertexPage): void {
  const task = { job_name: job, task_name: vertex.name, task_id: vertex.id };
  const add = (families: Readonly<Record<string, Family>>, labels: Labels, values: object): void =>
    exposition.add('flink_taskmanager_job_task_', families, { ...task, ...labels }, values as Record<string, unknown>);
  for (const { index, numbers, times, thread, backPressureLevel } of vertex.subtasks) {
    const isBackPressured = times === null ? null : backPressureLevel !== 'ok';
    add(
      TASK_FAMILIES,
      { subtask_index: String(index) },
      { ...numbers, ...times, ...pressureOf(times), ...thread, isBackPressured },
    );
  }
  const load = keyGroups.find(({ vertex: id }) => id === vertex.id);
  if (load !== undefined) {
    add(TASK_FAMILIES, {}, { keyGroupSkew: load.skew });
    for (const [keyGroup, keyGroupRecords] of load.records.entries())
      add(TASK_FAMILIES, { key_group: String(keyGroup) }, { keyGroupRecords, keyGroupKeys: load.keys[keyGroup] });
  }
  for (const { uid, name, subtasks, latency } of vertex.operators) {
    for (const { source, p50Ms, p95Ms, p99Ms } of latency) {
      const labels = { ...task, operator_name: name, operator_id: uid, source_id: source };
      for (const [quantile, ms] of Object.entries({ '0.5': p50Ms, '0.95': p95Ms, '0.99': p99Ms }))
        exposition.add(
          'flink_taskmanager_job_task_operator_',
          LATENCY_FAMILIES,
          { ...labels, quantile },
          { latency: ms },
        );
    }
    for (const [index, numbers] of subtasks.entries()) {
      const labels = { ...task, operator_name: name, operator_id: uid, subtask_index: String(index) };
      exposition.add('flink_taskmanager_job_task_operator_', OPERATOR_FAMILIES, labels, { ...numbers });
      exposition.add('flink_taskmanager_job_task_operator_async_', ASYNC_FAMILIES, labels, { ...numbers.async });
    }
  }
}

/** A thread waits for room inside of the record that needs it. */
function pressureOf(times: TaskTimes | null): Readonly<Record<string, number>> {
  if (times === null) return {};
  return {
    softBackPressuredTimeMsPerSecond: 0,
    hardBackPressuredTimeMsPerSecond: times.backPressuredTimeMsPerSecond,
  };
}

function familyText(name: string, { type, help }: Family, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  const escaped = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
