import type { Column } from '../../model/column.js';
import type { FileLoad, SqlSession } from '../contract.js';
import { fileRelation, type GivenFile } from '../file-relation.js';
import { ndjsonMembers } from '../ndjson-members.js';
import { duckDbDialect } from './dialect.js';
import { fromJson, fromText, fromTyped, type GivenValue } from './given-value.js';

/** See `SqlSession.loadFile`. Text formats are read as texts, each of which is held against the value that a cast makes of it: nothing is rounded or cut off. */
export async function loadFile(
  session: SqlSession,
  name: string,
  file: GivenFile,
  wanted: readonly Column[],
): Promise<FileLoad> {
  const found = await givenValues(session, file, wanted);
  if ('kind' in found) return found;
  const { source, values } = found;
  const { quote } = duckDbDialect;
  const checked = values.flatMap(({ changed, ...one }) => (changed === undefined ? [] : [{ ...one, changed }]));
  const list = checked.map(
    ({ changed, given }, i) => `min(CASE WHEN ${changed} THEN CAST(${given} AS VARCHAR) END) AS c${i}`,
  );
  const [row = {}] = list.length === 0 ? [] : await session.query(`SELECT ${list.join(', ')} FROM ${source}`);
  for (const [i, { column }] of checked.entries()) {
    const value = row[`c${i}`] ?? null;
    if (value !== null) return { kind: 'lossy', column, value: String(value) };
  }
  const columns = values.map(({ column, value }) => `${value} AS ${quote(column.name)}`);
  await session.materialize(name, `SELECT ${columns.join(', ')} FROM ${source}`);
  return { kind: 'loaded' };
}

type Found = { readonly source: string; readonly values: readonly (GivenValue & { readonly column: Column })[] };

async function givenValues(
  session: SqlSession,
  file: GivenFile,
  wanted: readonly Column[],
): Promise<Found | Extract<FileLoad, { kind: 'absent' }>> {
  const { quote } = duckDbDialect;
  if (file.format === 'ndjson') {
    const members = await ndjsonMembers((sql) => session.query(sql), file.path, wanted);
    if ('absent' in members) return { kind: 'absent', columns: members.absent };
    return {
      source: members.relation,
      values: wanted.map((column, i) => ({ column, ...fromJson(members.member(i), column.type) })),
    };
  }
  const { format, path } = file;
  const source = fileRelation({ format, path });
  const given = new Map((await duckDbDialect.columns(session, source)).map((column) => [column.name, column]));
  const absent = wanted.filter((column) => !given.has(column.name));
  if (absent.length > 0) return { kind: 'absent', columns: absent.map((column) => column.name) };
  return {
    source,
    values: wanted.map((column) => {
      const value = quote(column.name);
      const from = given.get(column.name);
      return {
        column,
        ...(format === 'csv' || from === undefined ? fromText(value, column.type) : fromTyped(value, from, column)),
      };
    }),
  };
}
