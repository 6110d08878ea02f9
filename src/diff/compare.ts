import type { ColumnCounts, Discrepancy, DiffCounts, DiffPlan } from '../model/comparison.js';
import { messageOf } from '../model/errors.js';
import type { Progress } from '../model/ports.js';
import type { CompareConfig } from '../model/project.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { pairColumns } from './columns.js';
import { findDifferingBuckets } from './digest.js';
import { readCandidates, readDuplicates, readNullKeys, type Reading } from './fetch.js';
import { disagreement, keptPair, useKept, type KeptInput, type KeptOutcome, type KeptUse } from './kept.js';
import { Listing } from './listing.js';
import { FEW_BUCKETS, planDiff, SMALL_TABLE, UNRESTRICTED_FROM, type Strategy } from './plan.js';
import { CANDIDATES, DiffStatements, DUPLICATES, type BucketScope, type SideSource } from './statements.js';
import { Tally, type SideRows } from './tally.js';

export interface DiffInput {
  /** Relation SQL of the batch side: a quoted, qualified table name or a parenthesised query. */
  readonly batch: string;
  readonly stream: string;
  readonly key: readonly string[];
  readonly rules: CompareConfig;
  /** YYYY-MM-DD; rules that ended before it no longer hold. */
  readonly today: string;
  /** True where a PRIMARY KEY on exactly the key keeps out duplicates and NULL keys. */
  readonly unique: { readonly batch: boolean; readonly stream: boolean };
  /** A SQL predicate over the columns of a side, applied to both. */
  readonly filter?: string;
  /** Discrepancies listed in the outcome; the counts are never capped. */
  readonly limit: number;
  /** What the last comparison found: the planner's best guess of what differs now. */
  readonly previous?: { readonly differing: number; readonly keys: number } | undefined;
  /** Digests that are kept of both sides; without a filter only. */
  readonly kept?: KeptInput;
  /** Leaves the planner no choice. */
  readonly strategy?: 'digest' | 'join';
  readonly progress?: Progress;
  /** Called for every discrepancy, listed or not; within a kind in key order. Must not use the session. */
  readonly onDiscrepancy?: (discrepancy: Discrepancy) => void;
}

export type DiffOutcome = DiffCounts & {
  readonly columns: Record<string, ColumnCounts>;
  /** The first `limit`, by key. */
  readonly discrepancies: Discrepancy[];
  readonly lossy: string[];
  readonly notes: string[];
  readonly plan: DiffPlan;
  readonly columns_compared: string[];
  /** Where digests are kept: what became of them. */
  readonly kept?: KeptOutcome;
};

/** What the digests left to look at: nothing, some buckets, or all rows. */
type Remaining =
  { readonly kind: 'nothing' } | { readonly kind: 'all' } | { readonly kind: 'buckets'; readonly scope: BucketScope };

/**
 * Compares two tables of one store key by key. Runs in the caller's transaction, in which neither side may change; writes nothing
 * but a temporary table. Errors: TABLE_MISSING, KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID.
 */
export async function compareTables(session: SqlSession, dialect: SqlDialect, input: DiffInput): Promise<DiffOutcome> {
  const columns = pairColumns(
    await dialect.columns(session, input.batch),
    await dialect.columns(session, input.stream),
    input.key,
    input.rules,
    input.today,
  );
  const statements = new DiffStatements(dialect, columns);
  const batch: SideSource = { side: 'batch', relation: input.batch, filter: input.filter, unique: input.unique.batch };
  const stream: SideSource = {
    side: 'stream',
    relation: input.stream,
    filter: input.filter,
    unique: input.unique.stream,
  };
  const tally = new Tally(columns.compared.length);
  const listing = new Listing(input.limit, input.onDiscrepancy);
  const reading: Reading = { session, columns, tally, listing, progress: input.progress };

  const kept =
    input.kept === undefined || input.filter !== undefined
      ? null
      : await useKept(session, input.kept, keptPair(dialect, columns, input.kept.name, input));
  const { strategy, narrowed } =
    narrowedByKept(kept) ?? (await planAndNarrow(session, dialect, statements, { batch, stream }, input));
  const { remaining, digest, rows } = narrowed;

  const withoutDuplicates = await takeOutDuplicates(reading, statements, batch, stream, remaining);
  if (rows.batch.nulls > 0) await readNullKeys(reading, statements.listNullKeys(batch), 'batch');
  if (rows.stream.nulls > 0) await readNullKeys(reading, statements.listNullKeys(stream), 'stream');
  if (remaining.kind !== 'nothing') {
    input.progress?.update('selecting candidates', 0);
    const candidates = statements.candidates(batch, stream, scopeOf(remaining), withoutDuplicates);
    // What is looked up in a few buckets needs no workers.
    const few = (kept?.findings?.differing ?? null) !== null;
    if (dialect.parallelCursors || few) await readCandidates(reading, candidates);
    else {
      await session.materialize(CANDIDATES, candidates);
      await readCandidates(reading, `SELECT * FROM ${CANDIDATES}`);
      await session.forget(CANDIDATES);
    }
  }
  await session.run(`DROP TABLE IF EXISTS ${DUPLICATES}`);

  return {
    ...countsOf(tally, rows, kept),
    columns: tally.columns(columns.compared),
    discrepancies: listing.first(columns.key),
    lossy: [...columns.lossy],
    notes: [...columns.notes, ...(kept?.notes ?? [])],
    plan: {
      strategy: strategy.strategy,
      reason: strategy.reason,
      ...digest,
      candidates: tally.candidates,
    },
    columns_compared: columns.compared.map(({ name }) => name),
    ...(kept === null ? {} : { kept: kept.outcome }),
  };
}

/** Digests that are wrong by rows show in counts that do not add up. */
function countsOf(tally: Tally, rows: SidesRows, kept: KeptUse | null): DiffCounts {
  try {
    return tally.counts(rows.batch, rows.stream);
  } catch (error) {
    throw kept !== null && kept.findings !== null ? disagreement(messageOf(error)) : error;
  }
}

interface Planned {
  readonly strategy: Pick<Strategy, 'strategy' | 'reason'>;
  readonly narrowed: Narrowed;
}

function narrowedByKept(kept: KeptUse | null): Planned | null {
  if (kept === null || kept.findings === null) return null;
  const { differing, buckets, batch, stream } = kept.findings;
  const found = differing === null ? 'many' : String(differing.length);
  const how = kept.outcome.how === 'checked' ? 'kept digests, held against all rows' : 'kept digests';
  return {
    strategy: { strategy: 'digest', reason: `${how}: ${found} of ${buckets} buckets differ` },
    narrowed: {
      remaining:
        differing === null
          ? { kind: 'all' }
          : differing.length === 0
            ? { kind: 'nothing' }
            : { kind: 'buckets', scope: { buckets, listed: differing } },
      digest: { buckets, ...(differing === null ? {} : { differing_buckets: differing.length }) },
      rows: { batch, stream },
    },
  };
}

async function planAndNarrow(
  session: SqlSession,
  dialect: SqlDialect,
  statements: DiffStatements,
  { batch, stream }: { readonly batch: SideSource; readonly stream: SideSource },
  input: DiffInput,
): Promise<Planned> {
  input.progress?.update('counting rows', 0);
  const limit = dialect.countsAreFree ? undefined : SMALL_TABLE;
  const counted = {
    batch: await countRows(session, statements, batch, limit),
    stream: await countRows(session, statements, stream, limit),
  };
  const counts: Counts = {
    ...counted,
    exact: limit === undefined || (counted.batch.rows < limit && counted.stream.rows < limit),
  };
  const strategy = planDiff({
    batchRows: counts.batch.rows,
    streamRows: counts.stream.rows,
    exact: counts.exact,
    previous: input.previous,
    forced: input.strategy,
  });
  const narrowed = await narrowDown(session, statements, { batch, stream }, strategy, counts, input.progress);
  return { strategy, narrowed };
}

async function countRows(
  session: SqlSession,
  statements: DiffStatements,
  source: SideSource,
  limit?: number,
): Promise<SideRows> {
  const [row] = await session.query(statements.count(source, limit));
  return { rows: Number(row?.['n'] ?? 0), nulls: Number(row?.['nulls'] ?? 0) };
}

interface SidesRows {
  readonly batch: SideRows;
  readonly stream: SideRows;
}

/** Not exact: at least so many, where counting would cost a scan that a digest makes anyway. */
interface Counts extends SidesRows {
  readonly exact: boolean;
}

interface Narrowed {
  readonly remaining: Remaining;
  /** What the plan says of the digests. */
  readonly digest: { readonly buckets?: number; readonly differing_buckets?: number };
  readonly rows: SidesRows;
}

async function narrowDown(
  session: SqlSession,
  statements: DiffStatements,
  sides: { readonly batch: SideSource; readonly stream: SideSource },
  strategy: Strategy,
  counts: Counts,
  progress: Progress | undefined,
): Promise<Narrowed> {
  if (strategy.strategy === 'join') {
    const rows = counts.exact
      ? counts
      : {
          batch: await countRows(session, statements, sides.batch),
          stream: await countRows(session, statements, sides.stream),
        };
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
 * @returns whether there were any
 */
async function takeOutDuplicates(
  reading: Reading,
  statements: DiffStatements,
  batch: SideSource,
  stream: SideSource,
  remaining: Remaining,
): Promise<boolean> {
  const scope = scopeOf(remaining);
  const parts: { source: SideSource; scope: BucketScope | undefined }[] = [];
  if (!batch.unique && !stream.unique) {
    parts.push({ source: batch, scope: undefined });
    if (remaining.kind !== 'nothing') parts.push({ source: stream, scope });
  } else if (remaining.kind !== 'nothing') {
    if (!batch.unique) parts.push({ source: batch, scope });
    if (!stream.unique) parts.push({ source: stream, scope });
  }
  if (parts.length === 0) return false;
  reading.progress?.update('looking for duplicate keys', 0);
  await reading.session.run(`DROP TABLE IF EXISTS ${DUPLICATES}`);
  await reading.session.run(statements.collectDuplicates(parts));
  const [row] = await reading.session.query(`SELECT count(*) AS n FROM ${DUPLICATES}`);
  if (Number(row?.['n'] ?? 0) === 0) return false;
  await readDuplicates(reading, statements.listDuplicates(batch, stream));
  return true;
}
