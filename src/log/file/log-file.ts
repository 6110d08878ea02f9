import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Chunk, PartitionState, RawRecord, Reread } from '../contract.js';
import { messageOf } from '../../model/errors.js';
import { gone, unreadable } from './file-errors.js';

/** One file of the log: one partition. */
export interface LogFile {
  readonly name: string;
  /** Errors when what was read from the file is no longer what it holds. Cheap while the file stands still. */
  verify(state: PartitionState): Promise<void>;
  /** The next events from `offset` on. `state` is null as long as nothing of the file was taken; an empty position is at its beginning. */
  next(partition: number, state: PartitionState | null, maxEvents: number): Promise<Chunk | null>;
  /** See `EventLog`. */
  retry(records: readonly RawRecord[]): Promise<Reread>;
}

/** Errors: LOG_FILE_GONE, LOG_FILE_UNREADABLE. */
export async function statFile(path: string, name: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw gone(name);
    throw unreadable(name, messageOf(error), { cause: error });
  }
}
