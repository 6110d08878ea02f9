import type { Duration } from './duration.js';
import type { MergeWindow, Schedule, SourceText } from './job-parts.js';
import type { View } from './view.js';

export type { MergeWindow, Schedule, SourceText } from './job-parts.js';

/** A configuration file, validated, with every path absolute and every SQL file's text loaded. */
export interface Project {
  /** Absolute path of the configuration file. */
  readonly file: string;
  /** Absolute path of its folder. */
  readonly root: string;
  readonly store: StoreConfig;
  /** null: both sides of every pipeline are external, and none of them needs to know where the log stands. */
  readonly log: LogConfig | null;
  readonly ingest: IngestConfig;
  readonly landing: LandingConfig;
  /** In dependency order: a pipeline stands after those it names in `after`. */
  readonly pipelines: readonly Pipeline[];
  /** In the order of the file. */
  readonly views: readonly View[];
}

export type StoreConfig =
  | {
      readonly kind: 'duckdb';
      /** absolute */ readonly path: string;
      readonly schemas: SchemaNames;
      readonly memoryLimit: string | null;
    }
  | { readonly kind: 'postgres'; readonly url: string; readonly schemas: SchemaNames };

/** The names of the schemas in the store. */
export interface SchemaNames {
  readonly batch: string;
  readonly stream: string;
  /** Where the served views stand. */
  readonly served: string;
}

export type LogConfig = FileLogConfig | KafkaLogConfig;

export interface FileLogConfig {
  readonly kind: 'file';
  /** Globs as written, made absolute. */
  readonly paths: readonly string[];
  /** Undefined: by each file's ending. */
  readonly format?: FileFormat;
  /** Declared columns in order; undefined: taken from the files (Parquet, CSV). */
  readonly schema?: readonly DeclaredColumn[];
  /** The column that holds the event time; undefined: none. */
  readonly eventTime?: string;
}

export interface KafkaLogConfig {
  readonly kind: 'kafka';
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly topics: readonly string[];
  readonly group: string;
  /** `json`: the value is an object with the columns of `schema`; `raw`: only the record's own columns; `registry`: as json, decoded by a schema registry. */
  readonly format: KafkaFormat;
  readonly registry?: { readonly url: string; readonly username?: string; readonly password?: string };
  readonly schema: readonly DeclaredColumn[];
  /** The record's own columns that the events have, in this order. */
  readonly metadata: readonly KafkaColumn[];
  /** A column of `schema`, or `_timestamp`. */
  readonly eventTime?: string;
  readonly start: KafkaStart;
  /** Events that are gone before they were read: stop, or mark the place in the quarantine and go on. */
  readonly onDataLoss: 'stop' | 'mark';
  /** How long the group waits for a member that went silent. */
  readonly sessionTimeout: Duration;
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaSasl;
}

export type KafkaFormat = 'json' | 'raw' | 'registry';

export type KafkaColumn = '_topic' | '_key' | '_value' | '_headers' | '_timestamp';

/** Where a partition is read from that was never read before. Offsets by topic and partition; what is not named: earliest. */
export type KafkaStart =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'timestamp'; readonly at: Date }
  | { readonly kind: 'offsets'; readonly offsets: ReadonlyMap<string, number> };

/** Paths are absolute. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export type FileFormat = 'parquet' | 'csv' | 'ndjson';

/** `type` is one of: text, boolean, integer, bigint, double, decimal(p,s), date, timestamp, timestamptz, json, bytes, or one of these with `[]`. */
export interface DeclaredColumn {
  readonly name: string;
  readonly type: string;
}

export interface IngestConfig {
  /** Events in a micro-batch at the most. */
  readonly maxEvents: number;
  /** The longest a micro-batch waits to be filled. */
  readonly maxWait: Duration;
  /** Quarantined rows past which a comparison is inconclusive. */
  readonly maxQuarantined: number;
}

export interface LandingConfig {
  /** Events that arrived longer ago are pruned where no batch job needs them; null: all are kept. */
  readonly keep: Duration | null;
}

export interface Pipeline {
  readonly name: string;
  readonly key: readonly string[];
  /** Pipelines whose tables this one reads, each on its own side. */
  readonly after: readonly string[];
  readonly batch: BatchJob;
  readonly stream: StreamJob;
  readonly compare: CompareConfig;
  /** PostgreSQL: digests of both sides are kept, and all rows are read again only so often. */
  readonly incremental?: { readonly fullEvery: Duration };
  /** Comparisons say what the differences have in common, and with `sums` whether the sums of numbers agree. */
  readonly profile?: { readonly sums: boolean };
  /** Before the cutover readers get batch rows of closed windows and stream rows of those that events touched since the batch side's cut. */
  readonly merge?: MergeWindow;
  readonly gate: GateConfig;
  readonly canary: CanaryPlan;
}

/** How the stream side is held still during a cycle. */
export type Hold = 'snapshot' | 'copy';

interface BatchCommon {
  readonly schedule: Schedule;
  readonly hold: Hold;
  /** A job whose last run took longer is held by copy from then on. */
  readonly holdLimit: Duration;
  /** Recompute and compare only the partitions touched since the last cut. */
  readonly partitionBy?: PartitionBy;
}

export interface PartitionBy {
  /** A column of the output. */
  readonly column: string;
  /** The SQL expression over `events` that gives that column's value for an event. */
  readonly from: string;
  /** How many of the newest partitions are recomputed and compared besides, touched or not. */
  readonly lookback: number;
  /** How often everything is recomputed and compared all the same. */
  readonly fullEvery: Duration;
}

export type BatchJob =
  | (BatchCommon & { readonly kind: 'sql'; readonly sql: SourceText })
  | (BatchCommon & {
      readonly kind: 'command';
      readonly argv: readonly string[];
      /** Format of the file the command writes. */
      readonly output: FileFormat;
      readonly timeout: Duration;
      /** It is given the events; false: it reads them elsewhere, if at all. */
      readonly events: boolean;
      /** Files whose content is part of the job's code. */
      readonly code: readonly SourceText[];
    })
  | (BatchCommon & { readonly kind: 'replay' })
  /** Another version of the stream job, with a table of its own: every micro-batch goes through both. */
  | (BatchCommon & { readonly kind: 'stream'; readonly job: OwnStreamJob })
  | (BatchCommon & ExternalSide);

/** A job of the stream side that `cutover` runs itself. */
export type OwnStreamJob =
  | { readonly kind: 'sql'; readonly sql: SourceText; readonly setup?: SourceText }
  | { readonly kind: 'module'; readonly module: SourceText; readonly setup?: SourceText };

export type StreamJob = OwnStreamJob | ExternalSide;

/** A side whose table somebody else writes. */
export interface ExternalSide {
  readonly kind: 'external';
  /** The table or view, in the store. */
  readonly table: { readonly schema: string; readonly name: string };
  readonly align: Alignment;
}

/**
 * How a side that `cutover` does not write is brought to the same input as the other one. What both sides must agree on is the same on both
 * sides of a pipeline.
 */
export type Alignment =
  | {
      /** A query names the offsets that the side reflects: columns `partition` and `next_offset`. */
      readonly kind: 'progress';
      readonly query: string;
      /** The longest that is waited for the sides to stand at the same offsets. */
      readonly wait: Duration;
    }
  | {
      /** Neither the log nor the side changed for so long. */
      readonly kind: 'quiescent';
      readonly settle: Duration;
      readonly wait: Duration;
    }
  | {
      /** Only rows of closed windows are compared. */
      readonly kind: 'window';
      readonly column: string;
      /** The column holds the begin of a window of this length; 0: it holds the end. */
      readonly size: Duration;
      readonly lateness: Duration;
      /** A query for the side's watermark: one value. */
      readonly watermark: string;
      /** Rows without a value in that column. */
      readonly nulls: 'inconclusive' | 'compare' | 'leave_out';
    }
  | {
      /** What differs is compared again. */
      readonly kind: 'settle';
      readonly delay: Duration;
      /** A query for a time up to which the side is known to have got; with it the delay follows the lag between the sides. */
      readonly watermark: string | null;
      readonly maxDelay: Duration;
      readonly rounds: number;
      /** Share of the keys that may be in flux; null: as many as may differ. */
      readonly maxInFlux: number | null;
    };

export interface CompareConfig {
  /**
   * By the column's name on the batch side, or by a pattern in which `*` stands for any characters. The column's own name goes before a pattern, and a pattern
   * before one that also takes every name that it takes. A column without a rule is compared exactly.
   */
  readonly columns: { readonly [column: string]: ColumnRule };
  /** A SQL predicate over the columns of a side; a row for which it is not true takes no part. */
  readonly where?: { readonly batch?: string; readonly stream?: string };
  /** Columns of the batch side that have another name on the stream side, with that name. The key and the rules use the batch side's names. */
  readonly map?: { readonly [batch: string]: string };
}

export interface ColumnRule {
  /** Largest absolute difference that is tolerated, as decimal text. */
  readonly absolute?: string;
  /** Largest difference relative to the larger magnitude that is tolerated. */
  readonly relative?: number;
  /** Numbers that are equal when rounded to so many digits after the point (before it when negative) are tolerated; half is rounded away from zero. */
  readonly round?: number;
  /** Largest distance of two times that is tolerated; of dates: whole days. */
  readonly within?: Duration;
  readonly ignore?: boolean;
  /** NULL counts as 0, or as the empty text. */
  readonly nullEquals?: 'zero' | 'empty';
  /** Lists are compared as sets: order and repetition do not count. */
  readonly set?: boolean;
  /** Texts that differ only in upper and lower case are tolerated. */
  readonly case?: 'ignore';
  /** Texts that differ only in white space are tolerated: at both ends, or (`collapse`) also in how much of it stands between words. */
  readonly whitespace?: 'trim' | 'collapse';
  /** JSON values that differ only at these paths (see model/json-path.ts) are tolerated. */
  readonly ignorePaths?: readonly string[];
  readonly because?: string;
  /** The last day (YYYY-MM-DD) on which `ignore` or a tolerance holds. */
  readonly until?: string;
}

export interface GateConfig {
  readonly maxMismatchRate: number;
  readonly minKeys: number;
  readonly consecutivePasses: number;
  readonly maxAge: Duration;
}

export interface CanaryPlan {
  /** Percent of keys that read the stream, ascending, ending with 100. */
  readonly steps: readonly number[];
  readonly dwell: { readonly cycles: number };
  /** Steps (percent) that need an approval before they are taken. */
  readonly approve: readonly number[];
  /** Mismatch rate above which a canary is rolled back. */
  readonly rollbackAt: number;
  /** Steps are taken by `cutover run` itself. */
  readonly auto: boolean;
  readonly salt: string;
}
