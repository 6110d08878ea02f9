import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { bothAscending } from './ascending.js';
import { findDifferingBuckets, type DigestedSides } from './digest.js';
import { holdCandidates, judgeAll, listOf, readCandidates, readDuplicates, type Reading } from './fetch.js';
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
  | { readonly kind: 'nothing' }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'buckets';
      readonly scope: BucketScope;
      /** Rows of each side in those buckets, where it is known. */
      readonly rows?: DigestedSides['within'];
    };

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
  if (await judgedAtOnce(reading, statements, sides, remaining)) return true;
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

/**
 * Where one side has no key twice, the numbers of rows tell whether the other has one, and nobody need look for it: a row of the other side meets at most one
 * row of this, so that as many pairs as rows of this side that found a partner are pairs of one and one. Of keys that the other side alone has they say nothing.
 *
 * @returns false where there may be duplicate keys, or more candidates than are held meanwhile: nothing was told or counted then
 */
async function judgedAtOnce(
  reading: Reading,
  statements: DiffStatements,
  { batch, stream }: Sides,
  remaining: Remaining,
): Promise<boolean> {
  if (remaining.kind !== 'buckets' || remaining.rows === undefined || batch.unique === stream.unique) return false;
  reading.progress?.update('selecting candidates', 0);
  const candidates = statements.candidates(batch, stream, remaining.scope, false);
  const held = await holdCandidates(reading, candidates);
  if (held === null) return false;
  const alone = { batch: 0, stream: 0 };
  for (const { present } of held) if (present === 'batch' || present === 'stream') alone[present] += 1;
  const [sound, other] = batch.unique ? (['batch', 'stream'] as const) : (['stream', 'batch'] as const);
  const partners = remaining.rows[sound] - alone[sound];
  const pairs = remaining.rows[other] - alone[other];
  if (pairs !== partners) return false;
  if (alone[other] > 1) {
    const parts = [{ source: other === 'batch' ? batch : stream, scope: remaining.scope }];
    if (await findsAny(reading.session, statements.duplicates(parts))) return false;
  }
  judgeAll(reading, held, listOf(reading, statements.ordersCandidates));
  return true;
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
  const { differing: listed, within, rows } = found;
  const digest = { buckets, differing_buckets: listed.length };
  if (listed.length === 0) return { remaining: { kind: 'nothing' }, digest, rows };
  if (listed.length > UNRESTRICTED_FROM * buckets) return { remaining: { kind: 'all' }, digest, rows };
  return { remaining: { kind: 'buckets', scope: { buckets, listed }, rows: within }, digest, rows };
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
    return (await findsAny(session, query)) ? `WITH ${DUPLICATES} AS MATERIALIZED (${query}) ` : null;
  }
  if ((await session.materialize(DUPLICATES, query)) > 0) return '';
  await session.forget(DUPLICATES);
  return null;
}

async function findsAny(session: SqlSession, query: string): Promise<boolean> {
  return (await session.query(`SELECT 1 AS found FROM (${query}) AS cutover_found LIMIT 1`)).length > 0;
}
