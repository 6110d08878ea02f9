import { CutoverError, messageOf } from '../../model/errors.js';
import { describeLine, malformedLine, oddLine, type AskDuckDb, type BadLine } from '../ndjson-lines.js';
import {
  isMarkedNumber,
  isTooLong,
  LINE_SIZES,
  markedLines,
  memberPointer,
  ODD_LINE,
  unmarkedJson,
  unmarkedName,
  unmarkedText,
} from '../ndjson-sql.js';
import type { Row } from '../contract.js';
import type { FileRows, FilesToRead } from './files-to-read.js';
import { unreadable } from './file-failure.js';
import type { Written } from './text-candidates.js';
import type { Workspace } from './workspace.js';

/** Counts of one statement: each takes a megabyte while it runs, which DuckDB's memory limit does not count. */
const AT_ONCE = 128;

/** One JSON object a line; a member that is absent is NULL, as one that is null. */
export async function readNdjson(workspace: Workspace, request: FilesToRead, list: string): Promise<FileRows> {
  const { session } = workspace;
  const { quote } = workspace.dialect;
  const lines = await keptLines(workspace, request, list);
  const names = await namesOf(workspace, lines, request.label);
  if (names.length === 0) throw unreadable(request.label, 'its objects have no members');
  const pointers = names.map(memberPointer).join(', ');
  const values = await workspace.keep(
    `${request.as}_values`,
    `SELECT json_type(j, [${pointers}]) AS t, json_extract_string(j, [${pointers}]) AS v FROM ${lines}`,
  );
  await session.script(`DROP TABLE ${lines}`);
  const type = (i: number): string => `t[${i + 1}]`;
  const text = (i: number): string => `v[${i + 1}]`;
  const counts = names.flatMap((_, i) => [
    `count(*) FILTER (WHERE ${type(i)} IN ('BIGINT', 'UBIGINT', 'DOUBLE') OR ${type(i)} = 'VARCHAR' AND ${isMarkedNumber(text(i))}) AS n${i}`,
    `count(*) FILTER (WHERE ${type(i)} = 'VARCHAR' AND NOT ${isMarkedNumber(text(i))}) AS s${i}`,
    `count(*) FILTER (WHERE ${type(i)} = 'BOOLEAN') AS b${i}`,
    `count(*) FILTER (WHERE ${type(i)} IN ('OBJECT', 'ARRAY')) AS o${i}`,
  ]);
  const row: Row = {};
  for (let from = 0; from < counts.length; from += AT_ONCE) {
    const some = counts.slice(from, from + AT_ONCE).join(', ');
    Object.assign(row, ...(await session.query(`SELECT ${some} FROM ${values}`)));
  }
  const written = new Map<string, Written>();
  const notes: string[] = [];
  const columns = names.map((name, i) => {
    const [numbers, texts, truths, nested] = ['n', 's', 'b', 'o'].map((kind) => Number(row[`${kind}${i}`] ?? 0) > 0);
    const as = ` AS ${quote(name)}`;
    const plain = `(${unmarkedText(text(i))})`;
    if (nested === true) {
      // A text beside objects has lost its quotes here; a number has its mark.
      const scalar = `CASE WHEN ${isMarkedNumber(text(i))} THEN ${plain} ELSE CAST(to_json(${plain}) AS VARCHAR) END`;
      const whole = `CASE ${type(i)} WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN ${scalar} WHEN 'OBJECT' THEN ${unmarkedJson(text(i))} WHEN 'ARRAY' THEN ${unmarkedJson(text(i))} ELSE ${text(i)} END`;
      written.set(name, 'json');
      return `CAST(${whole} AS JSON)${as}`;
    }
    if (truths === true && numbers !== true && texts !== true) return `CAST(${plain} AS BOOLEAN)${as}`;
    const mixed = [numbers, texts, truths].filter((one) => one === true).length > 1;
    if (mixed)
      notes.push(`column ${name} of ${request.label} holds values of several types, which are compared by their texts`);
    written.set(name, mixed ? 'mixed' : numbers === true ? 'number' : 'string');
    return `${plain}${as}`;
  });
  const relation = await workspace.keep(request.as, `SELECT ${columns.join(', ')} FROM ${values}`);
  await session.script(`DROP TABLE ${values}`);
  return { relation, written, notes, files: request.files };
}

/** The lines, marked. Errors: ENDPOINT_UNREADABLE, with the line. */
async function keptLines(workspace: Workspace, { as, label, files }: FilesToRead, list: string): Promise<string> {
  const ask: AskDuckDb = (sql) => workspace.session.query(sql);
  const failed = (bad: BadLine, cause?: unknown): CutoverError => unreadable(label, describeLine(bad), cause, bad.line);
  try {
    const { lines, longest } = await keptWhole(workspace, `${as}_lines`, list);
    const [odd] = await ask(`SELECT 1 AS odd FROM ${lines} WHERE ${ODD_LINE} LIMIT 1`);
    const bad = odd === undefined ? null : await oddLine(ask, list, files, longest);
    if (bad !== null) throw failed(bad);
    return lines;
  } catch (error) {
    const bad =
      error instanceof CutoverError && error.cause === undefined
        ? null
        : await malformedLine(ask, files, messageOf(error));
    throw bad === null ? error : failed(bad, error);
  }
}

/** Lines are short as a rule, and buffers for long ones would take all the memory; where one is longer than expected all are read again. */
async function keptWhole(
  workspace: Workspace,
  name: string,
  list: string,
  [longest, ...longer]: readonly number[] = LINE_SIZES,
): Promise<{ readonly lines: string; readonly longest: number | undefined }> {
  try {
    return { lines: await workspace.keep(name, `SELECT j FROM ${markedLines(list, longest)}`), longest };
  } catch (error) {
    if (longer.length === 0 || !isTooLong(messageOf(error))) throw error;
    return keptWhole(workspace, name, list, longer);
  }
}

/** Members by their first appearance. */
async function namesOf(workspace: Workspace, lines: string, label: string): Promise<string[]> {
  const rows = await workspace.session.query(
    `SELECT k, min(n) AS first FROM (SELECT k, n FROM (SELECT unnest(json_keys(j)) AS k, generate_subscripts(json_keys(j), 1) AS n FROM ${lines})) GROUP BY k ORDER BY first, k`,
  );
  const names = rows.map((row) => unmarkedName(String(row['k'])));
  const folded = names.map((name) => name.toLowerCase());
  const twice = names.find((name, i) => folded.indexOf(name.toLowerCase()) !== i);
  if (twice !== undefined)
    throw new CutoverError(
      'ENDPOINT_UNREADABLE',
      `${label} has members that differ in upper and lower case only: ${twice}`,
      'Rename one of them.',
    );
  return names;
}
