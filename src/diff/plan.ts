/**
 * `digest`: sums of hashes by bucket, then the rows of the buckets that differ. `join`: one full outer join. `ranges`: both tables side by side, range by
 * range of the key, by their indexes. `in_step`: row by row, where the rows of both stand in the same order.
 */
export type DiffStrategy = 'digest' | 'join' | 'ranges' | 'in_step';

/** How the differing rows of two tables are to be found. */
export interface Strategy {
  readonly strategy: DiffStrategy;
  readonly reason: string;
  /** Digest only. One: the sides are expected to be equal; when they are not, FEW_BUCKETS follow. */
  readonly buckets: number;
}

export interface PlanFacts {
  readonly batchRows: number;
  readonly streamRows: number;
  /** False: each side has at least so many. */
  readonly exact?: boolean;
  /** What the last comparison of this pipeline found. */
  readonly previous?: { readonly differing: number; readonly keys: number } | undefined;
  readonly forced?: DiffStrategy | undefined;
  /** Into how many ranges indexes would lead through both tables in key order; undefined: they don't. */
  readonly ranges?: number | undefined;
}

/**
 * Rows in a range of the key. Measured with 5M x 5M rows (PostgreSQL 18, 2 processors): 64 and 256 ranges took the same time; the differences of one range
 * are held in memory.
 */
export const ROWS_IN_RANGE = 20_000;

/** Below this many rows a join takes milliseconds: two digests before it would only add to them. */
export const SMALL_TABLE = 50_000;

/**
 * Bucket counts. Measured with 10M x 10M rows of 4 columns (DuckDB 1.5, both digests; a full join took 700 ms): 1 bucket 155 ms,
 * 4,096 260 ms, 16,384 320 ms. More buckets pay when so many keys differ that few of 4,096 buckets would stay equal.
 */
export const FEW_BUCKETS = 4096;
export const MANY_BUCKETS = 16_384;

/** From so many rows on, of which nothing is known, more buckets are taken: with 10M rows they add 5% to a digest, and save a quarter of the rest where 1,000 keys differ. */
const LARGE_TABLE = 4_000_000;

/** Shares of differing buckets: above the first, more buckets are taken; above the second, digests don't pay at all. */
const MANY_FROM = 0.15;
const JOIN_FROM = 0.4;

/** Share of differing buckets above which the join is not restricted to them: the filter would cost more than it saves. */
export const UNRESTRICTED_FROM = 0.6;

/** Keys fall into buckets by their hash, so `keys` differing ones leave a bucket equal with probability e^(-keys / buckets). */
export function expectedShare(keys: number, buckets: number): number {
  return 1 - Math.exp(-keys / buckets);
}

/** Chooses digests where most buckets will be equal, a full outer join where tables are small or many keys will differ. */
export function planDiff(facts: PlanFacts): Strategy {
  if (facts.forced === 'join') return { strategy: 'join', reason: 'asked for', buckets: 0 };
  if (facts.forced === 'digest') return { strategy: 'digest', reason: 'asked for', buckets: FEW_BUCKETS };
  if (facts.ranges !== undefined) {
    const reason = `indexes lead through both tables in key order: ${facts.ranges} ranges`;
    return { strategy: 'ranges', reason, buckets: 0 };
  }
  if (facts.forced === 'ranges')
    return {
      strategy: 'digest',
      reason: 'ranges were asked for, but no indexes lead through both tables in the order of a unique key',
      buckets: FEW_BUCKETS,
    };
  const rows = Math.max(facts.batchRows, facts.streamRows);
  if (rows < SMALL_TABLE)
    return { strategy: 'join', reason: `small tables: ${rows} rows, digests pay from ${SMALL_TABLE} on`, buckets: 0 };
  // Rows that one side has too many of differ at least; what the last comparison found is likely to differ still.
  const expected = Math.max(Math.abs(facts.batchRows - facts.streamRows), facts.previous?.differing ?? 0);
  const from = facts.previous === undefined ? 'by the row counts' : 'by the last comparison and the row counts';
  if (expectedShare(expected, MANY_BUCKETS) > JOIN_FROM) {
    return {
      strategy: 'join',
      reason: `about ${expected} keys expected to differ (${from}), in too many buckets`,
      buckets: 0,
    };
  }
  const size = facts.exact === false ? `at least ${rows}` : String(rows);
  if (facts.previous !== undefined && expected === 0)
    return { strategy: 'digest', reason: `${size} rows, equal at the last comparison`, buckets: 1 };
  const unknown = facts.previous === undefined && rows >= LARGE_TABLE;
  const many = unknown || expectedShare(expected, FEW_BUCKETS) > MANY_FROM;
  const buckets = many ? MANY_BUCKETS : FEW_BUCKETS;
  return { strategy: 'digest', reason: `${size} rows, about ${expected} keys expected to differ (${from})`, buckets };
}
