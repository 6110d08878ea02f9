import type { FileHandle } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import { shrunk, unreadable } from './file-errors.js';
import type { Checkpoint } from './position.js';
import type { TextFormat } from './text-format.js';

/** Bytes read at a time, and about the most a chunk is made of; more only for a record that is larger itself. */
export const WINDOW_BYTES = 16 * 1024 * 1024;

/** A larger record is taken for a quote that is never closed, or a file that is no text at all. */
const RECORD_BYTES = 256 * 1024 * 1024;

/** Records handed on at a time: few, so that their texts die young (a whole window of them cost 2 s of collecting garbage for each 16 MiB). */
const BATCH_RECORDS = 200;

/** A record that was found, not yet parsed. */
export interface FramedRecord {
  readonly text: string;
  /** False: bytes that are not UTF-8 were replaced in `text`. */
  readonly utf8: boolean;
  /** The place after it. */
  readonly after: Checkpoint;
}

/** What stands at the end of a file and may become a record. */
export interface Pending {
  readonly at: Checkpoint;
  readonly bytes: number;
}

export interface Framing {
  /** Records in the order of the file, some at a time. */
  readonly windows: AsyncIterable<FramedRecord[]>;
  /** After the last window: the unfinished rest of the file, if any. */
  pending(): Pending | undefined;
}

/**
 * Finds the records of a file from a checkpoint on. Blank lines are passed over and take no offset.
 * Errors: LOG_FILE_UNREADABLE (a quote that is never closed, a CSV file that is not UTF-8).
 *
 * @param size length of the file: bytes that arrive meanwhile are left for later
 */
export function frameRecords(
  file: FileHandle,
  name: string,
  format: TextFormat,
  start: Checkpoint,
  size: number,
  windowBytes: number = WINDOW_BYTES,
): Framing {
  let pending: Pending | undefined;

  async function* windows(): AsyncIterable<FramedRecord[]> {
    let at = start;
    let length = windowBytes;
    while (at.bytes < size) {
      const bytes = await readFully(file, name, at.bytes, Math.min(length, size - at.bytes));
      const atEnd = at.bytes + bytes.length >= size;
      const utf8 = isUtf8(bytes);
      let records: FramedRecord[] = [];
      const base = at.bytes;
      for (let from = 0; from < bytes.length;) {
        const end = format.end(bytes, from);
        if (!end.closed && !atEnd) break;
        if (end.quoted && end.breaks > 0) {
          throw unreadable(name, 'a quote that opens here is never closed', { line: at.line + 1 });
        }
        const slice = bytes.subarray(from, end.closed ? end.next - 1 : end.next);
        const clean = utf8 || isUtf8(slice);
        if (!clean && format.strictEncoding) throw unreadable(name, 'it is not UTF-8', { line: at.line + 1 });
        const text = withoutCarriageReturn(slice.toString('utf8'));
        const blank = format.blank(text);
        if (!end.closed && (blank || end.quoted || !clean || !format.whole(text))) {
          if (!blank) pending = { at, bytes: size - at.bytes };
          if (records.length > 0) yield records;
          return;
        }
        at = {
          offset: at.offset + (blank ? 0 : 1),
          bytes: base + end.next,
          line: at.line + end.breaks + (end.closed ? 1 : 0),
          open: !end.closed,
        };
        if (!blank) records.push({ text, utf8: clean, after: at });
        from = end.next;
        if (records.length === BATCH_RECORDS) {
          yield records;
          records = [];
        }
      }
      // Nothing ended inside the window: look at a larger one.
      length = at.bytes === base ? length * 2 : windowBytes;
      if (length > RECORD_BYTES) throw unreadable(name, 'a record is larger than 256 MiB', { line: at.line + 1 });
      if (records.length > 0) yield records;
    }
  }

  return { windows: windows(), pending: () => pending };
}

/** Reads exactly `length` bytes. Errors: LOG_FILE_SHRUNK when the file ends before. */
export async function readFully(file: FileHandle, name: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw shrunk(name, position + done, position + length);
    done += bytesRead;
  }
  return buffer;
}

function withoutCarriageReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
