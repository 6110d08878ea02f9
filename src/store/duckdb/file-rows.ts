import { CutoverError } from '../../model/errors.js';
import { mappedFileError, unreadable } from './file-failure.js';
import type { FileRows, FilesToRead } from './files-to-read.js';
import { readNdjson } from './ndjson-rows.js';
import type { Workspace } from './workspace.js';

/** The files of a glob, sorted. Errors: ENDPOINT_MISSING. */
export async function findFiles(workspace: Workspace, pattern: string, label: string): Promise<string[]> {
  const rows = await workspace.session.query(`SELECT file FROM glob($1) ORDER BY file`, [pattern]);
  if (rows.length === 0)
    throw new CutoverError(
      'ENDPOINT_MISSING',
      `no file matches ${label}`,
      'Correct the pattern; it is relative to the working folder. Put it in quotes, so that the shell leaves it alone.',
    );
  return rows.map((row) => String(row['file']));
}

/** DuckDB takes every path for a pattern. */
export function fileList(workspace: Workspace, files: readonly string[]): string {
  const { literal } = workspace.dialect;
  return `[${files.map((file) => literal(file.replace(/[[*?]/g, '[$&]'))).join(', ')}]`;
}

/** Errors: ENDPOINT_MISSING, ENDPOINT_UNREADABLE (with the line, where there is one). */
export async function readFiles(workspace: Workspace, request: FilesToRead): Promise<FileRows> {
  try {
    switch (request.format) {
      case 'parquet':
        return await readParquet(workspace, request);
      case 'csv':
        return await readCsv(workspace, request);
      case 'ndjson':
        return await readNdjson(workspace, request, fileList(workspace, request.files));
    }
  } catch (error) {
    throw mappedFileError(error, request.label);
  }
}

const FLOATING = /^(?:FLOAT|DOUBLE)$/;
const EXACT = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|UINTEGER|DECIMAL.*)$/;

/** A view over the files: what is asked of it is read where it lies. Columns are matched by name; where types differ, only what loses nothing is taken. */
async function readParquet(workspace: Workspace, { files, label }: FilesToRead): Promise<FileRows> {
  const of = (list: readonly string[]): string =>
    `read_parquet(${fileList(workspace, list)}, union_by_name = true, hive_partitioning = false)`;
  const notes: string[] = [];
  if (files.length > 1) {
    const types = new Map<string, Map<string, string[]>>();
    for (const file of files) {
      for (const { name, type } of await workspace.columns(of([file]), file)) {
        const ofColumn = types.get(name) ?? new Map<string, string[]>();
        ofColumn.set(type, [...(ofColumn.get(type) ?? []), file]);
        types.set(name, ofColumn);
      }
    }
    for (const [name, ofColumn] of types) {
      const found = [...ofColumn.keys()];
      if (found.some((type) => FLOATING.test(type)) && found.some((type) => EXACT.test(type)))
        throw unreadable(
          label,
          `column ${name} is ${[...ofColumn].map(([type, list]) => `${type} in ${list[0] ?? ''}`).join(' and ')}: read together, its exact numbers would be rounded`,
        );
      if (found.length > 1) notes.push(`column ${name} is ${found.join(' and ')} in the files of ${label}`);
      const lacking = files.length - [...ofColumn.values()].flat().length;
      if (lacking > 0)
        notes.push(
          `column ${name} is missing in ${lacking} of the ${files.length} files of ${label}: it is NULL there`,
        );
    }
  }
  return { relation: of(files), written: new Map(), notes, files };
}

/**
 * RFC 4180, and nothing guessed: every value is a text first. NULL is an empty value without quotes. Read on one thread: where several begin in the middle of
 * a file, DuckDB may take a quoted line break for the end of a record.
 */
const CSV = `auto_detect = false, quote = '"', escape = '"', comment = '', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false`;
/** Longer records are an error. */
const LINES = 'max_line_size = 8388608, buffer_size = 33554432';

async function readCsv(workspace: Workspace, request: FilesToRead): Promise<FileRows> {
  const { quote, literal } = workspace.dialect;
  const groups = new Map<string, string[]>();
  for (const file of request.files) {
    const line = await firstLine(workspace, file);
    groups.set(line, [...(groups.get(line) ?? []), file]);
  }
  const all: string[] = [];
  const selects: string[] = [];
  const notes: string[] = [];
  const having = new Map<string, number>();
  const readers: { files: readonly string[]; reader: (list: string) => string }[] = [];
  for (const [line, files] of groups) {
    const { delimiter, names } = request.header(line);
    const checked = checkedNames(names, files[0] ?? request.label);
    for (const name of checked) having.set(name, (having.get(name) ?? 0) + files.length);
    all.push(...checked.filter((name) => !all.includes(name)));
    const columns = checked.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
    const reader = (list: string): string =>
      `read_csv(${list}, columns = {${columns}}, header = true, delim = ${literal(delimiter)}, ${CSV}, ${LINES}`;
    readers.push({ files, reader });
    selects.push(
      `SELECT ${checked.map(quote).join(', ')} FROM ${reader(fileList(workspace, files))}, parallel = false)`,
    );
  }
  for (const [name, count] of having) {
    if (count < request.files.length)
      notes.push(
        `column ${name} is missing in ${request.files.length - count} of the ${request.files.length} files of ${request.label}: it is NULL there`,
      );
  }
  const relation = await workspace.keep(request.as, selects.join(' UNION ALL BY NAME '));
  for (const { files, reader } of readers) await requireClosed(workspace, files, reader);
  return { relation, written: new Map(all.map((name) => [name, 'text'])), notes, files: request.files };
}

/** Lines as they are, whatever is in them. */
function plainLines(workspace: Workspace, files: readonly string[], more = ''): string {
  return `read_csv(${fileList(workspace, files)}, columns = {'line': 'VARCHAR'}, header = false, delim = '\u0001', auto_detect = false,
    quote = '', escape = '', comment = '', strict_mode = false, hive_partitioning = false, ${LINES}${more})`;
}

/**
 * On one thread DuckDB 1.5 drops, without a word, a last record in which a quote is never closed. Such a file has an odd number of quotes; so may one with a
 * quote inside a plain value, and then the other way of reading, which does refuse an open quote, finds as many records.
 */
async function requireClosed(
  workspace: Workspace,
  files: readonly string[],
  reader: (list: string) => string,
): Promise<void> {
  const { session } = workspace;
  const odd = await session.query(
    `SELECT filename FROM ${plainLines(workspace, files, ', filename = true')} GROUP BY filename
     HAVING sum(length(line) - length(replace(line, '"', ''))) % 2 = 1`,
  );
  for (const row of odd) {
    const file = String(row['filename']);
    const list = fileList(workspace, [file]);
    const [counted] = await session.query(
      `SELECT (SELECT count(*) FROM ${reader(list)})) = (SELECT count(*) FROM ${reader(list)}, parallel = false)) AS same`,
    );
    if (counted?.['same'] !== true) throw unreadable(file, 'a quote in it is never closed');
  }
}

/** On one thread: of several, which begin in parts of the file, any may be the first to have a line. */
async function firstLine(workspace: Workspace, file: string): Promise<string> {
  const lines = plainLines(workspace, [file], ', parallel = false');
  const [row] = await workspace.session.query(`SELECT line FROM ${lines} LIMIT 1`);
  const line = row?.['line'];
  if (typeof line !== 'string') throw unreadable(file, 'it is empty, without a line of column names');
  return line;
}

function checkedNames(names: readonly (string | null)[] | undefined, file: string): string[] {
  if (names === undefined)
    throw unreadable(file, 'its first line, with the column names, is not well formed', undefined, 1);
  const checked = names.map((name) => name ?? '');
  const folded = checked.map((name) => name.toLowerCase());
  if (checked.includes('')) throw unreadable(file, 'a column has no name in its first line', undefined, 1);
  const twice = checked.find((name, i) => folded.indexOf(name.toLowerCase()) !== i);
  if (twice !== undefined) throw unreadable(file, `its first line names the column ${twice} twice`, undefined, 1);
  return checked;
}
