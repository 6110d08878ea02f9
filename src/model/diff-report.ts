import type { ColumnCounts, DiffCounts, DiffPlan, Discrepancy, DiscrepancyKind } from './comparison.js';
import type { Verdict } from './verdict.js';

/** How two tables that nobody holds still were brought to one moment. */
export interface DiffAlignment {
  /**
   * `snapshot`: both were read in one snapshot of one store, or do not change. `as_read`: each was read in a snapshot of its own, one after the other.
   * `settle`: what differed was compared again until it stayed.
   */
  readonly method: 'snapshot' | 'as_read' | 'settle';
  /** Whether every difference found is one of content and not of time. */
  readonly exact: boolean;
  /** In words: which snapshots, how long was waited. */
  readonly detail: string;
}

/** What a comparison of a part of the keys says of all of them. */
export interface Sampled {
  /** Share of the keys that were compared, 0 to 1; which ones is decided by a hash of the key. */
  readonly share: number;
  /** Upper bound, at 95% confidence, of the share of all keys that differ. */
  readonly mismatch_rate_upper_95: number;
}

/** A value of the key, a prefix of it, or a value of a column in which the discrepancies of a kind concentrate. */
export interface Concentration {
  readonly kind: DiscrepancyKind;
  readonly column: string;
  /** Where the column itself differs: the side that has this value. null: both have it, or there is but one row. */
  readonly side: 'batch' | 'stream' | null;
  /** The canonical text of the value; null is NULL. */
  readonly value: string | null;
  /** `value`: rows that have this value; `prefix`: rows whose value begins so; `day`, `month`: times that lie in it. */
  readonly by: 'value' | 'prefix' | 'day' | 'month';
  readonly discrepancies: number;
  /** True: `discrepancies` and `share` are lower bounds, because there were too many different values to count each. */
  readonly at_least: boolean;
  /** Of the discrepancies of this kind, 0 to 1. */
  readonly share: number;
  /** Of the rows of a side that has them, 0 to 1: what `share` would be if the discrepancies were anywhere. */
  readonly base_share: number;
}

/** Where the missing keys lie: the smallest and the largest value of a column among them, and on the whole side that has them. */
export interface MissingRange {
  readonly kind: DiscrepancyKind;
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly side_from: string;
  readonly side_to: string;
}

/** Signed differences from `from` on, below `to`. */
export interface HistogramBin {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** The differences of one column; numbers, dates (days) and times (seconds) have sizes. Sizes are those of differences that no rule tolerates. */
export interface ColumnProfile {
  readonly column: string;
  readonly mismatched: number;
  readonly tolerated: number;
  /** Mismatched values whose difference has no size: NULL, NaN or an infinity on one side, texts. */
  readonly unsized: number;
  /** What a size counts; null for plain numbers. */
  readonly unit: 'days' | 'seconds' | null;
  /** stream - batch, as decimal texts; null where the column has no differences of a size. */
  readonly smallest: string | null;
  /** The lower one of the two in the middle. */
  readonly median: string | null;
  /** Greatest relative error of the median; 0: exact. */
  readonly median_error: number;
  readonly largest: string | null;
  /**
   * Signed differences between 1, 2, 5, 10, 20, 50, ... or, where they are spread wider, between powers of ten; ascending, without gaps but for the one
   * around 0. `from` and `to` are decimal texts, `to` exclusive.
   */
  readonly histogram: readonly HistogramBin[];
  /** null: not asked for, or not a type of which a sum is exact. */
  readonly sums: { readonly batch: string; readonly stream: string; readonly equal: boolean } | null;
}

/** What the differences have in common. */
export interface DiffProfile {
  /** Columns that differ, and with sums also those of numbers that do not; in the order of the table. */
  readonly columns: readonly ColumnProfile[];
  /** Largest share first; only what stands out against `base_share`. */
  readonly concentrations: readonly Concentration[];
  readonly ranges: readonly MissingRange[];
}

/** How a comparison was cut that was made in chunks. */
export interface ChunkedPlan {
  readonly by: 'ranges' | 'hash' | 'whole';
  readonly chunks: number;
  /** More than one: it was interrupted, and went on. */
  readonly runs: number;
  /** Pauses for a busy server, and milliseconds in all. */
  readonly pauses: number;
  readonly paused: number;
}

/** The result of `cutover diff` and `compareTables()`: a comparison of any two tables; its schema is that of a comparison. */
export interface DiffReport extends DiffCounts {
  readonly schema: 'cutover.comparison/v1';
  readonly pipeline: null;
  readonly comparison_id: null;
  /** What was compared, without passwords. */
  readonly sides: { readonly batch: string; readonly stream: string };
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly cut: null;
  readonly alignment: DiffAlignment;
  readonly started_at: string;
  readonly finished_at: string;
  readonly columns: { readonly [column: string]: ColumnCounts };
  readonly discrepancies: readonly Discrepancy[];
  readonly discrepancies_listed: number;
  readonly lossy: readonly string[];
  readonly notes: readonly string[];
  readonly evidence: null;
  /** null: all keys. */
  readonly sampled: Sampled | null;
  /** True: the comparison was stopped early, and every count of differences is a lower bound. */
  readonly stopped_early: boolean;
  readonly profile: DiffProfile | null;
  readonly plan: DiffPlan & {
    /** Where the rows met, and why there. */
    readonly place: 'one_store' | 'pulled' | 'digests_exchanged';
    readonly place_reason: string;
    /** Only where it was made in chunks. */
    readonly chunked?: ChunkedPlan;
  };
  /** Milliseconds. */
  readonly timing: { readonly pull: number; readonly diff: number; readonly total: number };
}
