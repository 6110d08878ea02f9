import { CutoverError } from '../../model/errors.js';
import type { FileRows, FilesToRead } from './file-rows.js';
import { unreadable } from './file-failure.js';
import type { Written } from './text-columns.js';
import type { Workspace } from './workspace.js';

/**
 * DuckDB's JSON turns a number with a fraction into a double. So each number of a line is first made a text with this mark in front, by a pattern that
 * passes over texts: the digits then stay what they are.
 */
const MARK = '\\u0001';
const TOKENS = String.raw`("(?:[^"\\]|\\.)*")|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)`;
const marked = (json: string): string =>
  `replace(replace(replace(regexp_replace(${json}, '${TOKENS}', '\\1' || chr(1) || '\\2' || chr(2), 'g'), chr(1) || chr(2), ''), chr(1), '"${MARK}'), chr(2), '"')`;
const unmarked = (json: string): string => String.raw`regexp_replace(${json}, '"\\u0001([^"]*)"', '\1', 'g')`;

/** One JSON object a line; a member that is absent is NULL, as one that is null. */
export async function readNdjson(workspace: Workspace, request: FilesToRead, list: string): Promise<FileRows> {
  const { session } = workspace;
  const { quote, literal } = workspace.dialect;
  const lines = await workspace.keep(
    `${request.as}_lines`,
    `SELECT ${marked('json')} AS j FROM read_ndjson_objects(${list}, format = 'newline_delimited', maximum_object_size = 67108864, hive_partitioning = false)`,
  );
  const [odd] = await session.query(
    `SELECT CAST(j AS VARCHAR) AS j FROM ${lines} WHERE json_type(j) <> 'OBJECT' OR len(json_keys(j)) <> len(list_distinct(json_keys(j))) LIMIT 1`,
  );
  if (odd !== undefined)
    throw unreadable(
      request.label,
      `a line is no object, or names a member twice: ${String(odd['j']).replaceAll(MARK, '').slice(0, 80)}`,
    );
  const names = await namesOf(workspace, lines, request.label);
  const pointer = (name: string): string => literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  const type = (name: string): string => `json_type(j, ${pointer(name)})`;
  const text = (name: string): string => `json_extract_string(j, ${pointer(name)})`;
  const counts = names.flatMap((name, i) => [
    `count(*) FILTER (WHERE ${type(name)} = 'VARCHAR' AND starts_with(${text(name)}, chr(1))) AS n${i}`,
    `count(*) FILTER (WHERE ${type(name)} = 'VARCHAR' AND NOT starts_with(${text(name)}, chr(1))) AS s${i}`,
    `count(*) FILTER (WHERE ${type(name)} = 'BOOLEAN') AS b${i}`,
    `count(*) FILTER (WHERE ${type(name)} IN ('OBJECT', 'ARRAY')) AS o${i}`,
  ]);
  const [row = {}] = counts.length === 0 ? [] : await session.query(`SELECT ${counts.join(', ')} FROM ${lines}`);
  const written = new Map<string, Written>();
  const notes: string[] = [];
  const values = names.map((name, i) => {
    const [numbers, texts, truths, nested] = ['n', 's', 'b', 'o'].map((kind) => Number(row[`${kind}${i}`] ?? 0) > 0);
    const as = ` AS ${quote(name)}`;
    if (nested === true) {
      const whole = unmarked(`CAST(json_extract(j, ${pointer(name)}) AS VARCHAR)`);
      return `CASE WHEN ${type(name)} <> 'NULL' THEN CAST(${whole} AS JSON) END${as}`;
    }
    const plain = `ltrim(${text(name)}, chr(1))`;
    if (truths === true && numbers !== true && texts !== true) return `CAST(${plain} AS BOOLEAN)${as}`;
    if ([numbers, texts, truths].filter((one) => one === true).length > 1)
      notes.push(`column ${name} of ${request.label} holds values of several types, which are compared by their texts`);
    written.set(name, numbers === true && texts !== true && truths !== true ? 'number' : 'string');
    return `${plain}${as}`;
  });
  const relation = await workspace.keep(
    request.as,
    `SELECT ${values.length === 0 ? '1 AS nothing' : values.join(', ')} FROM ${lines}`,
  );
  await session.script(`DROP TABLE ${lines}`);
  return { relation, written, notes, files: request.files };
}

/** Members by their first appearance. */
async function namesOf(workspace: Workspace, lines: string, label: string): Promise<string[]> {
  const rows = await workspace.session.query(
    `SELECT k, min(n) AS first FROM (SELECT k, n FROM (SELECT unnest(json_keys(j)) AS k, generate_subscripts(json_keys(j), 1) AS n FROM ${lines})) GROUP BY k ORDER BY first, k`,
  );
  const names = rows.map((row) => String(row['k']));
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
