import { CutoverError, messageOf } from '../../model/errors.js';
import { isTimestamp, type Column } from '../../model/column.js';
import type { HashedValue, SchemaObject, SqlDialect, SqlSession } from '../contract.js';
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

function withoutTrailingZeros(text: string): string {
  return `rtrim(rtrim(${text}, '0'), '.')`;
}

/** -0 becomes 0 and every NaN one NaN; DuckDB's own text is the shortest that reads back to the same double. */
function doubleText(expression: string): string {
  const value = `CAST(${expression} AS DOUBLE)`;
  return `CASE WHEN isnan(${value}) THEN 'NaN' WHEN isinf(${value}) THEN CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE CAST(${value} + 0.0 AS VARCHAR) END`;
}

function timestampText(expression: string, type: string): string {
  // strftime has microseconds only: nanosecond timestamps keep their own text, infinities theirs.
  if (type.toUpperCase() === 'TIMESTAMP_NS') return `CAST(${expression} AS VARCHAR)`;
  const value = `CAST(${expression} AS TIMESTAMP)`;
  return `CASE WHEN isfinite(${value}) THEN strftime(${value}, '%Y-%m-%d %H:%M:%S.%f') ELSE CAST(${value} AS VARCHAR) END`;
}

function listText(expression: string): string {
  // Elements as texts inside JSON: to_json alone would round decimals, a cast of the whole list would leave text unquoted.
  return `CAST(to_json(list_transform(${expression}, lambda cutover_e: CAST(cutover_e AS VARCHAR))) AS VARCHAR)`;
}

function canonicalText(expression: string, column: Column): string {
  switch (column.family) {
    case 'decimal':
      return decimalShape(column.type).scale === 0
        ? `CAST(${expression} AS VARCHAR)`
        : withoutTrailingZeros(`CAST(${expression} AS VARCHAR)`);
    case 'double':
      return doubleText(expression);
    case 'timestamp':
      return timestampText(expression, column.type);
    case 'timestamptz':
      return timestampText(`(${expression} AT TIME ZONE 'UTC')`, 'TIMESTAMP');
    case 'bytes':
      return `'\\x' || lower(hex(${expression}))`;
    case 'list':
      return listText(expression);
    default:
      return `CAST(${expression} AS VARCHAR)`;
  }
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
  // A month is not 30 days, though the store holds them to be equal.
  if (self.family === 'interval' && other.family === 'interval') return canonicalText(expression, self);
  if (self.type === other.type && self.family !== 'json') return expression;
  if (isTimestamp(self.family) && isTimestamp(other.family)) {
    const naive = self.family === 'timestamptz' ? `(${expression} AT TIME ZONE 'UTC')` : expression;
    return /_NS$/i.test(self.type) || /_NS$/i.test(other.type)
      ? `CAST(${naive} AS TIMESTAMP_NS)`
      : `CAST(${naive} AS TIMESTAMP)`;
  }
  if (['integer', 'decimal', 'double'].includes(self.family)) return comparableNumber(expression, self, other);
  return canonicalText(expression, self);
}

/**
 * The expressions by which a value goes into a hash. hash() gives NULL, [] and [NULL] one value, and NULL and a struct of NULLs: their texts differ. Where
 * the types of the sides differ, nested values are compared as texts anyway.
 */
function hashable({ expression, self, other }: HashedValue): readonly string[] {
  const nested = self.family === 'list' || self.family === 'struct' || self.family === 'other';
  return nested && self.type === other.type ? [expression, canonicalText(expression, self)] : [expression];
}

function rowHash(values: readonly HashedValue[]): string {
  return `hash(hash(${values.flatMap(hashable).join(', ')}))`;
}

/** DuckDB's SQL. One value, no state: tried on DuckDB 1.5. */
export const duckDbDialect: SqlDialect = {
  kind: 'duckdb',
  quote,
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
  fromJson: (text, column) => `CAST(CAST(${text} AS JSON) AS ${column.type})`,
  canonicalText,
  comparable: comparableOne,
  asSet: (expression) => `list_sort(list_distinct(${expression}))`,
  // hash(a, b) ends with an unmixed XOR of the last column's hash, so that exchanging two rows' values can leave a SUM
  // unchanged; hashing the result once more mixes it.
  rowHash,
  bucketOf: (key, buckets) => `CAST(${rowHash(key)} % ${buckets} AS INTEGER)`,
  once: (query) => query,
  countsAreFree: true,
  // Its tables are stored by columns, and grouping them is quick.
  rowAddress: null,
  keyRanges: null,
  wideHash: (hash) => `CAST(${hash} AS HUGEINT)`,
  sumOfHashes: (hash) => `CAST(sum(${hash}) AS VARCHAR)`,
  canonicalKey: (texts) => texts.map((text) => `strlen(${text}) || ':' || ${text} || ','`).join(' || '),
  canaryBucket: (key, salt) =>
    `((CAST('0x' || substr(sha256(${literal(`${salt}:`)} || ${key}), 1, 8) AS UINTEGER)::BIGINT * 1000000) >> 32)`,
};
