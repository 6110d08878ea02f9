import type { FileFormat } from '../../model/project.js';
import { CutoverError } from '../../model/errors.js';
import { mappedFileError, unreadable } from './file-failure.js';
import { readNdjson } from './ndjson-rows.js';
import type { Written } from './text-columns.js';
import type { Workspace } from './workspace.js';

/** Rows of files in the workspace. */
export interface FileRows {
  readonly relation: string;
  /** Columns that hold texts of values of which no type was said. */
  readonly written: ReadonlyMap<string, Written>;
  readonly notes: readonly string[];
  /** What was read. */
  readonly files: readonly string[];
}

export interface FilesToRead {
  readonly format: FileFormat;
  /** Absolute. */
  readonly files: readonly string[];
  readonly label: string;
  /** Name for what has to be kept of them. */
  readonly as: string;
  /** Takes the first line of a CSV file apart. */
  readonly header: (line: string) => {
    readonly names: readonly (string | null)[] | undefined;
    readonly delimiter: string;
  };
}

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

/** RFC 4180, and nothing guessed: every value is a text first. NULL is an empty value without quotes. Read on one thread: quoted line breaks stay what they are. */
const CSV = `auto_detect = false, quote = '"', escape = '"', comment = '', nullstr = '', allow_quoted_nulls = false, parallel = false, hive_partitioning = false`;
const LONGEST = 64 * 1024 * 1024;

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
  for (const [line, files] of groups) {
    const { delimiter, names } = request.header(line);
    const checked = checkedNames(names, files[0] ?? request.label);
    for (const name of checked) having.set(name, (having.get(name) ?? 0) + files.length);
    all.push(...checked.filter((name) => !all.includes(name)));
    const columns = checked.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
    // A line that is too long is an error; the bound is memory's.
    selects.push(
      `SELECT ${checked.map(quote).join(', ')} FROM read_csv(${fileList(workspace, files)}, columns = {${columns}}, header = true, delim = ${literal(delimiter)}, ${CSV}, max_line_size = ${LONGEST})`,
    );
  }
  for (const [name, count] of having) {
    if (count < request.files.length)
      notes.push(
        `column ${name} is missing in ${request.files.length - count} of the ${request.files.length} files of ${request.label}: it is NULL there`,
      );
  }
  const relation = await workspace.keep(request.as, selects.join(' UNION ALL BY NAME '));
  return { relation, written: new Map(all.map((name) => [name, 'text'])), notes, files: request.files };
}

async function firstLine(workspace: Workspace, file: string): Promise<string> {
  const [row] = await workspace.session.query(
    `SELECT line FROM read_csv(${fileList(workspace, [file])}, columns = {'line': 'VARCHAR'}, header = false, delim = '\u0001', auto_detect = false,
       quote = '', escape = '', comment = '', strict_mode = false, max_line_size = ${LONGEST}) LIMIT 1`,
  );
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
