import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { eventTimeOf, fromText, misfit } from './convert-sql.js';
import type { TextColumn, TextRecord } from './record.js';
import { quoteName, quotePath, quoteText } from './sql-text.js';

const FLUSH_CHARACTERS = 128 * 1024;
/** DuckDB's own default. */
const LINE_BYTES = 2 * 1024 * 1024;

/**
 * The temporary file that carries a chunk of a text file to DuckDB: one CSV record for each event with its offset, the
 * reason why it was rejected, its source text and a text for each column. Written in one fixed form (every value quoted,
 * NULL empty without quotes), so that nothing in it has to be guessed.
 */
export class ScratchFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #holdsNul: boolean;
  #lines: string[] = [];
  #length = 0;
  #longest = 0;

  private constructor(path: string, file: FileHandle, holdsNul: boolean) {
    this.path = path;
    this.#file = file;
    this.#holdsNul = holdsNul;
  }

  /** @param holdsNul whether the store can hold the character U+0000 in a text: otherwise it is shown as in JSON, in source texts and reasons */
  static async create(path: string, holdsNul: boolean): Promise<ScratchFile> {
    return new ScratchFile(path, await open(path, 'wx', 0o600), holdsNul);
  }

  /** Adds an event. True when `flush` is due: most calls touch no file. */
  add(offset: number, raw: string, record: TextRecord): boolean {
    let line = `${offset},${value(this.#shown(record.error))},${value(this.#shown(raw))}`;
    for (const field of record.fields) line += `,${value(field)}`;
    // At most three bytes for each UTF-16 unit.
    if (line.length * 3 > this.#longest) this.#longest = line.length * 3;
    this.#lines.push(line);
    this.#length += line.length;
    return this.#length >= FLUSH_CHARACTERS;
  }

  #shown<T extends string | null>(text: T): T | string {
    return this.#holdsNul || text === null ? text : withoutNul(text);
  }

  /** Ends writing. Returns the longest line in bytes, or a little more. */
  async finish(): Promise<number> {
    await this.flush();
    await this.#file.close();
    return this.#longest;
  }

  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    this.#length = 0;
    await this.#file.writeFile(text, 'utf8');
  }
}

/** A text with the character U+0000 in the form that it has in JSON. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\\u0000') : text;
}

/** The relation over a scratch file; see `Chunk.relation`. */
export function scratchRelation(
  path: string,
  longestLine: number,
  columns: readonly TextColumn[],
  eventTime: string | undefined,
): string {
  const values = columns.map((column, index) => `${fromText(`f${index}`, column.type)} AS v${index}`);
  const eventIndex = columns.findIndex((column) => column.name === eventTime);
  const event = eventTimeOf(eventIndex < 0 ? undefined : `v${eventIndex}`, columns[eventIndex]?.type);
  const reasons = columns.map((column, index) =>
    misfit(column.name, column.declared, `f${index}`, `f${index}`, `v${index}`),
  );
  if (columns[eventIndex]?.type.name === 'text') {
    reasons.push(misfit(columns[eventIndex].name, 'an event time', `v${eventIndex}`, `v${eventIndex}`, `(${event})`));
  }
  const selected = columns.map((column, index) => `v${index} AS ${quoteName(column.name)}`);
  // The user's column names appear only in the outermost SELECT, so that none can shadow a name used inside.
  return (
    `(SELECT o AS _offset, event_time AS _event_time, ${selected.join(', ')}, error AS _error, r AS _raw ` +
    `FROM (SELECT *, ${event} AS event_time, nullif(concat_ws('; ', ${['e', ...reasons].join(', ')}), '') AS error ` +
    `FROM (SELECT *, ${values.join(', ')} FROM ${scratchReader(path, longestLine, columns.length)})))`
  );
}

/** `read_csv` over a scratch file: `o` offset, `e` reason, `r` source text, `f0` ... the columns' texts. */
export function scratchReader(path: string, longestLine: number, columns: number): string {
  const names = ["'o': 'BIGINT'", "'e': 'VARCHAR'", "'r': 'VARCHAR'"];
  for (let index = 0; index < columns; index++) names.push(`'f${index}': 'VARCHAR'`);
  return (
    `read_csv(${quotePath(path)}, columns = {${names.join(', ')}}, auto_detect = false, header = false, delim = ',', ` +
    `quote = ${quoteText('"')}, escape = ${quoteText('"')}, comment = '', new_line = '\\n', nullstr = '', ` +
    `allow_quoted_nulls = false, parallel = false, max_line_size = ${Math.max(LINE_BYTES, longestLine + 1024)})`
  );
}

function value(text: string | null): string {
  if (text === null) return '';
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`;
}
