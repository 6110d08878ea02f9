import type { Column } from '../../model/column.js';
import type { KeyRangeSql, KeySpread, SqlSession } from '../contract.js';
import { literal } from './names.js';

/** Arguments that a function may have. */
const MOST_ARGUMENTS = 100;

/** How closely the rows must lie in the order of the index: else each row costs a page of its own. */
const IN_ORDER = 0.9;

/** A range of so many times the rows asked for is still worth having. */
const MOST = 10;

const INTEGERS: readonly string[] = ['smallint', 'integer', 'bigint'];

/** What the catalogue knows of a column. */
interface Known extends KeySpread {
  readonly type: string;
  readonly collation: string;
}

/** Null: the relation is no table, or was not analyzed, or the column has too few different values. */
async function known(session: SqlSession, relation: string, column: string): Promise<Known | null> {
  if (relation.startsWith('(')) return null;
  const [row] = await session.query(
    `SELECT c.reltuples AS rows, format_type(a.atttypid, NULL) AS type, CAST(a.attcollation AS TEXT) AS collation, s.correlation,
            CAST(CAST(s.histogram_bounds AS TEXT) AS TEXT[]) AS bounds, coalesce(s.most_common_freqs[1], 0) AS most,
            coalesce(o.collisdeterministic, true)
            AND EXISTS (SELECT 1 FROM pg_index i JOIN pg_opclass p ON p.oid = i.indclass[0] JOIN pg_am m ON m.oid = p.opcmethod
                        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum AND m.amname = 'btree' AND p.opcdefault
                          AND i.indcollation[0] = a.attcollation) AS indexed
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2
     LEFT JOIN pg_collation o ON o.oid = a.attcollation
     JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
     WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'm')`,
    [relation, column],
  );
  const bounds = row?.['bounds'];
  if (row === undefined || !Array.isArray(bounds) || bounds.length < 2) return null;
  return {
    rows: Number(row['rows']),
    type: String(row['type']),
    collation: String(row['collation']),
    bounds: bounds.map(String),
    most: Number(row['most']),
    led: row['indexed'] === true && Math.abs(Number(row['correlation'])) >= IN_ORDER,
  };
}

/** Values between those of a histogram, whose bars hold about as many rows each: `parts` of each bar for whole numbers. */
function refined(bounds: readonly string[], parts: number): string[] {
  const values = bounds.map(BigInt);
  const out = new Set<bigint>();
  values.forEach((value, index) => {
    const next = values[index + 1];
    for (let part = 0n; next !== undefined && part < BigInt(parts); part += 1n)
      out.add(value + ((next - value) * part) / BigInt(parts));
    if (next === undefined) out.add(value);
  });
  return [...out].map(String);
}

async function bounds(
  session: SqlSession,
  tables: { readonly batch: string; readonly stream: string },
  column: { readonly batch: Column; readonly stream: Column },
  rows: number,
): Promise<readonly string[] | null> {
  const batch = await known(session, tables.batch, column.batch.name);
  const stream = await known(session, tables.stream, column.stream.name);
  if (batch?.led !== true || stream?.led !== true) return null;
  const whole = INTEGERS.includes(batch.type) && INTEGERS.includes(stream.type);
  // Of another collation a value would lie in another range; types that compare across have one order.
  if (!whole && (batch.type !== stream.type || batch.collation !== stream.collation)) return null;
  const larger = batch.rows >= stream.rows ? batch : stream;
  const bars = larger.bounds.length - 1;
  const parts = whole ? Math.max(1, Math.ceil(larger.rows / bars / rows)) : 1;
  if (Math.max(larger.rows / bars / parts, larger.rows * larger.most) > MOST * rows) return null;
  const values = whole ? refined(larger.bounds, parts) : [...new Set(larger.bounds)];
  return values.map((value) => `CAST(${literal(value)} AS ${whole ? 'BIGINT' : larger.type})`);
}

function spread(session: SqlSession, relation: string, { name }: Column): Promise<KeySpread | null> {
  return known(session, relation, name);
}

function arrays(expressions: readonly string[]): string {
  const parts: string[] = [];
  for (let at = 0; at < expressions.length; at += MOST_ARGUMENTS)
    parts.push(`json_build_array(${expressions.slice(at, at + MOST_ARGUMENTS).join(', ')})`);
  return `json_build_array(${parts.join(', ')})`;
}

/** Ranges of a column by what ANALYZE and the indexes know of it. */
export const keyRanges: KeyRangeSql = { bounds, spread, arrays };
