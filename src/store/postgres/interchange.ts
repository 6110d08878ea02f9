import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../../model/column.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { AskDuckDb } from '../ndjson-lines.js';
import { literal, quote } from './names.js';

/** How CSV in the interchange form is written and read by DuckDB: every value in quotes, NULL is nothing. */
const CSV = `FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', FORCE_QUOTE *`;

/** Runs `work` with a folder for scratch files, which is removed afterwards. */
export async function withScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `work` with a DuckDB in memory: the reader and writer of files for a store that is none. */
async function withDuckDb<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'`);
    return await work(connection);
  } finally {
    instance.closeSync();
  }
}

/** Writes the rows of a relation in DuckDB SQL to a file in the interchange form. */
export function relationToCsv(relation: string, columns: readonly DeclaredColumn[], path: string): Promise<void> {
  const values = columns.map(({ name, type }) => `${toText(quote(name), type)} AS ${quote(name)}`);
  return withDuckDb(async (connection) => {
    await connection.run(`COPY (SELECT ${values.join(', ')} FROM ${relation}) TO ${literal(path)} (${CSV})`);
  });
}

/** Runs `work` with a DuckDB to be asked. */
export function askingDuckDb<T>(work: (ask: AskDuckDb) => Promise<T>): Promise<T> {
  return withDuckDb((connection) => work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()));
}

/** The columns of a relation in DuckDB SQL with their DuckDB types, by name. */
export function typesOf(relation: string): Promise<ReadonlyMap<string, string>> {
  return withDuckDb(async (connection) => {
    const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${relation}`);
    return new Map(result.getRowObjectsJson().map((row) => [String(row['column_name']), String(row['column_type'])]));
  });
}

/** The text of a value of a declared type, in the interchange form. */
function toText(value: string, declared: string): string {
  if (declared.endsWith('[]')) {
    const element = declared.slice(0, -2);
    return `CAST(to_json(list_transform(${value}, lambda cutover_e: ${toText('cutover_e', element)})) AS VARCHAR)`;
  }
  switch (declared) {
    case 'double':
      return `CASE WHEN isinf(${value}) THEN CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END WHEN isnan(${value}) THEN 'NaN' ELSE CAST(${value} AS VARCHAR) END`;
    case 'bytes':
      return `'\\x' || lower(hex(${value}))`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

/** PostgreSQL SQL: a column as it is to be copied for `csvToParquet`: lists as JSON texts of their elements' texts. */
export function exportText(column: Column): string {
  const name = quote(column.name);
  return column.family === 'list' ? `to_json(CAST(${name} AS TEXT[]))` : name;
}

/** Writes a file in the interchange form as Parquet, with the types of the columns. */
export function csvToParquet(csv: string, columns: readonly Column[], parquet: string): Promise<void> {
  const names = columns.map((_, i) => `'f${i}': 'VARCHAR'`);
  const values = columns.map((column, i) => `${fromText(`f${i}`, column)} AS ${quote(column.name)}`);
  const reader =
    `read_csv(${literal(csv)}, columns = {${names.join(', ')}}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', ` +
    `comment = '', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 268435456)`;
  return withDuckDb(async (connection) => {
    await connection.run(`COPY (SELECT ${values.join(', ')} FROM ${reader}) TO ${literal(parquet)} (FORMAT parquet)`);
  });
}

/** The DuckDB type of a list's elements; text for what has no exact counterpart. */
function elementType(type: string): string {
  return /^(?:boolean|smallint|integer|bigint|double precision|date|json|uuid|timestamp with(?:out)? time zone|numeric\(\d+,\d+\))$/.test(
    type,
  )
    ? type
    : 'VARCHAR';
}

function fromText(text: string, column: Column): string {
  if (column.family === 'list')
    return `CAST(from_json(${text}, '["VARCHAR"]') AS ${elementType(column.type.slice(0, -2))}[])`;
  switch (column.family) {
    case 'bytes':
      return `unhex(substr(${text}, 3))`;
    case 'boolean':
      return `CAST(${text} AS BOOLEAN)`;
    case 'integer':
      return `CAST(${text} AS ${column.type === 'bigint' ? 'BIGINT' : 'INTEGER'})`;
    case 'decimal':
      return `CAST(${text} AS ${/^numeric\(\d+,\d+\)$/.test(column.type) ? column.type.replace('numeric', 'DECIMAL') : 'VARCHAR'})`;
    case 'double':
      return `CAST(${text} AS DOUBLE)`;
    case 'date':
      return `CAST(${text} AS DATE)`;
    case 'timestamp':
      return `CAST(${text} AS TIMESTAMP)`;
    case 'timestamptz':
      return `CAST(${text} AS TIMESTAMPTZ)`;
    case 'json':
      return `CAST(${text} AS JSON)`;
    default:
      return text;
  }
}

/** What it needs of a session. */
interface Copying {
  columns(relation: string): Promise<Column[]>;
  copyOut(statement: string, take: (bytes: AsyncIterable<Uint8Array>) => Promise<unknown>): Promise<unknown>;
}

/** Writes the rows of a query to a Parquet file. */
export async function exportParquet(session: Copying, query: string, path: string): Promise<void> {
  const columns = await session.columns(`(${query})`);
  const values = columns.map((column) => `${exportText(column)} AS ${quote(column.name)}`);
  const copied = `SELECT ${values.join(', ')} FROM (${query}) AS cutover_exported`;
  await withScratchFolder(async (folder) => {
    const csv = join(folder, 'rows.csv');
    await session.copyOut(`COPY (${copied}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)`, (bytes) =>
      pipeline(bytes, createWriteStream(csv)),
    );
    await csvToParquet(csv, columns, path);
  });
}
