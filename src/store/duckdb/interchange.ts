import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeclaredColumn } from '../../model/project.js';
import { duckDbDialect } from './dialect.js';
import { columnType } from './types.js';

/** DuckDB's own default. */
const LINE_BYTES = 2 * 1024 * 1024;

/** Writes the parts of a CSV source to a file, runs `work` with its path and a bound of its longest record in bytes, and removes it. */
export async function withScratchFile<T>(
  parts: readonly Uint8Array[],
  work: (path: string, longest: number) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-'));
  try {
    const path = join(folder, 'rows.csv');
    await writeFile(path, parts, { mode: 0o600 });
    // A record is no longer than the part it stands in.
    const longest = parts.reduce((most, part) => Math.max(most, part.length), 0);
    return await work(path, longest);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The query that reads a file in the interchange form (docs/design.md). */
export function csvRelation(path: string, longest: number, columns: readonly DeclaredColumn[]): string {
  const names = columns.map((_, i) => `'f${i}': 'VARCHAR'`);
  const values = columns.map(({ name, type }, i) => `${fromText(`f${i}`, type)} AS ${duckDbDialect.quote(name)}`);
  return (
    `SELECT ${values.join(', ')} FROM read_csv(${duckDbDialect.literal(path)}, columns = {${names.join(', ')}}, auto_detect = false, ` +
    `header = false, delim = ',', quote = '"', escape = '"', comment = '', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, ` +
    `parallel = false, max_line_size = ${Math.max(LINE_BYTES, longest + 1024)})`
  );
}

function fromText(text: string, declared: string): string {
  if (declared.endsWith('[]')) {
    const element = declared.slice(0, -2);
    const elements = `json_extract_string(${text}, '$[*]')`;
    return element === 'text' ? elements : `list_transform(${elements}, lambda item: ${fromText('item', element)})`;
  }
  if (declared === 'text') return text;
  return declared === 'bytes' ? `unhex(substr(${text}, 3))` : `CAST(${text} AS ${columnType(declared)})`;
}
