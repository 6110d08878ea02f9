import type { Cell, Row } from '../model/cell.js';
import type { Column } from '../model/column.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Pipeline, SourceText } from '../model/project.js';
import type { Reducer } from '../model/reducer.js';
import type { Param, SqlDialect, SqlSession } from '../store/contract.js';
import { storedForm } from './stored-form.js';

/** Rows per statement: a statement takes at most 65,535 parameters, and fewer are bound faster. */
const ROWS_PER_STATEMENT = 200;

/** Applies `batch_events` to the pipeline's table: current rows by key, the reducer event by event in order of arrival, changed rows back. */
export async function reduceBatch(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: Pipeline,
  reducer: Reducer,
  source: SourceText,
  schema: string,
): Promise<void> {
  const table = `${dialect.quote(schema)}.${dialect.quote(pipeline.name)}`;
  const columns = await dialect.columns(session, table);
  const keyColumns = pipeline.key.map((name) => columnNamed(columns, name));
  const events = await session.query('SELECT * FROM batch_events ORDER BY _ingested_at, _partition, _offset');
  const given = events.map((event) => ({
    event,
    key: guarded(source, event, () => keyParts(keyColumns, reducer.key(event))),
  }));
  const distinct = new Map(given.flatMap(({ key }) => (key === null ? [] : [[JSON.stringify(key), key]])));
  const found = await fetchRows(session, dialect, table, columns, keyColumns, [...distinct.values()]);
  // By the key as it is stored: two forms of one value (`1` and `01`) are one row.
  const current = new Map([...found.values()].map(({ id, row }) => [id, row]));
  const keys = new Map<string, Cell[]>();
  const rows = new Map<string, Row | null>();
  for (const { event, key } of given) {
    const id = key === null ? undefined : found.get(JSON.stringify(key))?.id;
    if (key === null || id === undefined) continue;
    const parts = keys.get(id) ?? key;
    keys.set(id, parts);
    const before = (rows.has(id) ? rows.get(id) : current.get(id)) ?? null;
    const after = guarded(source, event, () => nextRow(columns, reducer.reduce(before, event)));
    const filledIn = Object.fromEntries(pipeline.key.map((name, i) => [name, parts[i] ?? null]));
    rows.set(id, after === null ? null : { ...after, ...filledIn });
  }
  const removed = [...rows].filter(([id, row]) => row === null && (current.get(id) ?? null) !== null);
  await removeRows(
    session,
    dialect,
    table,
    keyColumns,
    removed.map(([id]) => keys.get(id) ?? []),
  );
  await upsertRows(
    session,
    dialect,
    table,
    columns,
    pipeline.key,
    [...rows.values()].filter((row) => row !== null),
  );
}

/** The key's values in the pipeline's order. Modules need not be typed, so what they return is checked. */
function keyParts(columns: readonly Column[], key: ReturnType<Reducer['key']>): Cell[] | null {
  requireObject('key()', key);
  if (key === null) return null;
  const absent = columns.filter(({ name }) => !Object.hasOwn(key, name));
  if (absent.length > 0) throw new Error(`key() left out the key column ${absent.map(({ name }) => name).join(', ')}`);
  return columns.map((column) => storedForm(column, key[column.name] ?? null));
}

function requireObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Promise) {
    const found = value instanceof Promise ? 'a promise' : Array.isArray(value) ? 'a list' : typeof value;
    throw new Error(`${what} returned ${found}, not an object by column, or null`);
  }
}

/** A row with a column that the table does not have would lose it silently; a forgotten `return` or an async reducer would write NULLs. */
function nextRow(columns: readonly Column[], row: Row | null): Row | null {
  requireObject('reduce()', row);
  const unknown = Object.keys(row ?? {}).filter((name) => !columns.some((column) => column.name === name));
  if (unknown.length > 0) {
    const known = columns.map(({ name }) => name).join(', ');
    throw new Error(`reduce() returned the column ${unknown.join(', ')}, which the table does not have (${known})`);
  }
  if (row === null) return null;
  return Object.fromEntries(
    columns.flatMap((column) => {
      const value = row[column.name];
      return value === undefined ? [] : [[column.name, storedForm(column, value)]];
    }),
  );
}

function guarded<T>(source: SourceText, event: Row, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const at = `partition ${String(event['_partition'])}, offset ${String(event['_offset'])}`;
    throw new CutoverError(
      'STREAM_JOB_FAILED',
      `the reducer failed at ${at}: ${messageOf(error)}`,
      'Correct the reducer: the micro-batch was rolled back.',
      {
        place: { file: source.path },
        cause: error,
      },
    );
  }
}

function columnNamed(columns: readonly Column[], name: string): Column {
  const column = columns.find((one) => one.name === name);
  if (column === undefined)
    throw new CutoverError(
      'KEY_COLUMN_MISSING',
      `no column ${name} in the stream table`,
      'Name an existing column as key.',
    );
  return column;
}

function* chunks<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

/** A parameter with its cast; lists and objects travel as JSON text. */
function bound(dialect: SqlDialect, params: Param[], value: Cell | undefined, column: Column): string {
  const structured = typeof value === 'object' && value !== null;
  params.push(structured ? JSON.stringify(value) : (value ?? null));
  return structured
    ? dialect.fromJson(`CAST($${params.length} AS VARCHAR)`, column)
    : `CAST($${params.length} AS ${column.type})`;
}

/** Each key as the reducer gave it (as JSON) with its canonical form `id` and the row that stands under it. */
async function fetchRows(
  session: SqlSession,
  dialect: SqlDialect,
  table: string,
  columns: readonly Column[],
  keyColumns: readonly Column[],
  keys: readonly Cell[][],
): Promise<Map<string, { readonly id: string; readonly row: Row | null }>> {
  const found = new Map<string, { id: string; row: Row | null }>();
  for (const part of chunks(keys, ROWS_PER_STATEMENT)) {
    const params: Param[] = [];
    const values = part.map(
      (key, n) => `(${n}, ${keyColumns.map((column, i) => bound(dialect, params, key[i], column)).join(', ')})`,
    );
    const names = keyColumns.map((_, i) => `cutover_k${i}`);
    const on = keyColumns.map(({ name }, i) => `t.${dialect.quote(name)} = k.cutover_k${i}`).join(' AND ');
    const texts = keyColumns.map((column, i) => `${dialect.canonicalText(`k.cutover_k${i}`, column)} AS cutover_t${i}`);
    const rows = await session.query(
      `SELECT k.cutover_n, t.cutover_found, ${texts.join(', ')}, ${columns.map(({ name }) => `t.${dialect.quote(name)}`).join(', ')}
       FROM (VALUES ${values.join(', ')}) k(cutover_n, ${names.join(', ')})
       LEFT JOIN (SELECT *, true AS cutover_found FROM ${table}) t ON ${on}`,
      params,
    );
    for (const row of rows) {
      const id = JSON.stringify(keyColumns.map((_, i) => row[`cutover_t${i}`]));
      const stored = Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]));
      found.set(JSON.stringify(part[Number(row['cutover_n'])]), {
        id,
        row: row['cutover_found'] === true ? stored : null,
      });
    }
  }
  return found;
}

async function removeRows(
  session: SqlSession,
  dialect: SqlDialect,
  table: string,
  keyColumns: readonly Column[],
  keys: readonly Cell[][],
): Promise<void> {
  for (const key of keys) {
    const params: Param[] = [];
    const where = keyColumns
      .map((column, i) => `${dialect.quote(column.name)} = ${bound(dialect, params, key[i], column)}`)
      .join(' AND ');
    await session.run(`DELETE FROM ${table} WHERE ${where}`, params);
  }
}

async function upsertRows(
  session: SqlSession,
  dialect: SqlDialect,
  table: string,
  columns: readonly Column[],
  key: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const names = columns.map(({ name }) => dialect.quote(name));
  const others = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => dialect.quote(name));
  const update =
    others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  for (const part of chunks(rows, ROWS_PER_STATEMENT)) {
    const params: Param[] = [];
    const values = part.map(
      (row) => `(${columns.map((column) => bound(dialect, params, row[column.name], column)).join(', ')})`,
    );
    await session.run(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES ${values.join(', ')} ON CONFLICT (${key.map(dialect.quote).join(', ')}) DO ${update}`,
      params,
    );
  }
}
