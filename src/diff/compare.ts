import type { DiffCounts } from '../model/comparison.js';
import type { DiffProfile } from '../model/diff-profile.js';
import { messageOf } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { oneAscending } from './ascending.js';
import {
  countSides,
  searchCandidates,
  searchRemaining,
  type Counts,
  type Remaining,
  type Searched,
} from './candidates.js';
import { columnsOf, type DiffColumns } from './columns.js';
import { readNullKeys, type Reading } from './fetch.js';
import { disagreement, keptPair, useKept, type KeptUse } from './kept.js';
import { findInStep, searchInStep } from './in-step.js';
import type { DiffInput, DiffOutcome } from './input.js';
import { Listing } from './listing.js';
import { planDiff, SMALL_TABLE, type Strategy } from './plan.js';
import { Profiler, type ProfileSources } from './profile.js';
import { profiled, type Profiled } from './profile-guard.js';
import { boundsFor, searchRanges } from './search-ranges.js';
import { allOf, type Side, type Sides, type SideSource } from './sides.js';
import { DiffStatements } from './statements.js';
import type { DiffTask } from './task.js';
import { Tally } from './tally.js';
import { requirePredicate } from './whole-sql.js';

/**
 * Compares two tables of one store key by key. Runs in the caller's transaction, in which neither side may change; writes nothing
 * but a temporary table of duplicate keys, and nothing at all with `readOnly`. Errors: TABLE_MISSING, KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID.
 */
export async function compareTables(session: SqlSession, dialect: SqlDialect, input: DiffInput): Promise<DiffOutcome> {
  const { columns, statements, whole, taken } = await prepare(session, dialect, input);
  const tally = new Tally(columns.compared.length);
  const listing = new Listing(input.limit, input.onDiscrepancy);
  const profiler = input.profile === undefined ? undefined : new Profiler(columns);
  const reading: Reading = {
    session,
    columns,
    tally,
    listing,
    profiler,
    progress: input.progress,
    readOnly: input.readOnly === true,
  };

  const stop = (): boolean => input.stopAfter !== undefined && tally.found >= input.stopAfter;
  const kept = await keptFor(session, dialect, columns, input);
  const found =
    (await searchByKept(reading, statements, taken, kept, stop)) ??
    (await search(reading, { session, dialect, statements, sides: taken, columns, input }, stop));
  const { rows, sides } = found;
  if (rows.batch.nulls > 0) await readNullKeys(reading, statements.listNullKeys(sides.batch), 'batch');
  if (rows.stream.nulls > 0) await readNullKeys(reading, statements.listNullKeys(sides.stream), 'stream');

  const byColumn = tally.columns(columns.compared);
  const nothing = tally.found === 0 && tally.candidates === 0 && input.profile?.sums !== true;
  const { profile, notes: failed } = await profileOf(session, dialect, profiler, nothing, {
    ...among(whole, input),
    counts: byColumn,
    sums: input.profile?.sums === true,
    // What was found by kept digests should cost no more than what differs.
    shares: input.profile?.among !== null && kept?.outcome.how !== 'used',
    ask: input.profile?.ask,
  });
  return {
    ...countsOf(tally, found, kept),
    columns: byColumn,
    discrepancies: listing.first(columns.key),
    lossy: [...columns.lossy],
    notes: [...columns.notes, ...(kept?.notes ?? []), ...failed],
    plan: {
      strategy: found.strategy,
      reason: found.reason,
      ...found.digest,
      candidates: tally.candidates,
    },
    columns_compared: columns.compared.map(({ name }) => name),
    stopped_early: !found.complete,
    ...(profile === undefined ? {} : { profile }),
    ...(kept === null ? {} : { kept: kept.outcome }),
  };
}

interface Prepared {
  readonly columns: DiffColumns;
  readonly statements: DiffStatements;
  readonly whole: Sides;
  /** Of a sample only the keys that are in it. */
  readonly taken: Sides;
}

async function prepare(session: SqlSession, dialect: SqlDialect, input: DiffInput): Promise<Prepared> {
  const { where = {} } = input.rules;
  for (const name of ['batch', 'stream'] as const)
    if (where[name] !== undefined) await requirePredicate(session, input[name], where[name]);
  const columns = await columnsOf(session, dialect, input);
  const statements = new DiffStatements(dialect, columns);
  const side = (name: Side): SideSource => ({
    side: name,
    relation: input[name],
    filter: allOf([input.filter, where[name], input.part?.[name]]),
    unique: input.unique[name],
  });
  const whole = { batch: side('batch'), stream: side('stream') };
  const { sample } = input;
  const taken =
    sample === undefined
      ? whole
      : { batch: statements.sampled(whole.batch, sample), stream: statements.sampled(whole.stream, sample) };
  return { columns, statements, whole, taken };
}

function among(whole: Sides, { profile }: DiffInput): Sides {
  const rows = profile?.among;
  if (rows === undefined || rows === null) return whole;
  return {
    batch: { ...whole.batch, relation: rows.batch },
    stream: { ...whole.stream, relation: rows.stream },
  };
}

async function profileOf(
  session: SqlSession,
  dialect: SqlDialect,
  profiler: Profiler | undefined,
  nothing: boolean,
  sources: Omit<ProfileSources, 'session' | 'dialect'>,
): Promise<Profiled> {
  if (profiler === undefined) return { notes: [] };
  const make = (): Promise<DiffProfile> => profiler.finish({ session, dialect, ...sources });
  // Where nothing differs the server is asked nothing, not even for a savepoint.
  return nothing ? { profile: await make(), notes: [] } : profiled(session, dialect, make);
}

/** What was found, and how. */
interface Found extends Searched, Pick<Strategy, 'strategy' | 'reason'> {
  readonly sides: Sides;
  /** The rows of `rows` are those that were looked at. */
  readonly partial: boolean;
}

/** How the differing rows of two tables would be found. Compares nothing. In the caller's transaction; errors: those of `compareTables`. */
export async function planTables(
  session: SqlSession,
  dialect: SqlDialect,
  input: DiffInput,
): Promise<Pick<Chosen, 'counts' | 'strategy'> & { readonly columns: DiffColumns }> {
  const { columns, statements, taken } = await prepare(session, dialect, input);
  const task = { session, dialect, statements, sides: taken, columns, input };
  const inStep = await findInStep(task);
  if (inStep === null) return { ...(await choose(task)), columns };
  const { rows, reason } = inStep;
  const side = { rows, nulls: 0 };
  return {
    columns,
    counts: { batch: side, stream: side, exact: true },
    strategy: { strategy: 'in_step', reason, buckets: 0 },
  };
}

interface Chosen {
  readonly counts: Counts;
  readonly sides: Sides;
  readonly bounds: readonly string[] | null;
  readonly strategy: Strategy;
}

async function choose({ session, statements, dialect, sides: taken, columns, input }: DiffTask): Promise<Chosen> {
  input.progress?.update('counting rows', 0);
  const given = await oneAscending(session, statements, taken);
  const limit = dialect.countsAreFree ? undefined : SMALL_TABLE;
  const counted = await countSides(session, statements, given, limit);
  const counts: Counts = {
    ...counted,
    exact: limit === undefined || (counted.batch.rows < limit && counted.stream.rows < limit),
  };
  const sides = {
    batch: { ...given.batch, whole: counts.exact && counts.batch.nulls === 0 },
    stream: { ...given.stream, whole: counts.exact && counts.stream.nulls === 0 },
  };
  const bounds = await boundsFor(session, dialect, input, columns, counts);
  const strategy = planDiff({
    batchRows: counts.batch.rows,
    streamRows: counts.stream.rows,
    exact: counts.exact,
    previous: input.previous,
    forced: input.strategy,
    ranges: bounds === null ? undefined : bounds.length + 1,
  });
  return { counts, sides, bounds, strategy };
}

async function search(reading: Reading, task: DiffTask, stop: () => boolean): Promise<Found> {
  const { statements, dialect } = task;
  const inStep = await searchInStep(reading, task, stop);
  if (inStep !== null) return { ...inStep, strategy: 'in_step', sides: task.sides, partial: false };
  const { counts, sides, bounds, strategy } = await choose(task);
  const searched =
    strategy.strategy === 'ranges' && bounds !== null && dialect.keyRanges !== null
      ? await searchRanges(reading, statements, dialect.keyRanges, sides, bounds, stop)
      : await searchCandidates(reading, statements, sides, strategy, counts, stop);
  const { strategy: name, reason } = strategy;
  return { ...searched, strategy: name, reason, sides, partial: name === 'ranges' };
}

/** Kept digests stand for all rows of both tables. */
async function keptFor(
  session: SqlSession,
  dialect: SqlDialect,
  columns: DiffColumns,
  input: DiffInput,
): Promise<KeptUse | null> {
  const part = [input.filter, input.rules.where, input.sample, input.part].some((one) => one !== undefined);
  if (input.kept === undefined || part) return null;
  return useKept(session, input.kept, keptPair(dialect, columns, input.kept.name, input));
}

async function searchByKept(
  reading: Reading,
  statements: DiffStatements,
  sides: Sides,
  kept: KeptUse | null,
  stop: () => boolean,
): Promise<Found | null> {
  if (kept === null || kept.findings === null) return null;
  const { differing, buckets, shift, batch, stream } = kept.findings;
  const number = differing === null ? 'many' : String(differing.length);
  const how = kept.outcome.how === 'checked' ? 'kept digests, held against all rows' : 'kept digests';
  const remaining: Remaining =
    differing === null
      ? { kind: 'all' }
      : differing.length === 0
        ? { kind: 'nothing' }
        : { kind: 'buckets', scope: { buckets, shift, listed: differing } };
  return {
    strategy: 'digest',
    reason: `${how}: ${number} of ${buckets} buckets differ`,
    digest: { buckets, ...(differing === null ? {} : { differing_buckets: differing.length }) },
    rows: { batch, stream },
    complete: await searchRemaining(reading, statements, sides, remaining, stop),
    sides,
    partial: false,
  };
}

/** Digests that are wrong by rows show in counts that do not add up. */
function countsOf(tally: Tally, { rows, complete, partial }: Found, kept: KeptUse | null): DiffCounts {
  if (!complete && !partial) return tally.lowerBounds(rows.batch, rows.stream);
  try {
    return tally.counts(rows.batch, rows.stream);
  } catch (error) {
    throw kept !== null && kept.findings !== null ? disagreement(messageOf(error)) : error;
  }
}
