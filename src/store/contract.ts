import type { Row } from '../model/cell.js';
import type { Column } from '../model/column.js';
import type { DeclaredColumn } from '../model/project.js';
import type { RowSource } from '../model/row-source.js';

/** A value passed to a statement as a parameter (`$1`, `$2`, ...). */
export type Param = string | number | bigint | boolean | null;

/**
 * `snapshot`: the first statement that reads a table takes the snapshot of the whole transaction; a write to what changed since then fails.
 * `current`: every statement sees what is committed when it starts, and waits for the writers of the rows that it changes.
 */
export type Isolation = 'snapshot' | 'current';

/**
 * One connection to the store. Statements of a session run one after the other; sessions run beside each other,
 * and a transaction of a session sees one snapshot.
 */
export interface SqlSession {
  /** Runs one statement and returns its rows, values without loss (see `Cell`). */
  query(sql: string, params?: readonly Param[]): Promise<Row[]>;
  /** Runs one statement and returns the number of rows it changed. */
  run(sql: string, params?: readonly Param[]): Promise<number>;
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
  /** Replaces the session's temporary table `name` by the rows of a query (in their order, where it has one). Returns their number. */
  materialize(name: string, query: string): Promise<number>;
  /** Replaces the session's temporary view `name`. */
  defineView(name: string, query: string): Promise<void>;
  /** Removes a temporary table, if it is there. */
  forget(name: string): Promise<void>;
  /** Replaces the session's temporary table `name` by rows from elsewhere, for example a file; `columns` in order. Returns their number. */
  load(name: string, source: RowSource, columns: readonly DeclaredColumn[]): Promise<number>;
  /** Writes the rows of a query to a Parquet file. */
  exportParquet(query: string, path: string): Promise<void>;
  /** Unqualified names resolve in these schemas, in order (temporary tables and views come first). */
  searchPath(schemas: readonly string[]): Promise<void>;
  /** Asks the statement under way to stop; its promise then rejects. Does nothing when none is running. */
  interrupt(): void;
  close(): Promise<void>;
}

/** Something that a setup script can create. */
export interface SchemaObject {
  readonly kind: 'VIEW' | 'TABLE' | 'SEQUENCE';
  readonly name: string;
}

/** The pieces of SQL in which the stores differ. Every expression argument and result is SQL text. */
export interface SqlDialect {
  readonly kind: 'duckdb' | 'postgres';
  /** An identifier in quotes. */
  readonly quote: (name: string) => string;
  /** A text literal. */
  readonly literal: (text: string) => string;
  /** The store's type for a declared column type (see `DeclaredColumn`), for example `decimal(18,2)` or `text[]`. */
  columnType(declared: string): string;
  /** What stands in a schema, in an order in which it can be dropped (views before tables before sequences). */
  objects(session: SqlSession, schema: string): Promise<SchemaObject[]>;
  /** Statements to be run once when the landing was created. */
  readonly landingIndexes: readonly string[];
  /** The columns of a table, view or parenthesised query, in order. Throws SQL_FAILED / TABLE_MISSING. */
  columns(session: SqlSession, relation: string): Promise<Column[]>;
  /** The canonical text of a value as used in keys and for the row comparator; NULL stays NULL (see docs/design.md). */
  canonicalText(expression: string, column: Column): string;
  /** A value normalised so that equal values hash alike whatever their declared type on the two sides. */
  comparable(expression: string, left: Column, right: Column): string;
  /** A list normalised to a sorted set. */
  asSet(expression: string): string;
  /**
   * The expressions by which a column's value goes into `rowHash`: more than one where the store's hash alone does not tell values apart.
   */
  hashable(expression: string, column: Column): readonly string[];
  /** A well-mixed 64-bit hash of several expressions; NULL is a value of its own. */
  rowHash(expressions: readonly string[]): string;
  /** `hash` (of `rowHash`) mod `buckets`, as an integer expression. */
  bucketOf(hash: string, buckets: number): string;
  /** The hash in a type in which sums and differences of it are exact. */
  wideHash(hash: string): string;
  /** Exact sum of hashes, as text. */
  sumOfHashes(hash: string): string;
  /** The canonical key (netstrings, see model/key.ts) of columns given by their canonical texts. */
  canonicalKey(canonicalTexts: readonly string[]): string;
  /** The canary bucket 0..999999 of a canonical key: first 32 bits of SHA-256(salt ":" key), times 1,000,000, shifted right by 32. */
  canaryBucket(canonicalKey: string, salt: string): string;
}

/** A process that would do what only one may do at a time. */
export interface Candidate {
  /**
   * Whether this process holds the role now. Takes it when it is free. When its holder did not renew it for 30 s the store ends that holder's session, and
   * rolls back what it had not committed, so that a process that wakes up late can do no harm: the role is then free when asked for again.
   *
   * @param wait up to so many milliseconds, in the order of asking: who takes the role again and again does not keep the others from it
   */
  elected(wait?: number): Promise<boolean>;
  /**
   * Says that the holder is alive; to be called every `renewEvery` milliseconds, also while its session is busy. Does nothing for who does not hold the
   * role. Errors: STORE_CONNECTION_LOST where another process took the role over, which ended this one's session.
   */
  renew(): Promise<void>;
  readonly renewEvery: number;
  /** Who holds the role, for people: host and process. */
  holder(): Promise<string>;
  /** Gives the role back. */
  close(): Promise<void>;
}

export interface StoreCapabilities {
  /** Runs DuckDB SQL itself, so that files are read set by set without passing through JavaScript. */
  readonly readsFiles: boolean;
  /** Several processes may have it open at once. */
  readonly sharedByProcesses: boolean;
}

export interface Store {
  readonly kind: 'duckdb' | 'postgres';
  readonly capabilities: StoreCapabilities;
  readonly dialect: SqlDialect;
  /**
   * Opens one more connection.
   *
   * @param options.idleLimit milliseconds after which the store ends a transaction whose process went silent between two statements
   */
  session(options?: { readonly idleLimit?: number }): Promise<SqlSession>;
  /** Stands for a role with `session`, which must have no transaction under way while `elected` is asked. A store of one process elects whoever asks. */
  candidate(role: string, session: SqlSession): Promise<Candidate>;
  /** Brings the internal schema up to date. Errors: STORE_NEWER. */
  migrate(): Promise<void>;
  close(): Promise<void>;
  /**
   * Gives all connections up without a word to the server, which may not answer: what runs on them is rejected (STORE_CONNECTION_LOST), and so is every
   * further one. The server rolls back what was not committed. Does nothing to an embedded store, whose statements `interrupt` ends.
   */
  abandon(): void;
}

export type { Row };
