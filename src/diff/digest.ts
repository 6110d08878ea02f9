import type { Row } from '../model/cell.js';
import type { SqlSession } from '../store/contract.js';
import { ALL_ROWS, NULL_KEYS } from './look-statements.js';
import type { Side, Sides } from './sides.js';
import type { DiffStatements } from './statements.js';
import type { SideRows } from './tally.js';

export interface BucketDigest {
  readonly rows: number;
  readonly sum: string;
}

export function digestOf(row: Row): BucketDigest {
  return { rows: Number(row['n']), sum: String(row['digest']) };
}

/** The buckets in which the two maps differ in rows or in sum, ascending. A bucket that only one side has differs. */
export function differingBuckets(
  batch: ReadonlyMap<number, BucketDigest>,
  stream: ReadonlyMap<number, BucketDigest>,
): number[] {
  const differing: number[] = [];
  for (const bucket of new Set([...batch.keys(), ...stream.keys()])) {
    const a = batch.get(bucket);
    const b = stream.get(bucket);
    if (a === undefined || b === undefined || a.rows !== b.rows || a.sum !== b.sum) differing.push(bucket);
  }
  return differing.sort((a, b) => a - b);
}

/** What two sides' digests say of them. */
export interface DigestedSides {
  /** Buckets that differ, ascending. */
  readonly differing: readonly number[];
  /** Rows of each side in those; none of them has a NULL in its key. */
  readonly within: { readonly batch: number; readonly stream: number };
  /** All rows of each side. */
  readonly rows: { readonly batch: SideRows; readonly stream: SideRows };
}

/** Digests both sides, one scan each: counts their rows and names the buckets that differ. */
export async function findDifferingBuckets(
  session: SqlSession,
  statements: DiffStatements,
  sides: Sides,
  buckets: number,
): Promise<DigestedSides> {
  const found = await session.query(statements.differingBuckets(sides, buckets));
  const of = (bucket: number): Row => found.find((row) => Number(row['bucket']) === bucket) ?? {};
  const rowsOf = (side: Side): SideRows => ({
    rows: Number(of(ALL_ROWS)[`${side}_rows`]),
    nulls: Number(of(NULL_KEYS)[`${side}_rows`]),
  });
  const differing = found.filter((row) => Number(row['bucket']) >= 0);
  const within = (side: Side): number => differing.reduce((sum, row) => sum + Number(row[`${side}_rows`]), 0);
  return {
    differing: differing.map((row) => Number(row['bucket'])).sort((a, b) => a - b),
    within: { batch: within('batch'), stream: within('stream') },
    rows: { batch: rowsOf('batch'), stream: rowsOf('stream') },
  };
}
