import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { bothAscending } from './ascending.js';
import { findDifferingBuckets } from './digest.js';
import { readCandidates, readDuplicates, type Reading } from './fetch.js';
import { FEW_BUCKETS, UNRESTRICTED_FROM, type Strategy } from './plan.js';
import type { BucketScope, Sides, SideSource } from './sides.js';
import { DUPLICATES, type DiffStatements } from './statements.js';
import type { SideRows } from './tally.js';

interface SidesRows {
  readonly batch: SideRows;
  readonly stream: SideRows;
}

/** Not exact: at least so many, where counting would cost a scan that a digest makes anyway. */
export interface Counts extends SidesRows {
  readonly exact: boolean;
}

/** What was done to find the differing rows. */
export interface Searched {
  readonly rows: SidesRows;
  /** What the plan says of the digests. */
  readonly digest: { readonly buckets?: number; readonly differing_buckets?: number };
  /** False: stopped before the end. */
  readonly complete: boolean;
}

/** What the digests left to look at: nothing, some buckets, or all rows. */
export type Remaining =
  { readonly kind: 'nothing' } | { readonly kind: 'all' } | { readonly kind: 'buckets'; readonly scope: BucketScope };

/** @param limit counts the first so many rows only */
async function countRows(
  session: SqlSession,
  statements: DiffStatements,
  source: SideSource,
  limit?: number,
): Promise<SideRows> {
  const [row] = await session.query(statements.count(source, limit));
  return { rows: Number(row?.['n'] ?? 0), nulls: Number(row?.['nulls'] ?? 0) };
}

export async function countSides(
  session: SqlSession,
  statements: DiffStatements,
  sides: Sides,
  limit?: number,
): Promise<SidesRows> {
  return {
    batch: await countRows(session, statements, sides.batch, limit),
    stream: await countRows(session, statements, sides.stream, limit),
  };
}

/** Finds the rows that may differ, by digests or by one join, and has each judged; duplicate keys are told and taken out. */
export async function searchCandidates(
  reading: Reading,
  statements: DiffStatements,
  sides: Sides,
  strategy: Pick<Strategy, 'strategy' | 'buckets'>,
  counts: Counts,
  stop: () => boolean,
): Promise<Searched> {
  const { session, progress } = reading;
  const { remaining, digest, rows } = await narrowDown(session, statements, sides, strategy, counts, progress);
  return { rows, digest, complete: await searchRemaining(reading, statements, sides, remaining, stop) };
}

/**
 * Has the rows judged that are left to be looked at.
 *
 * @returns false when it stopped before the end
 */
export async function searchRemaining(
  reading: Reading,
  statements: DiffStatements,
  given: Sides,
  remaining: Remaining,
  stop: () => boolean,
): Promise<boolean> {
  const sides = remaining.kind === 'nothing' ? given : await bothAscending(reading.session, statements, given);
  const duplicates = await takeOutDuplicates(reading, statements, sides, remaining);
  let complete = true;
  if (remaining.kind !== 'nothing') {
    reading.progress?.update('selecting candidates', 0);
    const candidates = statements.candidates(sides.batch, sides.stream, scopeOf(remaining), duplicates !== null);
    complete = await readCandidates(reading, `${duplicates ?? ''}${candidates}`, statements.ordersCandidates, stop);
  }
  if (duplicates === '') await reading.session.forget(DUPLICATES);
  return complete;
}

interface Narrowed extends Pick<Searched, 'digest' | 'rows'> {
  readonly remaining: Remaining;
}

async function narrowDown(
  session: SqlSession,
  statements: DiffStatements,
  sides: Sides,
  strategy: Pick<Strategy, 'strategy' | 'buckets'>,
  counts: Counts,
  progress: Progress | undefined,
): Promise<Narrowed> {
  if (strategy.strategy !== 'digest') {
    const rows = counts.exact ? counts : await countSides(session, statements, sides);
    return { remaining: { kind: 'all' }, digest: {}, rows };
  }
  progress?.update('digesting', 0);
  let { buckets } = strategy;
  let found = await findDifferingBuckets(session, statements, sides, buckets);
  if (buckets === 1 && found.differing.length > 0) {
    buckets = FEW_BUCKETS;
    found = await findDifferingBuckets(session, statements, sides, buckets);
  }
  const { differing: listed, rows } = found;
  const digest = { buckets, differing_buckets: listed.length };
  if (listed.length === 0) return { remaining: { kind: 'nothing' }, digest, rows };
  if (listed.length > UNRESTRICTED_FROM * buckets) return { remaining: { kind: 'all' }, digest, rows };
  return { remaining: { kind: 'buckets', scope: { buckets, listed } }, digest, rows };
}

function scopeOf(remaining: Remaining): BucketScope | undefined {
  return remaining.kind === 'buckets' ? remaining.scope : undefined;
}

/**
 * Finds and reports duplicate keys. In a bucket whose digests agree both sides hold the same rows, so one side that can't have duplicates
 * vouches for the other, and where neither can, the batch side is searched for both.
 *
 * @returns what a statement that names them begins with: nothing where they stand in a temporary table. null: there are none
 */
async function takeOutDuplicates(
  reading: Reading,
  statements: DiffStatements,
  { batch, stream }: Sides,
  remaining: Remaining,
): Promise<string | null> {
  const scope = scopeOf(remaining);
  const parts: { source: SideSource; scope: BucketScope | undefined }[] = [];
  if (!batch.unique && !stream.unique) {
    parts.push({ source: batch, scope: undefined });
    if (remaining.kind !== 'nothing') parts.push({ source: stream, scope });
  } else if (remaining.kind !== 'nothing') {
    if (!batch.unique) parts.push({ source: batch, scope });
    if (!stream.unique) parts.push({ source: stream, scope });
  }
  if (parts.length === 0) return null;
  reading.progress?.update('looking for duplicate keys', 0);
  const duplicates = await nameDuplicates(reading, statements.duplicates(parts));
  if (duplicates !== null) await readDuplicates(reading, `${duplicates}${statements.listDuplicates(batch, stream)}`);
  return duplicates;
}

/** Where nothing may be written, every statement that names them finds them itself. */
async function nameDuplicates({ session, readOnly }: Reading, query: string): Promise<string | null> {
  if (readOnly) {
    const found = await session.query(`SELECT 1 AS found FROM (${query}) AS cutover_found LIMIT 1`);
    return found.length === 0 ? null : `WITH ${DUPLICATES} AS MATERIALIZED (${query}) `;
  }
  if ((await session.materialize(DUPLICATES, query)) > 0) return '';
  await session.forget(DUPLICATES);
  return null;
}
