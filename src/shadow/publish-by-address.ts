import type { Column } from '../model/column.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/** The pairs of rows that differ, by where they stand in the result and in the table. */
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

/** Rows and the exact sum of the hashes of their keys. */
interface Keys {
  readonly rows: bigint;
  readonly sum: bigint;
}

/**
 * Makes the table equal to the result by one join on the key, and then touches the differing rows by their addresses: grouping all rows of both by key costs
 * PostgreSQL twice as much. The join gives only pairs that differ, so that its workers pass on little.
 *
 * Right where each differing key is whole and single, and every other key stands as often in the table as in the result: then the copies of a key that is among no
 * differing pair are all the same. The first is counted; the second follows from the numbers of rows and the sums of the keys' hashes, less those of keys on one side only.
 *
 * @returns the number of changed keys; null: that is not so, and nothing was done
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
  // Some structs have no equality of their own.
  const value = (side: string, column: Column): string => {
    const plain = `${side}${dialect.quote(column.name)}`;
    return column.family === 'struct'
      ? dialect.canonicalText(plain, column)
      : dialect.comparable(plain, column, column);
  };
  const keyHash = (side: string): string =>
    dialect.rowHash(
      keyColumns.map((column) => ({ expression: value(side, column), self: column, other: column, nullable: true })),
    );
  const keysOf = async (relation: string): Promise<Keys> => {
    const [row] = await session.query(
      `SELECT count(*) AS n, ${dialect.sumOfHashes(keyHash(''))} AS keys FROM ${relation}`,
    );
    return { rows: whole(row?.['n']), sum: whole(row?.['keys']) };
  };
  const both =
    (operator: string) =>
    (column: Column): string =>
      `${value('r.', column)} ${operator} ${value('t.', column)}`;
  const values = columns.filter((column) => !keyColumns.includes(column));
  const same = ['r.r_at IS NOT NULL', 't.t_at IS NOT NULL', ...values.map(both('IS NOT DISTINCT FROM'))].join(' AND ');
  const addressed = (relation: string, name: string): string =>
    `(SELECT ${address} AS ${name}, ${quoted.join(', ')} FROM ${relation})`;
  const anyNull = (side: string): string =>
    keyColumns.map((column) => `${side}${dialect.quote(column.name)} IS NULL`).join(' OR ');
  await session.materialize(
    CHANGED,
    `SELECT r.r_at, t.t_at, CASE WHEN r.r_at IS NULL THEN ${keyHash('t.')} ELSE ${keyHash('r.')} END AS key_hash,
       CASE WHEN r.r_at IS NULL THEN ${anyNull('t.')} ELSE ${anyNull('r.')} END AS no_key
     FROM ${addressed(result, 'r_at')} r
     FULL OUTER JOIN ${addressed(`${table}${within}`, 't_at')} t ON ${keyColumns.map(both('=')).join(' AND ')}
     WHERE CASE WHEN ${same} THEN 1 ELSE 0 END = 0`,
  );
  const sum = (filter: string): string => dialect.sumOfHashes(`CASE WHEN ${filter} THEN key_hash END`);
  const [found] = await session.query(
    `SELECT count(*) AS changed, count(DISTINCT key_hash) AS keys, count(*) FILTER (WHERE no_key) AS no_keys,
       count(*) FILTER (WHERE t_at IS NULL) AS added, ${sum('t_at IS NULL')} AS added_keys,
       count(*) FILTER (WHERE r_at IS NULL) AS removed, ${sum('r_at IS NULL')} AS removed_keys FROM ${CHANGED}`,
  );
  const [changed, added, removed] = [whole(found?.['changed']), whole(found?.['added']), whole(found?.['removed'])];
  if (whole(found?.['keys']) !== changed || whole(found?.['no_keys']) > 0n) return null;
  const [wanted, present] = [await keysOf(result), await keysOf(`${table}${within}`)];
  if (wanted.rows - added !== present.rows - removed) return null;
  if (wanted.sum - whole(found?.['added_keys']) !== present.sum - whole(found?.['removed_keys'])) return null;
  const at = (name: string): string =>
    `${address} = ANY(ARRAY(SELECT ${name} FROM ${CHANGED} WHERE ${name} IS NOT NULL))`;
  if (changed > added) await session.run(`DELETE FROM ${table} WHERE ${at('t_at')}`);
  if (changed > removed)
    await session.run(
      `INSERT INTO ${table} (${quoted.join(', ')}) SELECT ${quoted.join(', ')} FROM ${result} WHERE ${at('r_at')}`,
    );
  return Number(changed);
}

/** A count or an exact sum, which may have no rows. */
function whole(value: unknown): bigint {
  return BigInt(typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? value : 0);
}
