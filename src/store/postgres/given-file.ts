import type { Column } from '../../model/column.js';
import type { FileLoad, Place, SqlSession } from '../contract.js';
import { fileRelation, type GivenFile } from '../file-relation.js';
import { typesOf } from './interchange.js';
import { literal, quote } from './names.js';

/** The temporary table in which the file's values stand as texts. */
const STAGED = 'cutover_given_file';

/**
 * See `SqlSession.loadFile`. A DuckDB in memory reads the file and gives each value's text; PostgreSQL reads the texts in its own types, and each value
 * is held against its text there.
 */
export async function loadFile(
  session: SqlSession,
  name: string,
  file: GivenFile,
  wanted: readonly Column[],
  place: Place = 'session',
): Promise<FileLoad> {
  const found = await typesOf(fileRelation(file, ''));
  const absent = wanted.filter((column) => !found.has(column.name));
  if (absent.length > 0) return { kind: 'absent', columns: absent.map((column) => column.name) };
  const read = wanted.map((column) => `${quote(column.name)}: ${literal(jsonType(column))}`);
  const given = (column: Column): string =>
    file.format === 'parquet' ? (found.get(column.name) ?? '') : file.format === 'csv' ? 'VARCHAR' : jsonType(column);
  const texts = wanted.map((column) => `${textOf(column, given(column))} AS ${quote(column.name)}`);
  await session.load(
    STAGED,
    {
      kind: 'relation',
      sql: `(SELECT ${texts.join(', ')} FROM ${fileRelation(file, read.join(', '))}) AS cutover_file`,
    },
    wanted.map((column) => ({ name: column.name, type: column.family === 'list' ? 'text[]' : 'text' })),
  );
  const staged = `pg_temp.${quote(STAGED)}`;
  const casts = wanted.map((column) => ({ column, ...castOf(quote(column.name), column, given(column)) }));
  for (const { column, changed } of casts) {
    if (changed === undefined) continue;
    const [row] = await session.query(
      `SELECT min(CAST(${quote(column.name)} AS TEXT) COLLATE "C") AS value FROM ${staged} WHERE ${changed}`,
    );
    const value = row?.['value'] ?? null;
    if (value !== null) return { kind: 'lossy', column, value: String(value) };
  }
  const values = casts.map(({ column, value }) => `${value} AS ${quote(column.name)}`);
  await session.materialize(name, `SELECT ${values.join(', ')} FROM ${staged}`, place);
  await session.forget(STAGED);
  return { kind: 'loaded' };
}

/** The DuckDB type in which a JSON value is read: numbers and times as they are written. */
function jsonType({ family }: Column): string {
  return family === 'list' ? 'VARCHAR[]' : family === 'json' || family === 'struct' ? 'JSON' : 'VARCHAR';
}

/** DuckDB SQL: the text of a value of the type `given`, as PostgreSQL reads it for the wanted column. */
function textOf(column: Column, given: string): string {
  const value = quote(column.name);
  switch (column.family) {
    case 'list':
      return `CAST(${value} AS VARCHAR[])`;
    case 'bytes':
      return `'\\x' || lower(hex(CAST(${value} AS BLOB)))`;
    case 'json':
      return given === 'VARCHAR' || given === 'JSON'
        ? `CAST(${value} AS VARCHAR)`
        : `CAST(to_json(${value}) AS VARCHAR)`;
    case 'double':
      // The text of a float names another double than the float is.
      return given === 'FLOAT' ? `CAST(CAST(${value} AS DOUBLE) AS VARCHAR)` : `CAST(${value} AS VARCHAR)`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

interface Cast {
  /** PostgreSQL SQL: the value in the wanted type. */
  readonly value: string;
  /** The condition under which it is another than the text says; undefined where that cannot be. */
  readonly changed?: string;
}

function castOf(text: string, { family, type }: Column, given: string): Cast {
  const value = `CAST(${text} AS ${type})`;
  switch (family) {
    case 'integer': {
      const rounded = `CAST(CAST(${text} AS NUMERIC) AS ${type})`;
      return { value: rounded, changed: `CAST(${rounded} AS NUMERIC) <> CAST(${text} AS NUMERIC)` };
    }
    case 'decimal':
      return { value, changed: `${value} <> CAST(${text} AS NUMERIC)` };
    case 'double':
      // A double is by definition the nearest to its text; an exact number of a typed file is not.
      if (given === 'VARCHAR') return { value };
      return given === 'FLOAT' || given === 'DOUBLE'
        ? { value, changed: `CAST(${value} AS DOUBLE PRECISION) <> CAST(${text} AS DOUBLE PRECISION)` }
        : { value, changed: `CAST(CAST(${value} AS TEXT) AS NUMERIC) <> CAST(${text} AS NUMERIC)` };
    case 'text':
      // A cast to varchar(n) cuts without a word; char(n) does not mind blanks at the end.
      return type === 'text'
        ? { value }
        : { value, changed: `rtrim(CAST(${value} AS TEXT)) <> rtrim(${text}) COLLATE "C"` };
    case 'timestamptz':
    case 'timestamp':
    case 'date': {
      // A text without a zone is UTC; a plain cast to timestamp would pass over a zone.
      const full =
        family === 'timestamptz' ? `CAST(${text} AS TIMESTAMPTZ)` : `(CAST(${text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
      const cast = `CAST(${full} AS ${type})`;
      // Words such as `today` are times to PostgreSQL, and parts of a microsecond are rounded away.
      const odd = `${text} !~* '^\\s*[-+]?([0-9]|inf)' OR ${text} ~ '[.][0-9]{6}[0-9]*[1-9]'`;
      return { value: cast, changed: `${odd} OR ${cast} <> ${full}` };
    }
    case 'list':
      return castOfList(text, type);
    default:
      return { value };
  }
}

function castOfList(texts: string, type: string): Cast {
  const value = `CAST(${texts} AS ${type})`;
  if (/^(?:bigint|integer|smallint)\b/.test(type)) {
    const rounded = `CAST(CAST(${texts} AS NUMERIC[]) AS ${type})`;
    return { value: rounded, changed: `CAST(${rounded} AS NUMERIC[]) <> CAST(${texts} AS NUMERIC[])` };
  }
  if (/^numeric\b/.test(type)) return { value, changed: `CAST(${value} AS NUMERIC[]) <> CAST(${texts} AS NUMERIC[])` };
  if (/^character\b/.test(type)) return { value, changed: `CAST(${value} AS TEXT[]) <> ${texts}` };
  return { value };
}
