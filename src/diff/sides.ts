export type Side = 'batch' | 'stream';

/** A side as it takes part in the comparison. */
export interface SideSource {
  readonly side: Side;
  /** Relation SQL. */
  readonly relation: string;
  readonly filter: string | undefined;
  /** True: a PRIMARY KEY keeps out duplicate and NULL keys. */
  readonly unique: boolean;
}

/** A range of the first key column: `from` <= value < `to`, as SQL; undefined: open. */
export interface KeyRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Only the rows whose key falls into these of `buckets` buckets. */
export interface BucketScope {
  readonly buckets: number;
  readonly listed: readonly number[];
}

export interface Sides {
  readonly batch: SideSource;
  readonly stream: SideSource;
}
