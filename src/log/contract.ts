import type { CutoverError } from '../model/errors.js';
import type { PartitionState } from '../model/partition.js';
import type { DeclaredColumn } from '../model/project.js';

export type { PartitionState };

/**
 * A run of events of one partition, as a relation in DuckDB SQL that is evaluated where the events go: whole sets move,
 * not rows. The relation yields, in any order, one row for each offset in [from, to):
 * `_offset BIGINT`, `_event_time TIMESTAMPTZ` (NULL without event time), the log's columns by name and declared type,
 * `_error VARCHAR` (NULL when the row fits the schema, otherwise the reason), `_raw VARCHAR` (the source text, at least when `_error` is set).
 */
export interface Chunk {
  readonly partition: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly relation: string;
  /** The position to store with every offset in (from, to]: a restart resumes from it. */
  readonly position: string;
  /** Frees what the relation reads (a temporary file); called once the chunk was taken or given up. */
  release(): Promise<void>;
}

/** The ordered, partitioned input. An implementation is a folder beside this file. */
export interface EventLog {
  readonly kind: 'file';
  /** Identifies the log: a store that holds another log's offsets is refused. */
  readonly identity: string;
  /** The event columns in order. Errors: LOG_NO_FILES, LOG_SCHEMA_MISMATCH, LOG_FILE_UNREADABLE. */
  columns(): Promise<readonly DeclaredColumn[]>;
  /**
   * The next run of events after `known`, or null when nothing more is there now. Partitions that are not in `known` are given
   * the next free numbers in order of their names. Events come in partition order; within one in offset order.
   * Errors: LOG_FILE_SHRUNK, LOG_FILE_REPLACED, LOG_FILE_GONE, LOG_FILE_UNREADABLE.
   *
   * @param maxEvents the chunk holds at most this many offsets
   */
  next(known: readonly PartitionState[], maxEvents: number): Promise<Chunk | null>;
  /** The coded form of an error that came up while the relation of a chunk was evaluated; null when the log has no part in it. */
  explain(error: unknown, chunk: Chunk): CutoverError | null;
  close(): Promise<void>;
}
