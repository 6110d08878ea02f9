import type { Column } from '../../model/column.js';
import type { SqlDialect, SqlSession } from '../../store/contract.js';

/** The temporary table of the rows that a refresh computed, and that of the texts of rows that stand more or less often than before. */
export const VIEW_RESULT = 'cutover_view_result';
const CHANGED = 'cutover_view_changed';

export interface Written {
  /** Rows that were added or taken away. */
  readonly changed: number;
  /** Those of them outside of the partitions `enough`. */
  readonly corrected: number;
}

/**
 * In a transaction: makes the rows of a view's table those of `cutover_view_result`, touching only rows that differ. A view has no key: rows are told by all their values,
 * by their canonical texts, and may stand more than once.
 *
 * @param table as SQL; it has the columns of the result
 * @param scope a predicate that is never NULL: rows for which it is not true are left alone. null: all rows
 * @param enough a predicate that is never NULL: changes outside of it are counted
 */
export async function writeRows(
  dialect: SqlDialect,
  session: SqlSession,
  table: string,
  columns: readonly Column[],
  scope: string | null,
  enough: string | null,
): Promise<Written> {
  const row = rowText(dialect, columns);
  const names = columns.map(({ name }) => dialect.quote(name)).join(', ');
  const result = dialect.quote(VIEW_RESULT);
  const present = scope === null ? table : `(SELECT * FROM ${table} WHERE ${scope})`;
  const differing = await session.materialize(
    CHANGED,
    `SELECT cutover_row FROM (
       SELECT ${row} AS cutover_row, 1 AS cutover_n FROM ${result} AS cutover_new
       UNION ALL SELECT ${row}, -1 FROM ${present} AS cutover_old
     ) AS cutover_both GROUP BY cutover_row HAVING sum(cutover_n) <> 0`,
  );
  if (differing === 0) return { changed: 0, corrected: 0 };
  const changed = `${row} IN (SELECT cutover_row FROM ${dialect.quote(CHANGED)})`;
  const corrected = enough === null ? 0 : await countOutside(session, [table, result], enough, changed);
  const removed = await session.run(`DELETE FROM ${table} WHERE ${scope === null ? '' : `${scope} AND `}${changed}`);
  const added = await session.run(
    `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${result} AS cutover_new WHERE ${changed}`,
  );
  await session.forget(CHANGED);
  return { changed: removed + added, corrected };
}

async function countOutside(
  session: SqlSession,
  relations: readonly string[],
  enough: string,
  changed: string,
): Promise<number> {
  let count = 0;
  for (const relation of relations) {
    const [row] = await session.query(
      `SELECT count(*) AS n FROM ${relation} AS cutover_one WHERE NOT ${enough} AND ${changed}`,
    );
    count += Number(row?.['n']);
  }
  return count;
}

/** A text that only equal rows share: each value as a netstring, or a sign that no netstring begins with for NULL. */
function rowText(dialect: SqlDialect, columns: readonly Column[]): string {
  const values = columns.map(
    (column) => `coalesce(${dialect.canonicalKey([dialect.canonicalText(dialect.quote(column.name), column)])}, '-')`,
  );
  return `(${values.join(' || ')})`;
}
