import { basename } from 'node:path';
import { CutoverError, messageOf } from '../../model/errors.js';

export function unreadable(name: string, what: string, options: { line?: number; cause?: unknown } = {}): CutoverError {
  const at = options.line === undefined ? '' : `, line ${options.line}`;
  return new CutoverError(
    'LOG_FILE_UNREADABLE',
    `The file ${name}${at} cannot be read: ${what}`,
    'Repair the file (before it was read), or restore it from where it came.',
    {
      place: options.line === undefined ? { file: name } : { file: name, line: options.line },
      cause: options.cause,
    },
  );
}

export function shrunk(name: string, size: number, read: number): CutoverError {
  return new CutoverError(
    'LOG_FILE_SHRUNK',
    `The file ${name} has ${size} bytes, but ${read} bytes were already read from it.`,
    'Restore the file; a log may only grow. To start over, use a new store.',
    { place: { file: name } },
  );
}

export function replaced(name: string, what: string): CutoverError {
  return new CutoverError(
    'LOG_FILE_REPLACED',
    `The file ${name} was changed after it was read: ${what}.`,
    'Restore the file and add new events as appended lines or new files. To start over, use a new store.',
    { place: { file: name } },
  );
}

export function gone(name: string): CutoverError {
  return new CutoverError(
    'LOG_FILE_GONE',
    `The file ${name} was already read but is no longer there.`,
    'Restore the file; the log must keep what was read from it. To start over, use a new store.',
    { place: { file: name } },
  );
}

export function schemaMismatch(name: string, what: string, remedy: string): CutoverError {
  return new CutoverError('LOG_SCHEMA_MISMATCH', `${name}: ${what}`, remedy, { place: { file: name } });
}

// How DuckDB 1.5 words what goes wrong while it reads a file; errors of a job's own SQL never look like this.
const READ_FAILURES: readonly RegExp[] = [
  /^Invalid Input Error: CSV Error/i,
  /^Invalid Input Error: .*(parquet|snappy|zstd|gzip|brotli|lz4|decompress|thrift|TProtocol|page|dictionary|footer|magic bytes)/is,
  /^Invalid Error: .*(parquet|TProtocol|thrift|decompress|page)/is,
  /^TProtocolException/i,
  /(Snappy|ZSTD|GZIP|LZ4|Brotli) decompression/i,
  /Parquet file/i,
  /Could not read enough bytes/i,
  /Invalid string encoding found in Parquet/i,
];
const NOT_READING = /No space left|could not write|Cannot open.*duckdb_temp/i;

/**
 * The error to show when evaluating a chunk's relation failed because its file is corrupted or went away;
 * null when the failure has another cause (for example a full disk).
 *
 * @param chunkName the chunk's `name`
 */
export function describeReadError(error: unknown, chunkName: string): CutoverError | null {
  const text = messageOf(error);
  if (NOT_READING.test(text)) return null;
  // The store's own files raise IO errors too; those of the log name the file, or the scratch file made from it.
  const named = text.includes(basename(chunkName)) || /log-\w{6}[\\/]\d+\.csv/.test(text);
  if (!(/^IO Error/i.test(text) && named) && !READ_FAILURES.some((form) => form.test(text))) return null;
  return unreadable(chunkName, text.split('\n')[0] ?? text, { cause: error });
}
