import type { ColumnCounts, DiffCounts, DiffPlan, Discrepancy } from './comparison.js';
import type { DiffProfile } from './diff-profile.js';
import type { Verdict } from './verdict.js';

export type { ColumnProfile, Concentration, DiffProfile, HistogramBin, MissingRange } from './diff-profile.js';

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
