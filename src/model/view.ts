import type { Duration } from './duration.js';
import type { Schedule, SourceText } from './job-parts.js';

/** A query over the served names whose rows are kept in a table of its name and refreshed by a schedule. */
export interface View {
  readonly name: string;
  readonly description: string | null;
  readonly sql: SourceText;
  readonly schedule: Schedule;
  /** Only the partitions touched since the last refresh are computed. */
  readonly partitionBy?: ViewPartitionBy;
}

export interface ViewPartitionBy {
  /** A column of the view. */
  readonly column: string;
  /** The SQL expression over `events` that gives that column's value in the rows that an event changes. */
  readonly from: string;
  /** How often all rows are computed all the same. */
  readonly fullEvery: Duration;
  /** Partitions that lie no further back than this from the newest one are always computed; null: only those that were touched. */
  readonly lookback: Duration | null;
}

/** Where rows came from: `mixed` is a canary between its first and its last step, or several pipelines on different sides. */
export type ViewSide = 'batch' | 'stream' | 'mixed';

/** What a refresh read of one pipeline. */
export interface ViewSource {
  readonly pipeline: string;
  readonly side: ViewSide;
  /** Of the keys, in parts per million: the canary's share of the snapshot that was read. */
  readonly share_ppm: number;
}

/**
 * `never`: not built yet. `fresh`, and `stale` when a whole run of its schedule was missed. `failed`: the last try failed; the rows are those of the last one that
 * did not. `changed`: the rows are those of other SQL. `removed`: no longer configured; its table is still there.
 */
export type ViewStatus = 'never' | 'fresh' | 'stale' | 'failed' | 'changed' | 'removed';

/** A materialized view as it stands. Times are ISO 8601, durations milliseconds. */
export interface ViewReport {
  readonly view: string;
  readonly description: string | null;
  readonly status: ViewStatus;
  /** `every 1m`, or the cron expression; null for one that is no longer configured. */
  readonly schedule: string | null;
  /** When the snapshot was taken that its rows show; null: never built. */
  readonly refreshed_at: string | null;
  readonly staleness_ms: number | null;
  readonly duration_ms: number | null;
  readonly rows: number | null;
  /** Rows that the last refresh added or took away. */
  readonly changed_rows: number | null;
  /** Partitions that the last refresh computed; null: all rows. */
  readonly partitions: number | null;
  /** When all rows were last computed. */
  readonly full_at: string | null;
  /** Why the last refresh computed all rows; null: it did not, or the view has no partitions. */
  readonly full_reason: string | null;
  /** Rows that the last full refresh by schedule changed in partitions that no event had touched: more than 0 says that `partition_by` does not fit the SQL. */
  readonly corrected_rows: number;
  /** null: it reads no pipeline, or was never built. */
  readonly side: ViewSide | null;
  readonly sources: readonly ViewSource[];
  /** When the next refresh is due; null for one that is no longer configured. */
  readonly next_due: string | null;
  /** The last try, whether it failed or not. */
  readonly attempted_at: string | null;
  /** Why the last try failed; null: it did not. */
  readonly error: string | null;
  /** Tries that failed since the last one that did not. */
  readonly failures: number;
}

/** `cutover.views/v1`: the views that were asked for, after a refresh where one was. */
export interface ViewsResult {
  readonly schema: 'cutover.views/v1';
  readonly action: 'list' | 'refresh' | 'drop';
  readonly views: readonly ViewReport[];
}

/** The side of a view over these sources; null where there are none. */
export function sideOf(sources: readonly ViewSource[]): ViewSide | null {
  const [first] = sources;
  if (first === undefined) return null;
  return sources.every(({ side }) => side === first.side) ? first.side : 'mixed';
}
