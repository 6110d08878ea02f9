import { isNumeric, isTimestamp, type Column } from '../../model/column.js';
import type { FileLoad, SqlSession } from '../contract.js';
import { fileRelation, type GivenFile } from '../file-relation.js';
import { duckDbDialect } from './dialect.js';

/** See `SqlSession.loadFile`. */
export async function loadFile(
  session: SqlSession,
  name: string,
  file: GivenFile,
  wanted: readonly Column[],
): Promise<FileLoad> {
  const { quote, literal } = duckDbDialect;
  const names = new Set((await duckDbDialect.columns(session, fileRelation(file, ''))).map((column) => column.name));
  const absent = wanted.filter((column) => !names.has(column.name));
  if (absent.length > 0) return { kind: 'absent', columns: absent.map((column) => column.name) };
  const texts = wanted.map((column) => `${quote(column.name)}: ${literal(textual(column))}`);
  const source = fileRelation(file, texts.join(', '));
  const list = wanted.map((column) => `CAST(${quote(column.name)} AS ${column.type}) AS ${quote(column.name)}`);
  await session.materialize(name, `SELECT ${list.join(', ')} FROM ${source}`);
  return lossless(session, wanted, source);
}

/** How a JSON value of a column is read: whole numbers, decimals and times as they are written. */
function textual({ family, type }: Column): string {
  return family === 'list' || family === 'struct' || family === 'json' || family === 'other' ? type : 'VARCHAR';
}

/** Finds a value that the cast changed: rounding it could make two sides agree that do not. */
async function lossless(session: SqlSession, wanted: readonly Column[], source: string): Promise<FileLoad> {
  const { quote } = duckDbDialect;
  const found = new Map((await duckDbDialect.columns(session, source)).map((column) => [column.name, column]));
  const checked = wanted.flatMap((column) => {
    const given = found.get(column.name);
    const changed = given === undefined ? undefined : changedBy(quote(column.name), given, column);
    return changed === undefined ? [] : [{ column, changed }];
  });
  if (checked.length === 0) return { kind: 'loaded' };
  const list = checked.map(
    ({ column, changed }, i) => `min(CASE WHEN ${changed} THEN CAST(${quote(column.name)} AS VARCHAR) END) AS c${i}`,
  );
  const [row] = await session.query(`SELECT ${list.join(', ')} FROM ${source}`);
  for (const [i, { column }] of checked.entries()) {
    const value = row?.[`c${i}`] ?? null;
    if (value !== null) return { kind: 'lossy', column, value: String(value) };
  }
  return { kind: 'loaded' };
}

/** The SQL condition under which a value is another one after its cast; undefined where the cast cannot change it. */
function changedBy(value: string, given: Column, wanted: Column): string | undefined {
  const cast = `CAST(${value} AS ${wanted.type})`;
  if (given.type === wanted.type) return undefined;
  if (given.family !== 'text') {
    const narrows = isNumeric(wanted.family) || isTimestamp(wanted.family) || wanted.family === 'date';
    return narrows ? `CAST(${cast} AS ${given.type}) <> ${value}` : undefined;
  }
  if (wanted.family === 'date') return `CAST(${value} AS TIMESTAMP) <> ${cast}`;
  // A double is by definition the nearest to its text. What no decimal can hold is held against the double.
  if (wanted.family !== 'integer' && wanted.family !== 'decimal') return undefined;
  const exact = 'DECIMAL(38, 15)';
  return `coalesce(TRY_CAST(${value} AS ${exact}) <> TRY_CAST(${cast} AS ${exact}), CAST(${value} AS DOUBLE) <> CAST(${cast} AS DOUBLE))`;
}
