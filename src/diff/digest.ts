import type { Row } from '../model/cell.js';
import type { SqlSession } from '../store/contract.js';
import type { Sides, SideSource } from './sides.js';
import type { DiffStatements } from './statements.js';
import type { SideRows } from './tally.js';

/** The bucket of rows that have a NULL in their key: they match nothing. */
const NULL_KEYS = -1;

interface BucketDigest {
  readonly rows: number;
  readonly sum: string;
}

/** A side in buckets. */
interface SideDigest {
  readonly rows: SideRows;
  readonly buckets: Map<number, BucketDigest>;
}

async function digestSide(
  session: SqlSession,
  statements: DiffStatements,
  source: SideSource,
  buckets: number,
): Promise<SideDigest> {
  const rows = await session.query(statements.digest(source, buckets));
  const found = new Map(rows.map((row) => [Number(row['bucket']), digestOf(row)]));
  const nulls = found.get(NULL_KEYS)?.rows ?? 0;
  found.delete(NULL_KEYS);
  return { rows: { rows: nulls + [...found.values()].reduce((sum, one) => sum + one.rows, 0), nulls }, buckets: found };
}

function digestOf(row: Row): BucketDigest {
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

/** Digests both sides, one scan each: counts their rows and names the buckets that differ. */
export async function findDifferingBuckets(
  session: SqlSession,
  statements: DiffStatements,
  sides: Sides,
  buckets: number,
): Promise<{ differing: number[]; rows: { batch: SideRows; stream: SideRows } }> {
  const batch = await digestSide(session, statements, sides.batch, buckets);
  const stream = await digestSide(session, statements, sides.stream, buckets);
  return {
    differing: differingBuckets(batch.buckets, stream.buckets),
    rows: { batch: batch.rows, stream: stream.rows },
  };
}
