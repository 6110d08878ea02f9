import { CutoverError, messageOf } from '../../model/errors.js';
import { isTimestamp, type Column } from '../../model/column.js';
import type { HashedValue, SchemaObject, SqlDialect, SqlSession } from '../contract.js';
import { asSet, canonicalText, doubleText, isNanoseconds, withoutTrailingZeros } from './canonical.js';
import { hasOwnEquality } from './nested-types.js';
import { tablesRead } from './tables-read.js';
import { columnType, decimalShape, familyOf, isWideInteger } from './types.js';

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function columns(session: SqlSession, relation: string): Promise<Column[]> {
  try {
    const rows = await session.query(`DESCRIBE SELECT * FROM ${relation}`);
    return rows.map((row) => {
      const type = String(row['column_type']);
      return { name: String(row['column_name']), type, family: familyOf(type) };
    });
  } catch (error) {
    const message = messageOf(error);
    if (/Catalog Error: Table with name/.test(message)) {
      throw new CutoverError(
        'TABLE_MISSING',
        /^Catalog Error: (Table with name .*)/m.exec(message)?.[1] ?? `there is no table ${relation}`,
        'Correct the name. The tables of both sides are created by the first `cutover run`.',
        { cause: error },
      );
    }
    throw error;
  }
}

async function objects(session: SqlSession, schema: string): Promise<SchemaObject[]> {
  const rows = await session.query(
    `SELECT kind, name FROM (
       SELECT 1 AS rank, 'VIEW' AS kind, view_name AS name FROM duckdb_views() WHERE schema_name = $1 AND database_name = current_database() AND NOT internal
       UNION ALL SELECT 2, 'TABLE', table_name FROM duckdb_tables() WHERE schema_name = $1 AND database_name = current_database()
       UNION ALL SELECT 3, 'SEQUENCE', sequence_name FROM duckdb_sequences() WHERE schema_name = $1 AND database_name = current_database()
     ) ORDER BY rank, name`,
    [schema],
  );
  return rows.map((row) => ({ kind: kindOf(row['kind']), name: String(row['name']) }));
}

function kindOf(value: unknown): SchemaObject['kind'] {
  return value === 'VIEW' || value === 'SEQUENCE' ? value : 'TABLE';
}

/** The text of a number of any family in one form; texts may differ for equal numbers (1e20), never agree for different ones. */
function numberText(expression: string, column: Column): string {
  if (column.family !== 'double') return canonicalText(expression, column);
  const text = doubleText(expression);
  return `CASE WHEN contains(${text}, '.') AND NOT contains(${text}, 'e') THEN ${withoutTrailingZeros(text)} ELSE ${text} END`;
}

function digits(column: Column): { whole: number; scale: number } {
  if (column.family === 'integer') return { whole: isWideInteger(column.type) ? 39 : 19, scale: 0 };
  const { precision, scale } = decimalShape(column.type);
  return { whole: precision - scale, scale };
}

function comparableNumber(expression: string, self: Column, other: Column): string {
  if (self.family === 'double' && other.family === 'double') return `CAST(${expression} AS DOUBLE)`;
  if (self.family === 'double' || other.family === 'double') return numberText(expression, self);
  if (self.family === 'integer' && other.family === 'integer') {
    return isWideInteger(self.type) || isWideInteger(other.type)
      ? /UHUGEINT/i.test(self.type + other.type)
        ? `CAST(${expression} AS VARCHAR)`
        : `CAST(${expression} AS HUGEINT)`
      : `CAST(${expression} AS BIGINT)`;
  }
  const a = digits(self);
  const b = digits(other);
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.whole, b.whole);
  return whole + scale <= 38
    ? `CAST(${expression} AS DECIMAL(${whole + scale},${scale}))`
    : canonicalText(expression, self);
}

/** `self` and `other` may be exchanged: both sides come out in the same type. */
function comparableOne(expression: string, self: Column, other: Column): string {
  // Bytes: a column's collation may call different texts equal, and DESCRIBE does not tell it.
  if (self.family === 'text' && other.family === 'text') return `encode(CAST(${expression} AS VARCHAR))`;
  // A month is not 30 days, though the store holds them to be equal, within lists and structs too; and maps have no order.
  if (self.family === 'interval' && other.family === 'interval') return canonicalText(expression, self);
  if (self.type === other.type && self.family !== 'json' && !judgedByText(self))
    // DuckDB has no CASE of arrays of arrays, and all lists are alike here.
    return /\[\d+\]$/.test(self.type) ? `CAST(${expression} AS ${self.type.replace(/\[\d+\]/g, '[]')})` : expression;
  if (isTimestamp(self.family) && isTimestamp(other.family)) {
    const naive = self.family === 'timestamptz' ? `(${expression} AT TIME ZONE 'UTC')` : expression;
    // By text: many a time is too far away to be given in nanoseconds.
    return isNanoseconds(self.type) || isNanoseconds(other.type)
      ? canonicalText(expression, self)
      : `CAST(${naive} AS TIMESTAMP)`;
  }
  if (['integer', 'decimal', 'double'].includes(self.family)) return comparableNumber(expression, self, other);
  return canonicalText(expression, self);
}

function judgedByText(column: Column): boolean {
  // What a join takes for equal shapes is not what `=` does.
  return column.type === 'GEOMETRY' || (isNested(column) && hasOwnEquality(column.type));
}

function isNested({ family }: Column): boolean {
  return family === 'list' || family === 'struct' || family === 'other';
}

/**
 * The expressions by which a value goes into a hash. hash() gives NULL, [] and [NULL] one value, and NULL and a struct of NULLs: their texts differ. Where
 * the types of the sides differ, nested values are compared as texts anyway. Of a value of 128 bits hash() is the XOR of the hashes of its halves, which makes 0 and
 * -1 one, in decimals too: 0.00 and -0.01.
 */
function hashable({ expression, self, other }: HashedValue): readonly string[] {
  const text = `CAST(${expression} AS VARCHAR)`;
  if (self.family === 'uuid') return [text];
  if (self.family === 'integer' && other.family === 'integer')
    return isWideInteger(self.type) || isWideInteger(other.type) ? [text] : [expression];
  // Values whose halves are exchanged, or equal, and whose first 53 bits agree would still hash alike: both lie beyond 2^64.
  if (isWideDecimal(self, other)) return [expression, `CAST(${expression} AS DOUBLE)`];
  return isNested(self) && self.type === other.type && !judgedByText(self)
    ? [expression, canonicalText(expression, self)]
    : [expression];
}

/** Whether the type in which the two are compared takes 128 bits. */
function isWideDecimal(self: Column, other: Column): boolean {
  if (![self, other].every(({ family }) => family === 'integer' || family === 'decimal')) return false;
  const [a, b] = [digits(self), digits(other)];
  return Math.max(a.whole, b.whole) + Math.max(a.scale, b.scale) > 18;
}

function rowHash(values: readonly HashedValue[]): string {
  return `hash(hash(${values.flatMap(hashable).join(', ')}))`;
}

/** Mixed well by itself where there is one value to be hashed. */
function keyHash(key: readonly HashedValue[]): string {
  const [first = '', ...more] = key.flatMap(hashable);
  return more.length === 0 ? `hash(${first})` : rowHash(key);
}

/** DuckDB's SQL. One value, no state: tried on DuckDB 1.5. */
export const duckDbDialect: SqlDialect = {
  kind: 'duckdb',
  quote,
  // Temporary tables are read with all processors.
  stored: quote,
  // Whoever opens the file cutover.duckdb by itself has a catalog of the schema's name `cutover`.
  serving: (name) => `cutover_serving.${quote(name)}`,
  literal,
  // DuckDB keeps the smallest and largest value of each row group by itself.
  landingIndexes: [],
  columnType,
  columns,
  objects,
  tablesRead,
  dropStatements: (schema, found) =>
    found.map(({ kind, name }) => `DROP ${kind} IF EXISTS ${quote(schema)}.${quote(name)}`),
  disposable: () => Promise.resolve(true),
  showView: async (session, schema, name, query) => {
    await session.run(`CREATE OR REPLACE VIEW ${quote(schema)}.${quote(name)} AS ${query}`);
  },
  // A view does not keep its tables from being dropped.
  detachView: () => Promise.resolve(),
  replaceTable: async (session, schema, name, query) => {
    await session.run(`CREATE OR REPLACE TABLE ${quote(schema)}.${quote(name)} AS ${query}`);
  },
  // Its catalogue is of the snapshot too.
  pinTables: () => Promise.resolve(),
  fromJson: (text, column) => `CAST(CAST(${text} AS JSON) AS ${column.type})`,
  canonicalText,
  comparable: comparableOne,
  asSet,
  // hash(a, b) ends with an unmixed XOR of the last column's hash, so that exchanging two rows' values can leave a SUM
  // unchanged; hashing the result once more mixes it.
  rowHash,
  bucketOf: (key, buckets) => `CAST(${keyHash(key)} % ${buckets} AS INTEGER)`,
  once: (query) => query,
  countsAreFree: true,
  // Its tables are stored by columns, and grouping them is quick.
  rowAddress: null,
  // Its tables keep the smallest and largest value of each row group.
  indexKey: () => Promise.resolve(),
  windowsStream: true,
  keyRanges: null,
  sideBySide: {
    join: 'POSITIONAL JOIN',
    streams: async (session, statement) => {
      const rows = await session.query(`EXPLAIN ${statement}`);
      // The logical plans come along where a setting asks for all.
      const plan = String(rows.find((row) => row['explain_key'] === 'physical_plan')?.['explain_value']);
      return plan.includes('POSITIONAL_SCAN') && !/(?<!STREAMING_)WINDOW/.test(plan);
    },
    onItsOwn: async (session, work) => {
      const [row] = await session.query(`SELECT current_setting('threads') AS threads`);
      await session.run('SET threads = 1');
      try {
        return await work();
      } finally {
        // What the work ended with is what counts; with one thread all else is slower, and as right.
        await session.run(`SET threads = ${Number(row?.['threads'] ?? 1)}`).catch(() => undefined);
      }
    },
  },
  wideHash: (hash) => `CAST(${hash} AS HUGEINT)`,
  sumOfHashes: (hash) => `CAST(sum(${hash}) AS VARCHAR)`,
  canonicalKey: (texts) => texts.map((text) => `strlen(${text}) || ':' || ${text} || ','`).join(' || '),
  textHash: (text) => `CAST('0x' || substr(sha256(${text}), 1, 15) AS BIGINT)`,
  isOneOf: (expression, numbers) => `${expression} IN (${numbers.join(', ')})`,
  canaryBucket: (key, salt) =>
    `((CAST('0x' || substr(sha256(${literal(`${salt}:`)} || ${key}), 1, 8) AS UINTEGER)::BIGINT * 1000000) >> 32)`,
  // It has no triggers, and the SQL of jobs writes as it likes. A full comparison is quick here.
  kept: null,
};
