import type { View, ViewPartitionBy } from '../model/view.js';
import type { BuildContext } from './build.js';
import type { Complain } from './checks.js';
import type { ViewInput } from './view-schema.js';

const EVERY = 15 * 60_000;
const FULL_EVERY = 24 * 3_600_000;

/** What a view's keys must have in common. `pipelines` are all configured ones. */
export function checkView(name: string, view: ViewInput, pipelines: readonly string[], complain: Complain): void {
  if (pipelines.includes(name))
    complain([], `"${name}" is the name of a pipeline: both would be the table that readers read by that name`);
  if (view.every !== undefined && view.cron !== undefined)
    complain(['cron'], 'every and cron are both given; keep one');
}

function buildPartitionBy(input: NonNullable<ViewInput['partition_by']>): ViewPartitionBy {
  const given = typeof input === 'string' ? { column: input, full_every: FULL_EVERY } : input;
  const { column, from, lookback, full_every: fullEvery } = { from: undefined, lookback: undefined, ...given };
  return { column, from: from ?? `"${column.replaceAll('"', '""')}"`, fullEvery, lookback: lookback ?? null };
}

/** One view of the project; undefined when its file could not be read. */
export async function buildView(name: string, input: ViewInput, context: BuildContext): Promise<View | undefined> {
  const sql = await context.readSql(input.sql, ['views', name, 'sql']);
  if (sql === undefined) return undefined;
  return {
    name,
    description: input.description?.trim() ?? null,
    sql,
    schedule: input.cron === undefined ? { every: input.every ?? EVERY } : { cron: input.cron.trim() },
    ...(input.partition_by !== undefined && { partitionBy: buildPartitionBy(input.partition_by) }),
  };
}
