import { CutoverError, messageOf } from '../../model/errors.js';

/** DuckDB's file lock names the process that holds it. */
const LOCKED = /Could not set lock on file "([^"]*)".*?(?:\(PID (\d+)\)|PID (\d+))/s;
const FULL = /No space left on device|Could not write (?:all )?(?:file|bytes)|out of disk space|ENOSPC/i;
const CONFLICT = /write-write conflict|conflict on (?:tuple|update|delete|insert)|TransactionContext Error.*conflict/i;
const CORRUPT =
  /Corrupt database file|not a valid DuckDB database|Failure while replaying WAL|invalid checksum|magic bytes/i;

/** Turns the DuckDB errors that have a meaning of their own into coded ones; everything else passes through unchanged. */
export function mapped(error: unknown): unknown {
  if (error instanceof CutoverError) return error;
  const message = messageOf(error);
  const locked = LOCKED.exec(message);
  if (locked !== null || message.includes('Could not set lock on file')) {
    const pid = locked?.[2] ?? locked?.[3];
    return new CutoverError(
      'STORE_LOCKED',
      `another process${pid === undefined ? '' : ` (pid ${pid})`} has the store ${locked?.[1] ?? ''} open`.trimEnd(),
      'Stop that process (an embedded DuckDB store takes one process at a time), or use another store.',
      { cause: error },
    );
  }
  if (FULL.test(message)) {
    return new CutoverError(
      'STORE_FULL',
      `the disk of the store is full: ${firstLine(message)}`,
      'Free space and run again: nothing that was committed is lost.',
      {
        cause: error,
      },
    );
  }
  if (CORRUPT.test(message)) {
    return storeUnreadable(message, error);
  }
  if (CONFLICT.test(message)) {
    return new CutoverError(
      'STORE_CONFLICT',
      `another transaction got in the way: ${firstLine(message)}`,
      'Run again: nothing of this transaction was kept.',
      { cause: error },
    );
  }
  return error;
}

export function storeUnreadable(message: string, cause: unknown): CutoverError {
  return new CutoverError(
    'STORE_UNREADABLE',
    `the store cannot be read: ${firstLine(message)}`,
    'Restore it from a backup, or remove it and run again: the log is read anew from its beginning.',
    { cause },
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
