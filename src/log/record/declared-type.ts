import type { DeclaredColumn } from '../../model/project.js';
import { CutoverError } from '../../model/errors.js';

export type ScalarName =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'bigint'
  | 'double'
  | 'decimal'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'json'
  | 'bytes';

/** A declared type taken apart: `decimal(18,2)[]` is a list of the scalar `decimal` with scale 2. */
export interface DeclaredType {
  readonly name: ScalarName;
  readonly list: boolean;
  /** Digits after the point; 0 for all but decimals. */
  readonly scale: number;
  /** The name DuckDB gives the scalar, for example `DECIMAL(18,2)`. */
  readonly scalar: string;
  /** The name DuckDB gives the whole type, for example `DECIMAL(18,2)[]`. */
  readonly duckdb: string;
}

const DUCKDB_NAMES: Readonly<Record<Exclude<ScalarName, 'decimal'>, string>> = {
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  json: 'JSON',
  bytes: 'BLOB',
};

/** Names the relation uses itself. */
const RESERVED = new Set(['_offset', '_event_time', '_error', '_raw', '_partition', '_ingested_at']);

function isPlainName(name: string): name is Exclude<ScalarName, 'decimal'> {
  return Object.hasOwn(DUCKDB_NAMES, name);
}

/** Reads a declared type. Errors: LOG_SCHEMA_MISMATCH when it is none of those that are known. */
export function parseDeclaredType(column: DeclaredColumn): DeclaredType {
  const list = column.type.endsWith('[]');
  const base = (list ? column.type.slice(0, -2) : column.type).trim().toLowerCase();
  const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(base);
  const precision = Number(decimal?.[1]);
  const scale = Number(decimal?.[2]);
  if (decimal !== null && precision >= 1 && precision <= 38 && scale <= precision) {
    const scalar = `DECIMAL(${precision},${scale})`;
    return { name: 'decimal', list, scale, scalar, duckdb: list ? `${scalar}[]` : scalar };
  }
  if (isPlainName(base)) {
    const scalar = DUCKDB_NAMES[base];
    return { name: base, list, scale: 0, scalar, duckdb: list ? `${scalar}[]` : scalar };
  }
  throw new CutoverError(
    'LOG_SCHEMA_MISMATCH',
    `Column "${column.name}" has the unknown type "${column.type}".`,
    'Use text, boolean, integer, bigint, double, decimal(p,s), date, timestamp, timestamptz, json or bytes, with [] for a list.',
  );
}

const DECLARED_OF_DUCKDB: Readonly<Record<string, string>> = {
  VARCHAR: 'text',
  BOOLEAN: 'boolean',
  TINYINT: 'integer',
  SMALLINT: 'integer',
  INTEGER: 'integer',
  UTINYINT: 'integer',
  USMALLINT: 'integer',
  UINTEGER: 'bigint',
  BIGINT: 'bigint',
  UBIGINT: 'decimal(20,0)',
  HUGEINT: 'decimal(38,0)',
  UHUGEINT: 'decimal(38,0)',
  FLOAT: 'double',
  DOUBLE: 'double',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  JSON: 'json',
  BLOB: 'bytes',
};

/**
 * The declared type that holds every value of a DuckDB type: nested types become json, the rest (times, UUIDs, enums,
 * intervals) text.
 */
export function declaredTypeOf(duckdb: string): string {
  const list = /^([^[\]]+)\[\]$/.exec(duckdb)?.[1];
  const scalar = DECLARED_OF_DUCKDB[list ?? duckdb] ?? decimalOf(list ?? duckdb);
  if (scalar !== undefined) return list === undefined ? scalar : `${scalar}[]`;
  return isNested(duckdb) ? 'json' : 'text';
}

/** Whether a DuckDB type is a struct, map, union, array or list. */
export function isNested(duckdb: string): boolean {
  return /^(STRUCT|MAP|UNION)\(/.test(duckdb) || duckdb.endsWith(']');
}

function decimalOf(duckdb: string): string | undefined {
  return /^DECIMAL\(\d+,\d+\)$/.test(duckdb) ? duckdb.toLowerCase() : undefined;
}

/** Errors: LOG_SCHEMA_MISMATCH for unknown types, names used by the log itself, and names that differ only in case. */
export function checkColumns(columns: readonly DeclaredColumn[], eventTime: string | undefined): void {
  const seen = new Set<string>();
  for (const column of columns) {
    parseDeclaredType(column);
    const folded = column.name.toLowerCase();
    if (RESERVED.has(folded)) {
      throw mismatch(`Column "${column.name}" has a name that is reserved.`, 'Rename the column in the files.');
    }
    if (seen.has(folded)) {
      throw mismatch(`Two columns are named "${column.name}" (case does not count).`, 'Rename one of them.');
    }
    seen.add(folded);
  }
  if (eventTime === undefined) return;
  const column = columns.find((each) => each.name === eventTime);
  if (column === undefined) {
    throw mismatch(
      `The event time column "${eventTime}" is not among the columns ${columns.map((each) => each.name).join(', ')}.`,
      'Set log.event_time to one of the columns of the log.',
    );
  }
  if (!['date', 'timestamp', 'timestamptz', 'text'].includes(column.type)) {
    throw mismatch(
      `The event time column "${eventTime}" has the type ${column.type}.`,
      'Use a column of type timestamptz, timestamp, date, or text in ISO 8601.',
    );
  }
}

function mismatch(message: string, remedy: string): CutoverError {
  return new CutoverError('LOG_SCHEMA_MISMATCH', message, remedy);
}
