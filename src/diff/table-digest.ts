import type { SqlDialect, SqlSession } from '../store/contract.js';

/**
 * What a table holds, as one short text: its number of rows and the exact sum of their hashes, one scan. Two equal texts are those of equal rows (but by a
 * chance of 2^-64), in whatever order.
 */
export async function digestOfTable(session: SqlSession, dialect: SqlDialect, relation: string): Promise<string> {
  const columns = await dialect.columns(session, relation);
  const hash = dialect.rowHash(
    columns.map((column) => ({
      expression: dialect.comparable(dialect.quote(column.name), column, column),
      self: column,
      other: column,
      nullable: true,
    })),
  );
  const hashes = dialect.once(`SELECT ${hash} AS h FROM ${relation} digested`);
  const [row] = await session.query(
    `SELECT count(*) AS n, ${dialect.sumOfHashes('h')} AS digest FROM (${hashes}) hashed`,
  );
  return `${String(row?.['n'])}:${String(row?.['digest'] ?? 0)}`;
}
