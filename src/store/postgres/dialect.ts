import { isTimestamp, type Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { SchemaObject, SqlDialect, SqlSession } from '../contract.js';
import { asSet, canonicalText } from './canonical.js';
import { bucketOf, rowHash } from './hash.js';
import { keptDigests } from './kept/kept.js';
import { keyRanges } from './key-ranges.js';
import { PostgresSession } from './session.js';
import { indexKey } from './key-index.js';
import { literal, quote, stored } from './names.js';
import { tablesRead } from './tables-read.js';
import { columnType, listFromJson } from './types.js';
import { detachView, pinTables, replaceTable, showView } from './views.js';

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

/** Equality of bytes: a column's own collation may call different texts equal. */
function plainText(expression: string): string {
  return `CAST(${expression} AS TEXT) COLLATE "C"`;
}

/** Lists of which the equality is that of the texts' collation. */
const TEXT_LIST = /^(text|name|character( varying)?(\(\d+\))?)\[\]$/;

/** Lists of which the equality is the identity of their values. Those of intervals, for example, hold a month to be 30 days. */
const PLAIN_LIST =
  /^(smallint|integer|bigint|numeric(\(.*\))?|real|double precision|boolean|date|timestamp(\(\d\))? with(out)? time zone|uuid|bytea|jsonb)\[\]$/;

/** Of other types some have no equality, and some one that is no identity: a month is 30 days, two boxes are equal when their areas are, and a struct may hold any of it. */
function ownEquality({ family, type }: Column): boolean {
  if (family === 'list') return PLAIN_LIST.test(type);
  return family !== 'json' && family !== 'interval' && family !== 'struct' && family !== 'other';
}

/** `self` and `other` may be exchanged: both sides come out in the same type. */
function comparable(expression: string, self: Column, other: Column): string {
  if (self.family === 'text' && other.family === 'text') return plainText(expression);
  if (self.type === other.type && ownEquality(self)) return expression;
  // The elements of a column under a collation are under it too.
  if (self.type === other.type && TEXT_LIST.test(self.type)) return `${expression} COLLATE "C"`;
  if (isTimestamp(self.family) && isTimestamp(other.family))
    return self.family === 'timestamptz' ? `(${expression} AT TIME ZONE 'UTC')` : `CAST(${expression} AS TIMESTAMP)`;
  const families = [self.family, other.family];
  if (families.every((family) => family === 'integer')) return `CAST(${expression} AS BIGINT)`;
  if (families.every((family) => family === 'double')) return `CAST(${expression} AS DOUBLE PRECISION)`;
  if (families.every((family) => family === 'integer' || family === 'decimal' || family === 'double')) {
    // Through its text, which names the double exactly: the cast to numeric rounds to 15 digits.
    return self.family === 'double'
      ? `CAST(CAST(CAST(${expression} AS DOUBLE PRECISION) AS TEXT) AS NUMERIC)`
      : `CAST(${expression} AS NUMERIC)`;
  }
  return `(${canonicalText(expression, self)}) COLLATE "C"`;
}

/** PostgreSQL's SQL. One value, no state: tried on 15 and 18. */
export const postgresDialect: SqlDialect = {
  kind: 'postgres',
  quote,
  stored,
  serving: (name) => `cutover.${quote(name)}`,
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
  replaceTable,
  pinTables,
  fromJson: (text, column) =>
    column.family === 'list'
      ? listFromJson(text, column.type.slice(0, -2))
      : `CAST(CAST(${text} AS JSON) AS ${column.type})`,
  canonicalText,
  comparable,
  asSet,
  rowHash,
  bucketOf,
  // OFFSET 0 keeps the planner from evaluating the inner expressions where they are used, once for each use.
  // As a literal of its type, because a plan with workers is only made where the planner sees at once that nothing is cut off.
  once: (query) => `${query} OFFSET BIGINT '0'`,
  countsAreFree: false,
  rowAddress: 'ctid',
  indexKey,
  windowsStream: false,
  sideBySide: null,
  keyRanges,
  wideHash: (hash) => `CAST(${hash} AS NUMERIC)`,
  sumOfHashes: (hash) => `CAST(sum(${hash}) AS TEXT)`,
  canonicalKey: (texts) => texts.map((text) => `octet_length(${text}) || ':' || ${text} || ','`).join(' || '),
  textHash: (text) =>
    `CAST(CAST('x0' || substr(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 1, 15) AS BIT(64)) AS BIGINT)`,
  canaryBucket: (key, salt) =>
    `((CAST(CAST('x' || substr(encode(sha256(convert_to(${literal(`${salt}:`)} || ${key}, 'UTF8')), 'hex'), 1, 8) AS BIT(32)) AS BIGINT) * 1000000) >> 32)`,
  // As one constant: each value of an IN is parsed, and looked at when it is planned.
  isOneOf: (expression, numbers) => `${expression} = ANY (CAST('{${numbers.join(',')}}' AS INTEGER[]))`,
  kept: keptDigests,
};
