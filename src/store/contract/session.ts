import type { Row } from '../../model/cell.js';
import type { Column } from '../../model/column.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { RowSource } from '../../model/row-source.js';
import type { GivenFile } from '../file-relation.js';

/** A value passed to a statement as a parameter (`$1`, `$2`, ...). */
export type Param = string | number | bigint | boolean | null;

/**
 * `snapshot`: the first statement that reads a table takes the snapshot of the whole transaction; a write to what changed since then fails.
 * `current`: every statement sees what is committed when it starts, and waits for the writers of the rows that it changes.
 */
export type Isolation = 'snapshot' | 'current';

/**
 * Where a table of intermediate rows stands. `session`: a temporary table. `store`: a table of that name that belongs to the whole store, where the store reads
 * temporary tables with one processor only; so for large ones, of which only one is needed at a time. Whoever made it removes it; see `SqlDialect.kept`.
 */
export type Place = 'session' | 'store';

/**
 * One connection to the store. Statements of a session run one after the other; sessions run beside each other,
 * and a transaction of a session sees one snapshot.
 */
export interface SqlSession {
  /** Runs one statement and returns its rows, values without loss (see `Cell`). */
  query(sql: string, params?: readonly Param[]): Promise<Row[]>;
  /** Runs one statement and returns the number of rows it changed. */
  run(sql: string, params?: readonly Param[]): Promise<number>;
  /** Has the store read one statement of somebody else's, without running it. Rejects a text that it cannot read, and what would run more than that. */
  parse(sql: string): Promise<void>;
  /** Runs several statements separated by semicolons. */
  script(sql: string): Promise<void>;
  /** Runs one statement and yields its rows in chunks: memory is bounded whatever the size of the result. */
  cursor(sql: string, params?: readonly Param[]): AsyncIterable<Row[]>;
  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. Not nestable.
   *
   * @param isolation a store of one process may give `snapshot` for `current`
   */
  transaction<T>(work: () => Promise<T>, isolation?: Isolation): Promise<T>;
  /**
   * Inside a transaction: waits until no other session of the store holds the lock of that name, and keeps it to the end of this transaction.
   * For isolation `current`: what the one before committed is then seen. (A snapshot would be older than the wait; `exclusive` waits before it.)
   */
  lock(name: string): Promise<void>;
  /**
   * Outside a transaction: the same lock, waited for first, for as long as `work` takes, over any number of transactions. It ends with the session in any case.
   */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Replaces the session's temporary table `name` (or that of `place`) by the rows of a query (in their order, where it has one). Returns their number. */
  materialize(name: string, query: string, place?: Place): Promise<number>;
  /** Replaces the session's temporary view `name`. */
  defineView(name: string, query: string): Promise<void>;
  /** Removes a temporary table (or that of `place`), if it is there. */
  forget(name: string, place?: Place): Promise<void>;
  /** Replaces the session's temporary table `name` by rows from elsewhere, for example a file; `columns` in order. Returns their number. */
  load(name: string, source: RowSource, columns: readonly DeclaredColumn[]): Promise<number>;
  /**
   * Replaces the session's temporary table `name` (or that of `place`) by the rows of a file that some program wrote: the given columns, by name, in their types. Throws what
   * does not fit a type; what fits only with loss (rounded, cut) is told, and the table is then not to be used.
   */
  loadFile(name: string, file: GivenFile, columns: readonly Column[], place?: Place): Promise<FileLoad>;
  /** Writes the rows of a query to a Parquet file. */
  exportParquet(query: string, path: string): Promise<void>;
  /** Unqualified names resolve in these schemas, in order (temporary tables and views come first). */
  searchPath(schemas: readonly string[]): Promise<void>;
  /** Asks the statement under way to stop; its promise then rejects. Does nothing when none is running. */
  interrupt(): void;
  close(): Promise<void>;
}

export type FileLoad =
  | { readonly kind: 'loaded' }
  /** The file lacks these columns. */
  | { readonly kind: 'absent'; readonly columns: readonly string[] }
  /** A value that the column's type cannot hold as it is. */
  | { readonly kind: 'lossy'; readonly column: Column; readonly value: string };
