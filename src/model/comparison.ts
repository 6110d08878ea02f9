import type { Cell } from './cell.js';
import type { DiffProfile } from './diff-profile.js';
import type { DiscrepancyKind } from './discrepancy-kind.js';
import type { OffsetVectorJson } from './offset-vector.js';
import type { Verdict } from './verdict.js';

export { DISCREPANCY_KINDS, type DiscrepancyKind } from './discrepancy-kind.js';

/** One key on which the sides disagree. */
export interface Discrepancy {
  readonly key: { readonly [column: string]: Cell };
  readonly kind: DiscrepancyKind;
  /** The differing columns with both values; for a missing key the values of the side that has it; for a duplicate key the row counts as `rows`. */
  readonly columns: { readonly [column: string]: { readonly batch: Cell; readonly stream: Cell } };
  /** Id of the comparison in which this key first differed and when (ISO 8601); null before it was stored. */
  readonly first_seen: { readonly comparison_id: string; readonly at: string } | null;
  readonly cause: string | null;
}

export interface ColumnCounts {
  readonly mismatched: number;
  readonly tolerated: number;
  /** Decimal text; null where the column is not numeric or nothing differed. Seconds for timestamps, days for dates. */
  readonly max_abs_difference: string | null;
}

/** Which code and configuration made a comparison: hashes of both jobs and of the rules. */
export interface Evidence {
  readonly batch: string;
  readonly stream: string;
  readonly rules: string;
}

/** How the rows were found that differ. */
export interface DiffPlan {
  readonly strategy: 'digest' | 'join' | 'ranges' | 'in_step' | 'reused';
  readonly reason: string;
  /** Digest only. */
  readonly buckets?: number;
  readonly differing_buckets?: number;
  /** Rows that were judged one by one. */
  readonly candidates: number;
}

/** Exact counts of a comparison of two tables; `matched + tolerated + missing... + value_mismatch + duplicate_key = keys_compared`. */
export interface DiffCounts {
  readonly batch_rows: number;
  readonly stream_rows: number;
  /** Distinct keys (not NULL) on either side. */
  readonly keys_compared: number;
  /** Keys on which every compared column is equal. */
  readonly matched: number;
  /** Keys whose every difference is allowed by a rule. */
  readonly tolerated: number;
  readonly missing_in_stream: number;
  readonly missing_in_batch: number;
  readonly value_mismatch: number;
  /** Keys that stand more than once on a side. */
  readonly duplicate_key: number;
  /** Rows whose key holds a NULL. */
  readonly null_key: number;
  readonly in_flux: number;
  /** (missing + mismatched + duplicate keys + null-key rows) / (keys_compared + null-key rows); 0 when nothing was compared. */
  readonly mismatch_rate: number;
}

/** The part of a comparison's scope: everything, or only some partitions. */
export interface Scope {
  readonly full: boolean;
  /** With `partition_by`: the column and how many partitions were compared. */
  readonly partition_column?: string;
  readonly partitions?: number;
}

/** How both sides were brought to the same input. */
export interface ComparisonAlignment {
  /** `snapshot`, `copy`: both sides are cutover's own. The others: of sides that somebody else writes, see docs/external.md. */
  readonly method: 'snapshot' | 'copy' | 'progress' | 'quiescent' | 'window' | 'settle';
  /** Whether every difference found is one of content, and none of time; false: as far as the configured times hold. */
  readonly exact: boolean;
  /** In words: what was waited for, what was left out. */
  readonly detail?: string;
  /** Where the sides stood, when the cut does not tell: comparisons of the same state are the same evidence. */
  readonly state?: string;
}

/** The stored and printed result of one cycle; `cutover.comparison/v1`. */
export interface Comparison extends DiffCounts {
  readonly schema: 'cutover.comparison/v1';
  readonly pipeline: string;
  readonly comparison_id: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly cut: OffsetVectorJson;
  readonly alignment: ComparisonAlignment;
  readonly scope: Scope;
  readonly started_at: string;
  readonly finished_at: string;
  readonly quarantined: number;
  readonly columns: { readonly [column: string]: ColumnCounts };
  /** What the differences have in common; absent where it was not looked for, as in comparisons stored by an earlier version. */
  readonly profile?: DiffProfile;
  readonly discrepancies: readonly Discrepancy[];
  readonly discrepancies_listed: number;
  readonly lossy: readonly string[];
  /** Rules with an end date that has passed, and other things worth knowing that do not change the verdict. */
  readonly notes: readonly string[];
  readonly evidence: Evidence;
  readonly plan: DiffPlan;
  /** Milliseconds. */
  readonly timing: {
    readonly batch_job: number;
    readonly publish: number;
    readonly diff: number;
    readonly total: number;
  };
  /** The comparison whose result was taken over because nothing arrived since. */
  readonly reused_from: string | null;
}

/** The findings of a comparison that was not made. */
export const NOTHING_COMPARED = {
  batch_rows: 0,
  stream_rows: 0,
  keys_compared: 0,
  matched: 0,
  tolerated: 0,
  missing_in_stream: 0,
  missing_in_batch: 0,
  value_mismatch: 0,
  duplicate_key: 0,
  null_key: 0,
  in_flux: 0,
  mismatch_rate: 0,
  columns: {},
  discrepancies: [],
  discrepancies_listed: 0,
  lossy: [],
  notes: [],
  plan: { strategy: 'join', reason: 'nothing was compared', candidates: 0 },
} as const satisfies Partial<Comparison>;

/** The number of keys (and null-key rows) that count against a pass. */
export function discrepancyCount(counts: DiffCounts): number {
  return (
    counts.missing_in_stream + counts.missing_in_batch + counts.value_mismatch + counts.duplicate_key + counts.null_key
  );
}
