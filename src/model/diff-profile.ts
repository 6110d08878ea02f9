import type { DiscrepancyKind } from './discrepancy-kind.js';

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
