import type { Column } from '../model/column.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/** The rows that differ, by where they stand in the result and in the table. */
const CHANGED = 'cutover_changed';

export interface PublishTarget {
  /** The batch side's table, as SQL. */
  readonly table: string;
  readonly result: string;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  /** A predicate over the table's rows: the others are left alone. */
  readonly scope: string | undefined;
}

/**
 * Makes the table equal to the result by one join on the key, and then touches the differing rows by their addresses: grouping all rows of both by key costs
 * PostgreSQL twice as much. Only for keys that are whole and single on both sides; that they are follows from the numbers of rows that the join gives.
 *
 * @returns the number of changed keys; null: there are NULL or duplicate keys, and nothing was done
 */
export async function publishByAddress(
  session: SqlSession,
  dialect: SqlDialect,
  address: string,
  { table, result, columns, key, scope }: PublishTarget,
): Promise<number | null> {
  const quoted = columns.map(({ name }) => dialect.quote(name));
  const keyColumns = columns.filter(({ name }) => key.includes(name));
  const within = scope === undefined ? '' : ` WHERE ${scope}`;
  const rowsOf = async (relation: string): Promise<{ rows: number; nulls: number }> => {
    const anyNull = keyColumns.map(({ name }) => `${dialect.quote(name)} IS NULL`).join(' OR ');
    const [row] = await session.query(
      `SELECT count(*) AS n, count(*) FILTER (WHERE ${anyNull}) AS nulls FROM ${relation}`,
    );
    return { rows: Number(row?.['n']), nulls: Number(row?.['nulls']) };
  };
  const wanted = await rowsOf(result);
  const present = await rowsOf(`${table}${within}`);
  if (wanted.nulls > 0 || present.nulls > 0) return null;

  // Some structs have no equality of their own.
  const value = (side: string, column: Column): string => {
    const plain = `${side}.${dialect.quote(column.name)}`;
    return column.family === 'struct'
      ? dialect.canonicalText(plain, column)
      : dialect.comparable(plain, column, column);
  };
  const both =
    (operator: string) =>
    (column: Column): string =>
      `${value('r', column)} ${operator} ${value('t', column)}`;
  const values = columns.filter((column) => !keyColumns.includes(column));
  const same = ['r.r_at IS NOT NULL', 't.t_at IS NOT NULL', ...values.map(both('IS NOT DISTINCT FROM'))].join(' AND ');
  const addressed = (relation: string, name: string): string =>
    `(SELECT ${address} AS ${name}, ${quoted.join(', ')} FROM ${relation})`;
  const pairs = `SELECT ${same} AS same, r.r_at, t.t_at FROM ${addressed(result, 'r_at')} r
    FULL OUTER JOIN ${addressed(`${table}${within}`, 't_at')} t ON ${keyColumns.map(both('=')).join(' AND ')}`;
  await session.materialize(
    CHANGED,
    `SELECT same, CASE WHEN NOT same THEN r_at END AS r_at, CASE WHEN NOT same THEN t_at END AS t_at, count(*) AS n
     FROM (${dialect.once(pairs)}) compared GROUP BY 1, 2, 3`,
  );
  const [found] = await session.query(
    `SELECT coalesce(sum(n) FILTER (WHERE same), 0) AS same, count(*) FILTER (WHERE NOT same) AS changed,
       count(*) FILTER (WHERE NOT same AND t_at IS NULL) AS added, count(*) FILTER (WHERE NOT same AND r_at IS NULL) AS removed FROM ${CHANGED}`,
  );
  const [equal, changed, added, removed] = ['same', 'changed', 'added', 'removed'].map((name) => Number(found?.[name]));
  if (equal === undefined || changed === undefined || added === undefined || removed === undefined) return null;
  // A key that stands a times here and b times there gives a * b pairs.
  if (equal + changed - removed !== wanted.rows || equal + changed - added !== present.rows) return null;
  const at = (name: string): string =>
    `${address} = ANY(ARRAY(SELECT ${name} FROM ${CHANGED} WHERE ${name} IS NOT NULL))`;
  if (changed > added) await session.run(`DELETE FROM ${table} WHERE ${at('t_at')}`);
  if (changed > removed)
    await session.run(
      `INSERT INTO ${table} (${quoted.join(', ')}) SELECT ${quoted.join(', ')} FROM ${result} WHERE ${at('r_at')}`,
    );
  return changed;
}
