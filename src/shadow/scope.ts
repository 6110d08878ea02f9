import { discrepancyCount, type Comparison, type Scope } from '../model/comparison.js';
import { equalVectors, type OffsetVector } from '../model/offset-vector.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import type { BatchResultRecord } from '../store/state/jobs.js';
import type { ShadowEnvironment } from './environment.js';
import { RESULT } from './tables.js';

/** More partitions than this are not worth listing: everything is computed instead. */
const MAX_PARTITIONS = 1000;

/** A partial comparison relies on the stored discrepancies being complete; no more than this many are stored. */
const MAX_OPEN = 10_000;

/**
 * The partitions that events since the last cut touched, as SQL literals; undefined when everything has to be compared: no `partition_by`, other
 * code or rules, a full run is due, nothing landed, an event without a partition value, or too many partitions.
 *
 * @param rules hash of the rules that are deployed now
 */
export async function touchedPartitions(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  cut: OffsetVector,
  prior: BatchResultRecord | null,
  previous: Comparison | null,
  rules: string,
): Promise<readonly string[] | undefined> {
  const by = pipeline.batch.partitionBy;
  if (by === undefined || prior === null || previous === null) return undefined;
  if (env.clock.now().getTime() - prior.fullAt.getTime() >= by.fullEvery) return undefined;
  if (previous.verdict === 'error' || discrepancyCount(previous) > MAX_OPEN) return undefined;
  // What is not compared now was judged by the rules and limits of then. And when nothing arrived, it is those that changed.
  if (previous.evidence.rules !== rules || endedSince(pipeline, previous, env.clock.now())) return undefined;
  if (equalVectors(prior.cut, cut)) return undefined;
  const landed = await partitionsLanded(env, session, by.from, rangesBetween(prior.cut, cut));
  // No event landed, only quarantined ones did: there would be nothing to compare.
  if (landed === null || landed.nulls || landed.values.length === 0) return undefined;
  return landed.values;
}

/** Events of one partition of the log: `from` inclusive, `to` exclusive. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** What came in between two cuts. */
export function rangesBetween(before: OffsetVector, after: OffsetVector): OffsetRange[] {
  return [...after]
    .map(([partition, to]) => ({ partition, from: before.get(partition) ?? 0, to }))
    .filter(({ from, to }) => from < to);
}

/** The values, as SQL literals, of an expression over the events that landed in these ranges, and whether it is NULL for some; null: too many to be listed. */
export async function partitionsLanded(
  env: ShadowEnvironment,
  session: SqlSession,
  expression: string,
  ranges: readonly OffsetRange[],
): Promise<{ readonly values: readonly string[]; readonly nulls: boolean } | null> {
  if (ranges.length === 0) return { values: [], nulls: false };
  const { dialect } = env.store;
  const within = ranges.map(
    ({ partition, from, to }) => `(_partition = ${partition} AND _offset >= ${from} AND _offset < ${to})`,
  );
  const values = `(SELECT DISTINCT ${expression} AS cutover_value FROM cutover.landing WHERE ${within.join(' OR ')})`;
  const [column] = await dialect.columns(session, values);
  if (column === undefined) return null;
  const rows = await session.query(
    `SELECT ${dialect.canonicalText('cutover_value', column)} AS value FROM ${values} AS cutover_values ORDER BY 1 NULLS FIRST LIMIT ${MAX_PARTITIONS + 1}`,
  );
  if (rows.length > MAX_PARTITIONS) return null;
  return {
    values: rows.flatMap(({ value }) =>
      value === null ? [] : [`CAST(${dialect.literal(String(value))} AS ${column.type})`],
    ),
    nulls: rows.some(({ value }) => value === null),
  };
}

/**
 * Whether one of the partitions has no row in the batch job's result. Its events may all be filtered out, or its rows gone; or else `from` names other
 * values than the column holds, and then what its events did change would be neither computed nor compared: everything has to be.
 */
export async function lacksPartition(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  partitions: readonly string[],
): Promise<boolean> {
  const column = env.store.dialect.quote(pipeline.batch.partitionBy?.column ?? '');
  const [row] = await session.query(`SELECT count(DISTINCT ${column}) AS n FROM ${env.store.dialect.stored(RESULT)}`);
  return Number(row?.['n']) < partitions.length;
}

/** Which open discrepancies a partial comparison may close: those whose key names one of the compared partitions. */
export async function resolvableBy(
  session: SqlSession,
  pipeline: Pipeline,
  partitions: readonly string[] | undefined,
): Promise<(key: Readonly<Record<string, unknown>>) => boolean> {
  const by = pipeline.batch.partitionBy;
  if (by === undefined || partitions === undefined) return () => true;
  if (!pipeline.key.includes(by.column) || partitions.length === 0) return () => false;
  const rows = await session.query(
    `SELECT CAST(v AS VARCHAR) AS value FROM (VALUES ${partitions.map((value) => `(${value})`).join(', ')}) t(v)`,
  );
  const compared = new Set(rows.map((row) => String(row['value'])));
  return (key) => compared.has(String(key[by.column]));
}

/** Whether a rule's last day was at or after the previous comparison, and lies before today. */
function endedSince(pipeline: Pipeline, previous: Comparison, now: Date): boolean {
  const then = previous.started_at.slice(0, 10);
  const today = now.toISOString().slice(0, 10);
  return Object.values(pipeline.compare.columns).some(
    ({ until }) => until !== undefined && until >= then && until < today,
  );
}

/** What a comparison of these partitions covered; undefined: everything. */
export function scopeOf(pipeline: Pipeline, partitions: readonly string[] | undefined): Scope {
  const by = pipeline.batch.partitionBy;
  return by === undefined || partitions === undefined
    ? { full: true }
    : { full: false, partition_column: by.column, partitions: partitions.length };
}
