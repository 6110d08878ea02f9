import type { CutoverError } from '../model/errors.js';
import type { PartitionState } from '../model/partition.js';
import type { DeclaredColumn } from '../model/project.js';
import type { RowSource } from '../model/row-source.js';

export type { PartitionState };

/**
 * A run of events of one partition, as a source of rows: one row for each event in [from, to), in any order, with the columns
 * `_offset bigint`, `_event_time timestamptz` (NULL without event time), the log's columns by name and declared type,
 * `_error text` (NULL when the row fits the schema, otherwise the reason) and `_raw text` (the source text, at least when `_error` is set),
 * in exactly this order.
 */
export interface Chunk {
  readonly partition: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** How many events it holds: `to - from` unless the log's offsets have gaps. */
  readonly events: number;
  readonly source: RowSource;
  /** The position to store with every offset in (from, to]: a restart resumes from it. */
  readonly position: string;
  /** The claim under which it was read (see `Checkpoints`); a log that needs none has 0. */
  readonly epoch: number;
  /** Its rows are no records but marks of what was lost, for the quarantine. */
  readonly lost?: boolean;
  /** Frees what the source reads (a temporary file); called once the chunk was taken or given up. */
  release(): Promise<void>;
}

/** A record as it was put in quarantine. */
export interface RawRecord {
  readonly offset: number;
  /** `_error` of then. */
  readonly reason: string;
  /** `_raw` of then; null where it was not kept. */
  readonly raw: string | null;
  /** It is no record but the mark of a loss. */
  readonly lost?: boolean;
}

/** Records that were read again, as a source of rows with the columns of a chunk. */
export interface Reread {
  readonly source: RowSource;
  /** Frees what the source reads. */
  release(): Promise<void>;
}

/** A partition as the store knows it, claimed by this process. */
export interface ClaimedPartition extends PartitionState {
  /** Rises with every claim: what was read under an earlier one can no longer be committed. */
  readonly epoch: number;
}

/** Where a partition begins that the store has nothing of yet. */
export interface PartitionStart {
  readonly name: string;
  readonly nextOffset: number;
  readonly position: string;
}

/** Where the store stands: asked by a log whose partitions are assigned and taken away while it runs. */
export interface Checkpoints {
  /**
   * Registers partitions that are new (`nextOffset` 0 and `position` "" until something is committed), and claims all of them, so that a
   * process that had them before can commit no more.
   *
   * @param starts kept with the claim, of those of which nothing was committed or kept before: whoever has them next begins at the same place
   */
  claim(names: readonly string[], starts?: readonly PartitionStart[]): Promise<readonly ClaimedPartition[]>;
  /** What the store has of every partition now, of those that other processes read too. */
  stored(): Promise<readonly PartitionState[]>;
}

/** How far the store is behind one partition of a log, in offsets: some of them may hold no event. */
export interface PartitionProgress {
  readonly name: string;
  /** What the store has; of a partition that was never read, where it begins. */
  readonly committed: number;
  /** Where what can be read ends; null while that is not known. */
  readonly end: number | null;
  /** Milliseconds since an event last arrived, or since this process took the partition over; null for who does not watch it. */
  readonly idle: number | null;
}

/** The ordered, partitioned input. An implementation is a folder beside this file. */
export interface EventLog {
  readonly kind: 'file' | 'kafka';
  /** Identifies the log: a store that holds another log's offsets is refused. */
  readonly identity: string;
  /**
   * The event columns in order. Errors: LOG_NO_FILES, LOG_FILE_GONE, LOG_SCHEMA_MISMATCH, LOG_FILE_UNREADABLE.
   *
   * @param known what the store has: where nothing is there to tell columns by, it tells whether there once was
   */
  columns(known?: readonly PartitionState[]): Promise<readonly DeclaredColumn[]>;
  /**
   * The next run of events after `known`, or null when nothing more is there now. Partitions that are not in `known` are given
   * the next free numbers in order of their names (a log with `Checkpoints` has the numbers from there).
   * Within a partition events come in offset order.
   * Errors: LOG_FILE_SHRUNK, LOG_FILE_REPLACED, LOG_FILE_GONE, LOG_FILE_UNREADABLE; LOG_DATA_LOST, LOG_UNREACHABLE, LOG_UNREADABLE.
   *
   * @param maxEvents the chunk holds at most this many events
   * @param signal a log that waits for events waits no longer than this
   */
  next(known: readonly PartitionState[], maxEvents: number, signal?: AbortSignal): Promise<Chunk | null>;
  /** The events of a chunk could not be committed, because the partition was claimed since, or moved on by another process. */
  lost?(chunk: Chunk): void;
  /**
   * Reads records of a partition again that did not fit the schema: a row for each of them, with its offset; `_error` where it does not fit now
   * either. A record of which something was lost when it was kept never fits. A log without this cannot retry.
   *
   * @param records in order of their offsets, few enough to be held in memory
   */
  retry?(state: PartitionState, records: readonly RawRecord[]): Promise<Reread>;
  /**
   * The events of a partition in [from, to) again, in order, in chunks of at most `maxEvents` offsets; fewer where the log no longer has them. What was
   * committed does not change. A log without this cannot go back.
   * Errors: as `next`.
   */
  read?(state: PartitionState, from: number, to: number, maxEvents: number): AsyncIterable<Chunk>;
  /** How far this process's partitions are read, as far as it is known without asking. A log that has its end at hand needs none. */
  progress?(): readonly PartitionProgress[];
  /** Asks the log how far the store is behind each of its partitions, also those of other processes. Errors: LOG_UNREACHABLE. */
  measure?(known: readonly PartitionState[]): Promise<readonly PartitionProgress[]>;
  /** A text that is another one once anything arrived. A log that can be measured needs none. */
  mark?(): Promise<string>;
  /** The coded form of an error that came up while the relation of a chunk was evaluated; null when the log has no part in it. */
  explain(error: unknown, chunk: Chunk): CutoverError | null;
  close(): Promise<void>;
}
