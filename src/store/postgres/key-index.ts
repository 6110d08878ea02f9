import type { Column } from '../../model/column.js';
import type { SqlSession, TableRead } from '../contract.js';
import { quote } from './names.js';

/** See `SqlDialect.indexKey`. A b-tree, which leads through the table in key order too; not unique, because a batch result is kept as it is. */
export async function indexKey(session: SqlSession, table: TableRead, key: readonly Column[]): Promise<void> {
  // Types without an order of their own.
  if (key.some(({ family }) => ['json', 'struct', 'other'].includes(family))) return;
  const names = key.map(({ name }) => name);
  const [found] = await session.query(
    `SELECT 1 AS found FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
     WHERE n.nspname = $1 AND c.relname = $2 AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
       AND (SELECT array_agg(CAST(a.attname AS TEXT) ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.place <= $3) @> CAST($4 AS TEXT[])
     LIMIT 1`,
    [table.schema, table.name, names.length, `{${names.map((name) => JSON.stringify(name)).join(',')}}`],
  );
  if (found !== undefined) return;
  await session.run(`CREATE INDEX ON ${quote(table.schema)}.${quote(table.name)} (${names.map(quote).join(', ')})`);
}
