import type { Column } from '../../model/column.js';
import type { MergeWindow } from '../../model/project.js';
import type { SqlDialect, SqlSession } from '../contract.js';

/**
 * What tells closed windows from open ones where batch and stream rows are served together. A window is open for a pipeline when an event that landed after
 * the cut of its batch side touched it. Every micro-batch notes the windows that its events touch, in its own transaction; a cycle notes up to which of them
 * the rows that it publishes reflect the events. Nobody writes what the other one writes, so that neither waits for the other, and every snapshot has rows and
 * notes of one moment. Moments are those of micro-batches, in microseconds; 0: nothing has landed.
 */

/** How windows are told; under another definition nothing is known of them. */
export function definitionOf({ column, from }: MergeWindow): string {
  return JSON.stringify({ column, from });
}

/** The moment of the newest micro-batch, as SQL: what was only claimed has none. */
const NEWEST = `(SELECT coalesce(CAST(extract(epoch FROM max(updated_at)) * 1000000 AS BIGINT), 0) FROM cutover.offsets WHERE position <> '')`;

/** What the served view of a pipeline that merges may read besides the sides, in the schema `cutover` where the store has no other one for that. */
export const READ_BY_SERVED: readonly string[] = ['offsets', 'merge_windows', 'merge_published', 'merge_tracking'];

/** The moment of the newest micro-batch that landed events. */
export async function newestTracked(session: SqlSession): Promise<number> {
  const [row] = await session.query(`SELECT ${NEWEST} AS us`);
  return Number(row?.['us'] ?? 0);
}

export interface MergeTracking {
  readonly definition: string;
  /** Windows that were touched at or before it may be missing. */
  readonly since: number;
  /** The newest micro-batch whose windows are noted. */
  readonly tracked: number;
}

export async function loadTracking(session: SqlSession, dialect: SqlDialect): Promise<Map<string, MergeTracking>> {
  const rows = await session.query(
    `SELECT pipeline, definition, since, tracked FROM ${dialect.serving('merge_tracking')}`,
  );
  return new Map(
    rows.map((row) => [
      String(row['pipeline']),
      {
        definition: String(row['definition']),
        since: Number(row['since']),
        tracked: Number(row['tracked']),
      },
    ]),
  );
}

export async function saveTracking(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: string,
  { definition, since, tracked }: MergeTracking,
): Promise<void> {
  await session.run(
    `INSERT INTO ${dialect.serving('merge_tracking')} (pipeline, definition, since, tracked) VALUES ($1, $2, $3, $4)
     ON CONFLICT (pipeline) DO UPDATE SET definition = excluded.definition, since = excluded.since, tracked = excluded.tracked`,
    [pipeline, definition, since, tracked],
  );
}

export async function forgetWindows(session: SqlSession, dialect: SqlDialect, pipeline: string): Promise<void> {
  await session.run(`DELETE FROM ${dialect.serving('merge_windows')} WHERE pipeline = $1`, [pipeline]);
}

/**
 * Notes windows as touched at a moment, and forgets those that have closed since.
 *
 * @param touched a relation with the distinct windows as canonical texts in `value`
 */
export async function touchWindows(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: string,
  touched: string,
  at: number,
): Promise<void> {
  const windows = dialect.serving('merge_windows');
  await session.run(
    `UPDATE ${windows} SET touched = $2 WHERE pipeline = $1 AND (value IN (SELECT n.value FROM ${touched} AS n WHERE n.value IS NOT NULL)
       OR (value IS NULL AND EXISTS (SELECT 1 FROM ${touched} AS n WHERE n.value IS NULL)))`,
    [pipeline, at],
  );
  await session.run(
    `INSERT INTO ${windows} (pipeline, value, touched) SELECT CAST($1 AS VARCHAR), n.value, CAST($2 AS BIGINT) FROM ${touched} AS n
     WHERE NOT EXISTS (SELECT 1 FROM ${windows} AS w WHERE w.pipeline = $1 AND w.touched = $2 AND w.value IS NOT DISTINCT FROM n.value)`,
    [pipeline, at],
  );
  await session.run(
    `DELETE FROM ${windows} WHERE pipeline = $1 AND touched <= (SELECT p.through FROM ${dialect.serving('merge_published')} AS p WHERE p.pipeline = $1)`,
    [pipeline],
  );
}

/** A query for windows (canonical texts in `value` of a relation) that no event was noted to have touched after a moment. */
export function notTouched(dialect: SqlDialect, pipeline: string, windows: string, since: number): string {
  return (
    `SELECT c.value FROM ${windows} AS c WHERE NOT EXISTS (SELECT 1 FROM ${dialect.serving('merge_windows')} AS t ` +
    `WHERE t.pipeline = ${dialect.literal(pipeline)} AND t.touched > ${since} AND t.value IS NOT DISTINCT FROM c.value)`
  );
}

/** In the transaction that publishes: the batch side reflects every event up to this moment. */
export async function saveThrough(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: string,
  through: number,
): Promise<void> {
  await session.run(
    `INSERT INTO ${dialect.serving('merge_published')} (pipeline, through) VALUES ($1, $2)
     ON CONFLICT (pipeline) DO UPDATE SET through = excluded.through`,
    [pipeline, through],
  );
}

/** Null: no batch result is known. */
export async function loadThrough(session: SqlSession, dialect: SqlDialect, pipeline: string): Promise<number | null> {
  const [row] = await session.query(`SELECT through FROM ${dialect.serving('merge_published')} WHERE pipeline = $1`, [
    pipeline,
  ]);
  return row === undefined ? null : Number(row['through']);
}

export interface MergedPipeline {
  readonly pipeline: string;
  readonly definition: string;
  /** Other processes may land events, and not note their windows. */
  readonly shared: boolean;
}

/** Whether single windows can be told, as SQL: all events since the batch side's cut were noted by this definition. Where not, every window is open. */
function toldSql(dialect: SqlDialect, { pipeline, definition, shared }: MergedPipeline): string {
  const complete = shared ? ` AND m.tracked = ${NEWEST}` : '';
  return (
    `(SELECT count(*) FROM ${dialect.serving('merge_tracking')} AS m JOIN ${dialect.serving('merge_published')} AS p ON p.pipeline = m.pipeline ` +
    `WHERE m.pipeline = ${dialect.literal(pipeline)} AND m.definition = ${dialect.literal(definition)} AND p.through >= m.since${complete}) > 0`
  );
}

function openRows(dialect: SqlDialect, { pipeline }: MergedPipeline, columns: string, and: string): string {
  const name = dialect.literal(pipeline);
  return (
    `SELECT ${columns} FROM ${dialect.serving('merge_windows')} AS t WHERE t.pipeline = ${name}${and} ` +
    `AND t.touched > (SELECT p.through FROM ${dialect.serving('merge_published')} AS p WHERE p.pipeline = ${name})`
  );
}

/** Whether the window of a row is open, as SQL that is never NULL; `column` names the window in the statement's table. */
export function windowIsOpen(dialect: SqlDialect, merged: MergedPipeline, column: Column): string {
  const window = dialect.quote(column.name);
  // Texts of times of day in UTC say so nowhere.
  const text = column.family === 'timestamptz' ? `t.value || '+00'` : 't.value';
  const given = openRows(dialect, merged, `CAST(${text} AS ${column.type})`, ' AND t.value IS NOT NULL');
  const without = openRows(dialect, merged, '1', ' AND t.value IS NULL');
  return `(NOT ${toldSql(dialect, merged)} OR CASE WHEN ${window} IS NULL THEN EXISTS (${without}) ELSE ${window} IN (${given}) END)`;
}

/** The open windows as canonical texts; null: all are. */
export async function loadOpenWindows(
  session: SqlSession,
  dialect: SqlDialect,
  merged: MergedPipeline,
): Promise<string[] | null> {
  const rows = await session.query(
    `SELECT ${toldSql(dialect, merged)} AS told, CAST(NULL AS VARCHAR) AS value UNION ALL ${openRows(dialect, merged, 'true, t.value', ' AND t.value IS NOT NULL')}`,
  );
  if (rows.some((row) => row['told'] !== true)) return null;
  return rows.flatMap((row) => (typeof row['value'] === 'string' ? [row['value']] : [])).sort();
}
