import { isTimestamp, type Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { SchemaObject, SqlDialect, SqlSession } from '../contract.js';
import { bucketOf, rowHash } from './hash.js';
import { keyRanges } from './key-ranges.js';
import { PostgresSession } from './session.js';
import { literal, quote } from './names.js';
import { tablesRead } from './tables-read.js';
import { columnType, listFromJson } from './types.js';
import { detachView, showView } from './views.js';

function own(session: SqlSession): PostgresSession {
  if (session instanceof PostgresSession) return session;
  throw new CutoverError(
    'INTERNAL',
    'a session of another store was given to the PostgreSQL dialect',
    'Please report this defect.',
  );
}

async function objects(session: SqlSession, schema: string): Promise<SchemaObject[]> {
  const rows = await session.query(
    `SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.relname AS name
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('v', 'r', 'p', 'S')
       -- A sequence that belongs to a column goes with its table.
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
     ORDER BY CASE c.relkind WHEN 'v' THEN 1 WHEN 'S' THEN 3 ELSE 2 END, c.relname`,
    [schema],
  );
  return rows.map((row) => ({
    kind: row['kind'] === 'VIEW' || row['kind'] === 'SEQUENCE' ? row['kind'] : 'TABLE',
    name: String(row['name']),
  }));
}

/** The server's text is the shortest that reads back to the same double; whole numbers get the `.0` that DuckDB shows too, -0 becomes 0. */
function doubleText(expression: string): string {
  const text = `CAST(CAST(${expression} AS DOUBLE PRECISION) + 0.0 AS TEXT)`;
  return `CASE WHEN ${text} ~ '^-?[0-9]+$' THEN ${text} || '.0' ELSE ${text} END`;
}

/** to_char knows neither infinity nor the sign of years before 1. */
function timestampText(expression: string): string {
  const plain = `isfinite(${expression}) AND ${expression} >= TIMESTAMP '0001-01-01'`;
  return `CASE WHEN ${plain} THEN to_char(${expression}, 'YYYY-MM-DD HH24:MI:SS.US') ELSE CAST(${expression} AS TEXT) END`;
}

function canonicalText(expression: string, column: Column): string {
  switch (column.family) {
    case 'decimal':
      return `CAST(trim_scale(${expression}) AS TEXT)`;
    case 'double':
      return doubleText(expression);
    case 'timestamp':
      return timestampText(expression);
    case 'timestamptz':
      return timestampText(`(${expression} AT TIME ZONE 'UTC')`);
    case 'bytes':
      return `'\\x' || encode(${expression}, 'hex')`;
    case 'list':
      // Elements as texts inside JSON.
      return `CAST(to_json(CAST(${expression} AS TEXT[])) AS TEXT)`;
    default:
      return `CAST(${expression} AS TEXT)`;
  }
}

/** Equality of bytes: a column's own collation may call different texts equal. */
function plainText(expression: string): string {
  return `CAST(${expression} AS TEXT) COLLATE "C"`;
}

/** `self` and `other` may be exchanged: both sides come out in the same type. */
function comparable(expression: string, self: Column, other: Column): string {
  if (self.family === 'text' && other.family === 'text') return plainText(expression);
  // A month is not 30 days, though the store holds them to be equal.
  if (self.family === 'interval' && other.family === 'interval') return plainText(expression);
  // Of types unknown here some have no equality, and some one that is no identity: two boxes are equal when their areas are.
  if (self.type === other.type && self.family !== 'json' && self.family !== 'other') return expression;
  if (isTimestamp(self.family) && isTimestamp(other.family))
    return self.family === 'timestamptz' ? `(${expression} AT TIME ZONE 'UTC')` : `CAST(${expression} AS TIMESTAMP)`;
  const families = [self.family, other.family];
  if (families.every((family) => family === 'integer')) return `CAST(${expression} AS BIGINT)`;
  if (families.every((family) => family === 'double')) return `CAST(${expression} AS DOUBLE PRECISION)`;
  if (families.every((family) => family === 'integer' || family === 'decimal' || family === 'double')) {
    // Through its shortest text, which names the double exactly: the cast to numeric rounds to 15 digits.
    return self.family === 'double' ? `CAST(CAST(${expression} AS TEXT) AS NUMERIC)` : `CAST(${expression} AS NUMERIC)`;
  }
  return `(${canonicalText(expression, self)}) COLLATE "C"`;
}

/** PostgreSQL's SQL. One value, no state: tried on 15 and 18. */
export const postgresDialect: SqlDialect = {
  kind: 'postgres',
  quote,
  literal,
  // Rows lie in order of arrival, so that a few block ranges hold what a rebuild or a partial cycle reads. A b-tree would cost each event.
  landingIndexes: [
    'CREATE INDEX landing_arrival ON cutover.landing USING brin (_ingested_at, _partition, _offset) WITH (pages_per_range = 32)',
  ],
  columnType,
  columns: (session, relation) => own(session).columns(relation),
  objects,
  tablesRead,
  dropStatements: (schema, found) =>
    (['VIEW', 'TABLE', 'SEQUENCE'] as const).flatMap((kind) => {
      const names = found.filter((one) => one.kind === kind).map(({ name }) => `${quote(schema)}.${quote(name)}`);
      // In one statement, because they may depend on each other.
      return names.length === 0 ? [] : [`DROP ${kind} IF EXISTS ${names.join(', ')}`];
    }),
  disposable: async (session, schema) => {
    const [row] = await session.query(
      `SELECT has_database_privilege(current_database(), 'CREATE')
              AND NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1 AND nspowner <> CAST(current_user AS regrole)) AS mine`,
      [schema],
    );
    return row?.['mine'] === true;
  },
  showView,
  detachView,
  fromJson: (text, column) =>
    column.family === 'list'
      ? listFromJson(text, column.type.slice(0, -2))
      : `CAST(CAST(${text} AS JSON) AS ${column.type})`,
  canonicalText,
  comparable,
  asSet: (expression) =>
    `(SELECT array_agg(DISTINCT cutover_e ORDER BY cutover_e) FILTER (WHERE cutover_e IS NOT NULL) FROM unnest(${expression}) AS cutover_u(cutover_e))`,
  rowHash,
  bucketOf,
  // OFFSET 0 keeps the planner from evaluating the inner expressions where they are used, once for each use.
  // As a literal of its type, because a plan with workers is only made where the planner sees at once that nothing is cut off.
  once: (query) => `${query} OFFSET BIGINT '0'`,
  countsAreFree: false,
  rowAddress: 'ctid',
  keyRanges,
  wideHash: (hash) => `CAST(${hash} AS NUMERIC)`,
  sumOfHashes: (hash) => `CAST(sum(${hash}) AS TEXT)`,
  canonicalKey: (texts) => texts.map((text) => `octet_length(${text}) || ':' || ${text} || ','`).join(' || '),
  canaryBucket: (key, salt) =>
    `((CAST(CAST('x' || substr(encode(sha256(convert_to(${literal(`${salt}:`)} || ${key}, 'UTF8')), 'hex'), 1, 8) AS BIT(32)) AS BIGINT) * 1000000) >> 32)`,
};
