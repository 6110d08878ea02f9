import type { Row } from '../model/cell.js';
import type { Column } from '../model/column.js';
import type { KeptDigests } from './contract/kept.js';
import type { KeySpread } from './contract/key-spread.js';
import type { SqlSession } from './contract/session.js';

export type { KeySpread } from './contract/key-spread.js';
export type { FileLoad, Isolation, Param, Place, SqlSession } from './contract/session.js';

/** Something that a setup script can create. */
export interface SchemaObject {
  readonly kind: 'VIEW' | 'TABLE' | 'SEQUENCE';
  readonly name: string;
}

/** A table as a statement reads it. */
export interface TableRead {
  readonly schema: string;
  readonly name: string;
}

/** A value of one side as it goes into a hash. */
export interface HashedValue {
  /** What `comparable` made of it. */
  readonly expression: string;
  readonly self: Column;
  /** The column that it is compared with. */
  readonly other: Column;
  readonly nullable: boolean;
}

/** The pieces of SQL in which the stores differ. Every expression argument and result is SQL text. */
export interface SqlDialect {
  readonly kind: 'duckdb' | 'postgres';
  /** An identifier in quotes. */
  readonly quote: (name: string) => string;
  /** A table that was made in the place `store`, as SQL. */
  readonly stored: (name: string) => string;
  /** An internal table that served views read, as SQL that means the same to whoever reads the view. */
  readonly serving: (name: string) => string;
  /** A text literal. */
  readonly literal: (text: string) => string;
  /** The store's type for a declared column type (see `DeclaredColumn`), for example `decimal(18,2)` or `text[]`. */
  columnType(declared: string): string;
  /** What stands in a schema, in an order in which it can be dropped (views before tables before sequences). */
  objects(session: SqlSession, schema: string): Promise<SchemaObject[]>;
  /** The statements that drop objects of a schema, which may depend on each other but not on anything else. */
  dropStatements(schema: string, objects: readonly SchemaObject[]): readonly string[];
  /** Whether this session may drop a schema and make it again; true of one that is not there and may be made. A DBA may have made it for a role that may not. */
  disposable(session: SqlSession, schema: string): Promise<boolean>;
  /** In a transaction: makes the view `name` of a schema show a query, whatever columns it had; rights that were granted on it stay. */
  showView(session: SqlSession, schema: string, name: string, query: string): Promise<void>;
  /** In a transaction, before tables that the view reads are dropped: frees them of it. `showView` is to follow in the same transaction. */
  detachView(session: SqlSession, schema: string, name: string): Promise<void>;
  /** In a transaction: makes the table `name` of a schema hold a query's rows, whatever columns it had; rights that were granted on it stay. */
  replaceTable(session: SqlSession, schema: string, name: string, query: string): Promise<void>;
  /**
   * In a transaction of isolation `snapshot`, once its snapshot is taken: keeps others from replacing these tables until its end. Errors: STORE_CONFLICT where one
   * was replaced since the snapshot: it would be found empty.
   */
  pinTables(session: SqlSession, tables: readonly TableRead[]): Promise<void>;
  /** A JSON text as a value of a column that holds lists or objects. */
  fromJson(text: string, column: Column): string;
  /** Statements to be run once when the landing was created. */
  readonly landingIndexes: readonly string[];
  /** The columns of a table, view or parenthesised query, in order. Throws SQL_FAILED / TABLE_MISSING. */
  columns(session: SqlSession, relation: string): Promise<Column[]>;
  /**
   * The tables that a statement would read, as the session's search path, views and table functions lead to them; nothing is run. For SELECT, INSERT,
   * UPDATE, DELETE, MERGE and CREATE TABLE AS. Throws what running the statement would say of its names and types, one line further down.
   */
  tablesRead(session: SqlSession, statement: string): Promise<TableRead[]>;
  /** The canonical text of a value as used in keys and for the row comparator; NULL stays NULL (see docs/canonical.md). Equal texts are equal values. */
  canonicalText(expression: string, column: Column): string;
  /** A value normalised so that equal values hash alike whatever their declared type on the two sides. */
  comparable(expression: string, left: Column, right: Column): string;
  /** The canonical texts of a list's elements as a sorted set without NULL, of type `text[]`: NULL of NULL, empty of an empty list. */
  asSet(expression: string, column: Column): string;
  /**
   * A 64-bit hash of a row, whatever is in its columns: exact sums of it over two sets of rows are equal when the rows are (up to -0, NaN and other spellings of
   * one value, which may hash differently), and no other rows have that sum but by a chance of 2^-64. NULL is a value of its own.
   */
  rowHash(values: readonly HashedValue[]): string;
  /** A key's bucket, 0 to `buckets` - 1 (a power of two), as an integer expression: equal keys have the same. */
  bucketOf(key: readonly HashedValue[], buckets: number): string;
  /** Whether an INTEGER is one of these, which may be many. */
  isOneOf(expression: string, numbers: readonly number[]): string;
  /** Makes a subquery evaluate its expressions once a row, however often they are used outside. */
  once(query: string): string;
  /** Counting a table's rows does not read them. */
  readonly countsAreFree: boolean;
  /** What finds a row of a table again at once, within a transaction; null: nothing that would pay. */
  readonly rowAddress: string | null;
  /** Makes rows of a table quick to find by these columns, once the table is filled. Does nothing where something does so already, or where it can't be. */
  indexKey(session: SqlSession, table: TableRead, key: readonly Column[]): Promise<void>;
  /** A window without an order runs over the rows as they are read, one after the other, and holds none of them. */
  readonly windowsStream: boolean;
  /** How tables are compared range by range of their first key column; null: where that would not pay. */
  readonly keyRanges: KeyRangeSql | null;
  /** How the rows of two relations are paired in the order in which they are read; null: the store has no such way. */
  readonly sideBySide: SideBySideSql | null;
  /** The hash in a type in which sums and differences of it are exact. */
  wideHash(hash: string): string;
  /** Exact sum of hashes, as text. */
  sumOfHashes(hash: string): string;
  /** The canonical key (netstrings, see model/key.ts) of columns given by their canonical texts. */
  canonicalKey(canonicalTexts: readonly string[]): string;
  /** A hash of a text of which no part is NULL, the same in every store: 60 bits of its SHA-256 in UTF-8, as an integer that is not negative. */
  textHash(text: string): string;
  /** The canary bucket 0..999999 of a canonical key: first 32 bits of SHA-256(salt ":" key), times 1,000,000, shifted right by 32. */
  canaryBucket(canonicalKey: string, salt: string): string;
  /** Digests that the store keeps up to date by itself; null: it cannot tell who writes its tables. */
  readonly kept: KeptDigests | null;
}

/** What a comparison by ranges of a key column needs. */
export interface KeyRangeSql {
  /**
   * Bounds that cut two tables into ranges of about `rows` rows: ascending literals of the column's type, so that range i holds bound i-1 <= value < bound i. Null where
   * nothing leads through both tables in the order of that column, row after row, or where nothing is known of its values.
   *
   * @param column the first key column on each side
   */
  bounds(
    session: SqlSession,
    tables: { readonly batch: string; readonly stream: string },
    column: { readonly batch: Column; readonly stream: Column },
    rows: number,
  ): Promise<readonly string[] | null>;
  /** What is known of the values of a column without reading them; null: not enough. Every figure is an estimate. */
  spread(session: SqlSession, relation: string, column: Column): Promise<KeySpread | null>;
  /** A JSON array of JSON arrays that hold the values of expressions in order, however many. */
  arrays(expressions: readonly string[]): string;
}

/** What a comparison of rows by their positions needs. */
export interface SideBySideSql {
  /** Pairs the first row of one relation with the first of the other, and so on; where one has fewer rows, the rest of the other meets NULLs. */
  readonly join: string;
  /** Whether a statement reads both relations as they are paired, and holds neither in memory. */
  streams(session: SqlSession, statement: string): Promise<boolean>;
  /**
   * Does work whose statements, several at once, have one processor each. Otherwise a statement that no second one can help with keeps two busy: one of them
   * waits for work in a loop, and the other statements lack it.
   */
  onItsOwn<T>(session: SqlSession, work: () => Promise<T>): Promise<T>;
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
  /** A text may hold the character U+0000. */
  readonly holdsNul: boolean;
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
