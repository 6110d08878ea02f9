import type { Clock, Progress } from '../model/ports.js';
import type { CompareConfig } from '../model/project.js';

/** How differences of two tables that somebody writes are told from those of timing. */
export interface SettleOptions {
  /** Milliseconds between two looks: longer than any side may lag behind. */
  readonly delay: number;
  /** Looks after the first one at the most. Default 3. */
  readonly rounds?: number | undefined;
  /** Share of the keys (0 to 1) that may be in flux. Default: as many as may differ. */
  readonly maxInFlux?: number | undefined;
}

/** Digests of both tables that triggers in their database keep. */
export interface KeepOptions {
  /** Reads all rows now and holds the digests against them; has digests built anew that were found wrong. */
  readonly check?: boolean | undefined;
  /** Milliseconds after which all rows are read all the same. Default: a day. */
  readonly checkEvery?: number | undefined;
}

/** What a comparison of any two tables works with. */
export interface DiffContext {
  /** Absolute; paths of files are relative to it. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** For tests: chunks of other sizes; rows of a slice and of the first chunk, milliseconds that one should last. */
  readonly chunking?: { readonly rowsInSlice?: number; readonly firstRows?: number; readonly target?: number };
}

export interface DiffOptions {
  /** `duckdb:FILE#schema.table`, `postgres://user@host/database#schema.table`, a file, a glob of files; or `#(select ...)` behind it. */
  readonly left: string;
  readonly right: string;
  /** Queries in place of tables. */
  readonly leftSql?: string | undefined;
  readonly rightSql?: string | undefined;
  /** Columns that identify a row. Default: the primary key, where both sides have the same one. */
  readonly key?: readonly string[] | undefined;
  /** Columns that are compared, besides the key; default: all that both sides have. */
  readonly columns?: readonly string[] | undefined;
  /** Columns that are left out. */
  readonly ignore?: readonly string[] | undefined;
  /** The rules, with `where` and `map`, as under `compare:` in a configuration. */
  readonly rules?: CompareConfig | undefined;
  /** Discrepancies listed in the result; the counts are never capped. Default 100. */
  readonly limit?: number | undefined;
  /** Stops soon after so many keys were found to differ. */
  readonly stopAfter?: number | undefined;
  /** Share of the keys (0 to 1) that are compared, chosen by a hash of the key. */
  readonly sample?: number | undefined;
  /** What the differences have in common is looked for; with `sums`, the sums of every column of numbers are compared. null: nothing. */
  readonly profile?: { readonly sums: boolean } | null | undefined;
  /** A column that only one side has makes the comparison fail. */
  readonly strict?: boolean | undefined;
  /** Share of the keys (0 to 1) that may differ. Default 0. */
  readonly maxMismatchRate?: number | undefined;
  /** How far apart the stores are: what moving rows costs. */
  readonly network?: 'local' | 'remote' | undefined;
  readonly strategy?: 'digest' | 'join' | undefined;
  /** What differs is compared again after a while, and only what stays is a discrepancy; for tables that are written meanwhile. */
  readonly settle?: SettleOptions | undefined;
  /** Two tables of one PostgreSQL database: has triggers made there that keep digests of both, and reads only what differs by them. */
  readonly keep?: KeepOptions | undefined;
  /** Milliseconds that a statement may take, on a server and in DuckDB. */
  readonly statementTimeout?: number | undefined;
  /** A file that keeps how far the comparison is: where it is there, one that was interrupted goes on; removed at the end. Compares in chunks. */
  readonly resume?: string | undefined;
  /** Spares the servers: short chunks, one after the other and by one worker each, with pauses while a server is busy. */
  readonly gentle?: boolean | undefined;
  /** With `gentle`: other sessions at work above which a server is busy. Default 4. */
  readonly busyAbove?: number | undefined;
  /** Most memory for the comparison outside of a server, such as `2GB`. Default 224MB. One thread of DuckDB works for each 56 MB. */
  readonly memoryLimit?: string | undefined;
}

export interface CompareTablesOptions extends DiffOptions {
  /** What paths of files are relative to. Default: the working folder. */
  readonly cwd?: string | undefined;
  /** Stops the comparison, which then rejects with INTERRUPTED. */
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}
