import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import type { Chunk, PartitionState, RawRecord, Reread } from '../contract.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { Logger } from '../../model/ports.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import { replaced, schemaMismatch, shrunk, unreadable } from './file-errors.js';
import { fingerprint, stampOf } from './fingerprint.js';
import type { LogFile } from './log-file.js';
import { statFile } from './log-file.js';
import type { Checkpoint, TextPosition } from './position.js';
import { readPosition, writePosition } from './position.js';
import { textColumns } from '../record/record.js';
import { rereadText } from './retry.js';
import { scratchRelation } from '../record/scratch.js';
import { takeTextChunk } from './text-chunk.js';
import type { CsvHeader, TextFormat } from './text-format.js';
import { csvFormat, ndjsonFormat, readCsvHeader } from './text-format.js';
import { readFully } from './text-window.js';

const HEADER_BYTES = 1024 * 1024;

export interface TextFileOptions {
  readonly path: string;
  readonly name: string;
  readonly format: 'csv' | 'ndjson';
  readonly columns: readonly DeclaredColumn[];
  /** The columns were declared; otherwise the header must name exactly these. */
  readonly declared: boolean;
  readonly eventTime: string | undefined;
  /** Whether the store can hold the character U+0000 in a text. */
  readonly holdsNul: boolean;
  /** Gives a new path for a scratch file. */
  readonly scratchPath: () => Promise<string>;
  readonly logger: Logger;
}

/** A CSV or NDJSON file: whole records may be appended to it, nothing else. */
export class TextFile implements LogFile {
  readonly name: string;
  readonly #options: TextFileOptions;
  /** The state of the file in which its first `bytes` bytes were seen to be those that were read. */
  #verified: { readonly stamp: string; readonly bytes: number } | undefined;
  #warnedAt = -1;

  constructor(options: TextFileOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async verify(state: PartitionState): Promise<void> {
    const position = this.#position(state);
    const stats = await statFile(this.#options.path, this.name);
    const stamp = stampOf(stats);
    if (this.#verified?.stamp === stamp && this.#verified.bytes >= position.to.bytes) return;
    if (Number(stats.size) < position.to.bytes) throw shrunk(this.name, Number(stats.size), position.to.bytes);
    await withFile(this.#options.path, this.name, async (file) => {
      const now = await fingerprint(file, position.to.bytes);
      if (now !== position.fingerprint) {
        throw replaced(this.name, `its first ${position.to.bytes} bytes are not those that were read`);
      }
    });
    this.#verified = { stamp, bytes: position.to.bytes };
  }

  async next(partition: number, state: PartitionState | null, maxEvents: number): Promise<Chunk | null> {
    const position = state === null || state.position === '' ? null : this.#position(state);
    const offset = state?.nextOffset ?? 0;
    return withFile(this.#options.path, this.name, async (file) => {
      const stats = await file.stat({ bigint: true });
      const size = Number(stats.size);
      const known = position === null ? null : offset === position.to.offset ? position.to : position.from;
      if (known !== null && known.bytes >= size) return null;
      const opening = await openText(file, this.name, size, this.#options);
      if (opening === null) return null;
      const columns = textColumns(this.#options.columns, this.#options.holdsNul);
      const taken = await takeTextChunk({
        file,
        name: this.name,
        size,
        format: opening.format,
        columns,
        start: known ?? opening.start,
        offset,
        maxEvents,
        holdsNul: this.#options.holdsNul,
        scratch: await this.#options.scratchPath(),
      });
      const { chunk, pending } = taken;
      if (pending !== undefined && pending.at.bytes !== this.#warnedAt) {
        this.#warnedAt = pending.at.bytes;
        this.#options.logger.warn(
          { file: this.name, line: pending.at.line + 1, bytes: pending.bytes },
          `the last record of ${this.name} is unfinished and left until the rest of it arrives`,
        );
      }
      if (chunk === null) return null;
      const print = await fingerprint(file, chunk.to.bytes);
      if (print === null) throw shrunk(this.name, (await file.stat()).size, chunk.to.bytes);
      const stamp = stampOf(stats);
      if (stampOf(await file.stat({ bigint: true })) === stamp) this.#verified = { stamp, bytes: chunk.to.bytes };
      const next: TextPosition = { kind: 'text', from: chunk.from, to: chunk.to, fingerprint: print };
      return {
        partition,
        name: this.name,
        from: chunk.from.offset,
        to: chunk.to.offset,
        events: chunk.to.offset - chunk.from.offset,
        source: {
          kind: 'relation',
          sql: scratchRelation(chunk.path, chunk.longestLine, columns, this.#options.eventTime),
        },
        position: writePosition(next),
        epoch: 0,
        release: () => rm(chunk.path, { force: true }),
      };
    });
  }

  async retry(records: readonly RawRecord[]): Promise<Reread> {
    const { columns, eventTime, path, scratchPath, holdsNul } = this.#options;
    // The header of a CSV file says which value is which; it is there as long as the file is.
    const format = await withFile(path, this.name, async (file) => {
      const opening = await openText(file, this.name, (await file.stat()).size, this.#options);
      if (opening === null) throw replaced(this.name, 'its header is gone');
      return opening.format;
    });
    return rereadText(records, format, textColumns(columns, holdsNul), eventTime, await scratchPath(), holdsNul);
  }

  #position(state: PartitionState): TextPosition {
    const position = readPosition(state.position, this.name);
    if (position.kind !== 'text') throw replaced(this.name, 'it was read as Parquet before');
    if (state.nextOffset < position.from.offset || state.nextOffset > position.to.offset) {
      throw new CutoverError(
        'INTERNAL',
        `The stored offset ${state.nextOffset} of ${this.name} lies outside its stored position.`,
        'Report this defect; a new store starts over.',
      );
    }
    return position;
  }
}

/** The header of a CSV file; null while it is not there. Errors: LOG_FILE_UNREADABLE, LOG_SCHEMA_MISMATCH. */
export async function csvHeader(file: FileHandle, name: string, size: number): Promise<CsvHeader | null> {
  const head = await readFully(file, name, 0, Math.min(HEADER_BYTES, size));
  const header = readCsvHeader(name, head, byteOrderMark(head, name), head.length === size);
  if (header === undefined && head.length < size)
    throw unreadable(name, 'its header is longer than 1 MiB', { line: 1 });
  return header ?? null;
}

/** Opens a file for reading and closes it after `work`. Errors: LOG_FILE_GONE, LOG_FILE_UNREADABLE. */
export async function withFile<T>(path: string, name: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  await statFile(path, name);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw unreadable(name, messageOf(error), { cause: error });
  }
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Where the records begin and how they are told apart; null while a CSV file has no header yet. */
async function openText(
  file: FileHandle,
  name: string,
  size: number,
  options: TextFileOptions,
): Promise<{ readonly format: TextFormat; readonly start: Checkpoint } | null> {
  const columns = textColumns(options.columns, options.holdsNul);
  if (options.format === 'ndjson') {
    const bytes = byteOrderMark(await readFully(file, name, 0, Math.min(3, size)), name);
    return { format: ndjsonFormat(columns), start: { offset: 0, bytes, line: 0, open: false } };
  }
  const header = await csvHeader(file, name, size);
  if (header === null) return null;
  checkHeader(name, header, options);
  const start = { offset: 0, bytes: header.bytes, line: header.lines, open: header.lines === 0 };
  return { format: csvFormat(header, columns), start };
}

function checkHeader(name: string, header: CsvHeader, options: TextFileOptions): void {
  const missing = options.columns.filter((column) => !header.names.includes(column.name));
  if (missing.length > 0) {
    throw schemaMismatch(
      name,
      `column "${missing.map((column) => column.name).join('", "')}" is not in the header ${header.names.join(', ')}.`,
      'Correct log.schema or the first line of the file; names are compared exactly.',
    );
  }
  const extra = header.names.find((each) => !options.columns.some((column) => column.name === each));
  if (!options.declared && extra !== undefined) {
    throw schemaMismatch(
      name,
      `column "${extra}" is not in the first file of the log.`,
      'Declare log.schema with the columns that are wanted, or give all files the same header.',
    );
  }
}

/** Length of a UTF-8 byte order mark. Errors: LOG_FILE_UNREADABLE for UTF-16. */
function byteOrderMark(head: Buffer, name: string): number {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw unreadable(name, 'it is UTF-16; convert it to UTF-8', { line: 1 });
  }
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
}
