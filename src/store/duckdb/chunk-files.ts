import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { TransferBytes } from '../../model/transfer.js';

/** A file of whole records behind a first line that is none. */
export interface Chunk {
  readonly path: string;
  /** A bound of its longest record, in bytes. */
  readonly longest: number;
  readonly bytes: number;
}

const LINE_FEED = 10;

/** DuckDB takes certain first bytes of a file for a mark of its encoding: so no value stands there. */
const FIRST_LINE = Buffer.from('-\n');

/**
 * Cuts records into files of about `size` bytes, which end with a record, in a folder of their own; it is removed with what is left in it when `work` ends.
 * Whoever takes a chunk may remove its file.
 */
export async function withChunkFiles<T>(
  tempDir: string,
  rows: TransferBytes,
  size: number,
  work: (chunks: AsyncIterable<Chunk>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tempDir, 'cutover-rows-'));
  try {
    return await work(chunksIn(folder, rows, size));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* chunksIn(folder: string, rows: TransferBytes, size: number): AsyncIterable<Chunk> {
  let number = 0;
  let open: OpenChunk | undefined;
  const next = async (): Promise<OpenChunk> => OpenChunk.make(join(folder, `${(number += 1)}.txt`));
  try {
    for await (const piece of rows) {
      open ??= await next();
      const end = piece.lastIndexOf(LINE_FEED) + 1;
      if (end === 0 || open.bytes + end < size) {
        await open.write(piece);
        continue;
      }
      await open.write(piece.subarray(0, end));
      const full = open;
      open = undefined;
      yield await full.close();
      if (end === piece.length) continue;
      open = await next();
      await open.write(piece.subarray(end));
    }
    if (open === undefined) return;
    const last = open;
    open = undefined;
    yield await last.close();
  } finally {
    await open?.close();
  }
}

class OpenChunk {
  readonly #path: string;
  readonly #file: FileHandle;
  bytes = 0;
  #longest = 0;
  /** Bytes of the record that is being written. */
  #begun = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async make(path: string): Promise<OpenChunk> {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(FIRST_LINE);
    return new OpenChunk(path, file);
  }

  async write(piece: Uint8Array): Promise<void> {
    const first = piece.indexOf(LINE_FEED);
    // Records that begin and end in one piece are no longer than it is.
    const here = first < 0 ? this.#begun + piece.length : Math.max(this.#begun + first + 1, piece.length);
    this.#longest = Math.max(this.#longest, here);
    this.#begun = first < 0 ? here : piece.length - piece.lastIndexOf(LINE_FEED) - 1;
    this.bytes += piece.length;
    await this.#file.writeFile(piece);
  }

  async close(): Promise<Chunk> {
    await this.#file.close();
    return { path: this.#path, longest: this.#longest, bytes: this.bytes };
  }
}
