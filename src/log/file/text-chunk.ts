import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { replaced } from './file-errors.js';
import type { Checkpoint } from './position.js';
import { HOLDS_NUL, NOT_UTF8, rejected } from '../record/record.js';
import type { TextColumn, TextRecord } from '../record/record.js';
import { ScratchFile } from '../record/scratch.js';
import type { TextFormat } from './text-format.js';
import type { Pending } from './text-window.js';
import { WINDOW_BYTES, frameRecords, readFully } from './text-window.js';

/** A chunk of a text file that was copied to a scratch file. */
export interface TextChunk {
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly path: string;
  readonly longestLine: number;
}

export interface TextChunkRequest {
  readonly file: FileHandle;
  readonly name: string;
  readonly size: number;
  readonly format: TextFormat;
  readonly columns: readonly TextColumn[];
  /** A checkpoint at or before `offset`. */
  readonly start: Checkpoint;
  /** The first event that is wanted. */
  readonly offset: number;
  readonly maxEvents: number;
  /** Path of the scratch file to write. */
  readonly scratch: string;
  /** Whether the store can hold the character U+0000 in a text. */
  readonly holdsNul: boolean;
  readonly windowBytes?: number;
}

/**
 * Copies the next events of a text file to a scratch file: up to `maxEvents`, and about 16 MiB. `chunk` is null when no
 * whole record is there; `pending` tells of an unfinished one at the end of the file.
 * Errors: LOG_FILE_REPLACED when a last record without line break, already taken, was continued.
 */
export async function takeTextChunk(
  request: TextChunkRequest,
): Promise<{ readonly chunk: TextChunk | null; readonly pending: Pending | undefined }> {
  const { file, name, size, format, offset, maxEvents } = request;
  const start = await closeOpenRecord(request);
  if (start === null) return { chunk: null, pending: undefined };
  const framing = frameRecords(file, name, format, start, size, request.windowBytes ?? WINDOW_BYTES);
  let from: Checkpoint = start;
  let to: Checkpoint = start;
  let scratch: ScratchFile | undefined;
  try {
    reading: for await (const records of framing.windows) {
      for (const record of records) {
        if (record.after.offset <= offset) {
          from = to = record.after;
          continue;
        }
        scratch ??= await ScratchFile.create(request.scratch, request.holdsNul);
        if (scratch.add(to.offset, record.text, parsed(request, record))) await scratch.flush();
        to = record.after;
        if (to.offset - offset >= maxEvents || to.bytes - from.bytes >= WINDOW_BYTES) break reading;
      }
      // Let other work of the process have its turn in between.
      await setImmediate();
    }
    if (from.offset < offset) throw replaced(name, `it holds ${from.offset} events where ${offset} were read`);
    if (scratch === undefined) return { chunk: null, pending: framing.pending() };
    const longestLine = await scratch.finish();
    return { chunk: { from, to, path: scratch.path, longestLine }, pending: framing.pending() };
  } catch (error) {
    if (scratch !== undefined) {
      await scratch.abandon().catch(() => undefined);
      await rm(scratch.path, { force: true });
    }
    throw error;
  }
}

function parsed({ format, columns, holdsNul }: TextChunkRequest, record: { utf8: boolean; text: string }): TextRecord {
  if (!record.utf8) return rejected(columns, NOT_UTF8);
  // The source text goes to the store too, and is parsed again from there: not one that had to be changed for it.
  return !holdsNul && record.text.includes('\0') ? rejected(columns, HOLDS_NUL) : format.parse(record.text);
}

/**
 * Moves on behind the line break of a record that was taken without one; null while it has not come.
 */
async function closeOpenRecord(request: TextChunkRequest): Promise<Checkpoint | null> {
  const { start, file, name, size, format } = request;
  if (!start.open) return start;
  const bytes = await readFully(file, name, start.bytes, Math.min(4096, size - start.bytes));
  const rest = format.padding.exec(bytes.toString('latin1'))?.[0].length ?? 0;
  if (rest === bytes.length) return null;
  if (bytes[rest] !== 0x0a) throw replaced(name, 'its last line was continued after it had been read');
  return { offset: start.offset, bytes: start.bytes + rest + 1, line: start.line + 1, open: false };
}
