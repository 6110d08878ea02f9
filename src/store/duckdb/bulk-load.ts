import { rm } from 'node:fs/promises';
import type { TransferBytes, TransferColumn } from '../../model/transfer.js';
import type { SqlSession } from '../contract.js';
import { withChunkFiles, type Chunk } from './chunk-files.js';
import { duckDbDialect } from './dialect.js';
import { fieldValue, keptType } from './transfer-forms.js';

/** Bytes of a file between the sender and DuckDB. Small files keep memory and disk small; below some megabytes each costs more than its rows. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/** Files that wait while DuckDB reads others; then the sender waits. Those that wait are read together, by as many threads. */
const MOST_WAITING = 4;

/** The longest record that DuckDB is ready for at least. */
const LINE_BYTES = 256 * 1024;

export interface LoadTarget {
  readonly session: SqlSession;
  /** Quoted and qualified. */
  readonly table: string;
  /** A folder in which a folder for files on their way is made, and removed at the end. */
  readonly tempDir: string;
}

/**
 * Makes a table anew of rows that arrive from elsewhere, read while more arrive. Returns their number. Values are kept as `keptType` says. Throws what
 * does not fit; no file is left behind in any case.
 */
export async function bulkLoad(
  { session, table, tempDir }: LoadTarget,
  columns: readonly TransferColumn[],
  rows: TransferBytes,
): Promise<number> {
  const list = columns.map((column) => `${duckDbDialect.quote(column.name)} ${keptType(column.form)}`);
  await session.script(`CREATE OR REPLACE TABLE ${table} (${list.join(', ')})`);
  return withChunkFiles(tempDir, rows, CHUNK_BYTES, async (chunks) => {
    let loaded = 0;
    let waiting: Chunk[] = [];
    let reading: Promise<void> | undefined;
    let busy = false;
    const read = async (taken: readonly Chunk[]): Promise<void> => {
      busy = true;
      try {
        loaded += await session.run(`INSERT INTO ${table} ${chunksQuery(taken, columns)}`);
        for (const { path } of taken) await rm(path, { force: true });
      } finally {
        busy = false;
      }
    };
    const readWaiting = async (): Promise<void> => {
      await reading;
      if (waiting.length === 0) return;
      reading = read(waiting);
      // It is awaited later: until then its failure is nobody's.
      reading.catch(() => undefined);
      waiting = [];
    };
    try {
      for await (const chunk of chunks) {
        waiting.push(chunk);
        if (!busy || waiting.length >= MOST_WAITING) await readWaiting();
      }
      await readWaiting();
      await reading;
    } finally {
      // Its files are about to go.
      await reading?.catch(() => undefined);
    }
    return loaded;
  });
}

function chunksQuery(chunks: readonly Chunk[], columns: readonly TransferColumn[]): string {
  // The second of one column only makes its records longer than an empty line.
  const fields = Array.from({ length: Math.max(2, columns.length) }, (_, i) => `'f${i}': 'VARCHAR'`);
  const values = columns.map(({ form }, i) => fieldValue(`f${i}`, form));
  const longest = chunks.reduce((most, chunk) => Math.max(most, chunk.longest), LINE_BYTES) + 1024;
  const buffer = chunks.reduce((most, chunk) => Math.max(most, chunk.bytes), longest) + 1024;
  const paths = chunks.map(({ path }) => duckDbDialect.literal(path));
  return (
    `SELECT ${values.join(', ')} FROM read_csv([${paths.join(', ')}], columns = {${fields.join(', ')}}, auto_detect = false, header = false, skip = 1, ` +
    `delim = '\t', quote = '', escape = '', comment = '', new_line = '\\n', nullstr = '\\N', ` +
    `max_line_size = ${longest}, buffer_size = ${buffer})`
  );
}
