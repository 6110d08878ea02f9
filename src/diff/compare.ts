import type { ColumnCounts, Discrepancy, DiffCounts, DiffPlan } from '../model/comparison.js';
import type { DiffProfile } from '../model/diff-report.js';
import type { Progress } from '../model/ports.js';
import type { CompareConfig } from '../model/project.js';
import type { KeyRangeSql, SqlDialect, SqlSession } from '../store/contract.js';
import { countSides, searchCandidates, type Counts, type Searched } from './candidates.js';
import { pairColumns, type DiffColumns } from './columns.js';
import { readNullKeys, type Reading } from './fetch.js';
import { Listing } from './listing.js';
import { planDiff, ROWS_IN_RANGE, SMALL_TABLE, type DiffStrategy } from './plan.js';
import { Profiler } from './profile.js';
import { compareRanges } from './ranges.js';
import type { Side, Sides, SideSource } from './sides.js';
import { DiffStatements } from './statements.js';
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
  /** Leaves the planner no choice. */
  readonly strategy?: DiffStrategy;
  /** Stops soon after so many keys were found to differ; the counts of differences are then lower bounds. */
  readonly stopAfter?: number | undefined;
  /** Share of the keys (0 to 1) that are compared, chosen by a hash of the key; rows with a NULL in their key are always looked at. */
  readonly sample?: number | undefined;
  readonly progress?: Progress;
  /**
   * Says what the differences have in common, which takes one more pass over each side where there are any; with `sums` of every column of numbers, also where
   * there are none.
   */
  readonly profile?: { readonly sums: boolean };
  /** Called for every discrepancy, listed or not, in any order. Must not use the session. */
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
  /** `stopAfter` ended it: counts of differences are lower bounds, `matched` holds what was seen to agree. */
  readonly stopped_early: boolean;
  /** Only where it was asked for. */
  readonly profile?: DiffProfile;
};

/**
 * Compares two tables of one store key by key. Runs in the caller's transaction, in which neither side may change; writes nothing
 * but a temporary table of duplicate keys. Errors: TABLE_MISSING, KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID.
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
  const side = (name: Side): SideSource => ({
    side: name,
    relation: input[name],
    filter: bothHold(input.filter, input.rules.where?.[name]),
    unique: input.unique[name],
  });
  const whole = { batch: side('batch'), stream: side('stream') };
  const { sample } = input;
  const sides =
    sample === undefined
      ? whole
      : { batch: statements.sampled(whole.batch, sample), stream: statements.sampled(whole.stream, sample) };
  const tally = new Tally(columns.compared.length);
  const listing = new Listing(input.limit, input.onDiscrepancy);
  const profiler = input.profile === undefined ? undefined : new Profiler(columns);
  const reading: Reading = { session, columns, tally, listing, profiler, progress: input.progress };

  input.progress?.update('counting rows', 0);
  const limit = dialect.countsAreFree ? undefined : SMALL_TABLE;
  const counted = await countSides(session, statements, sides, limit);
  const counts: Counts = {
    ...counted,
    exact: limit === undefined || (counted.batch.rows < limit && counted.stream.rows < limit),
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
  const stop = (): boolean => input.stopAfter !== undefined && tally.found >= input.stopAfter;
  const searched =
    strategy.strategy === 'ranges' && bounds !== null && dialect.keyRanges !== null
      ? await searchRanges(reading, statements, dialect.keyRanges, sides, bounds, stop)
      : await searchCandidates(reading, statements, sides, strategy, counts, stop);
  const { rows } = searched;
  if (rows.batch.nulls > 0) await readNullKeys(reading, statements.listNullKeys(sides.batch), 'batch');
  if (rows.stream.nulls > 0) await readNullKeys(reading, statements.listNullKeys(sides.stream), 'stream');

  const byColumn = tally.columns(columns.compared);
  const profile = await profiler?.finish({
    session,
    dialect,
    ...whole,
    counts: byColumn,
    sums: input.profile?.sums === true,
  });
  return {
    ...(searched.complete || strategy.strategy === 'ranges'
      ? tally.counts(rows.batch, rows.stream)
      : tally.lowerBounds(rows.batch, rows.stream)),
    columns: byColumn,
    discrepancies: listing.first(columns.key),
    lossy: [...columns.lossy],
    notes: [...columns.notes],
    plan: {
      strategy: strategy.strategy,
      reason: strategy.reason,
      ...searched.digest,
      candidates: tally.candidates,
    },
    columns_compared: columns.compared.map(({ name }) => name),
    stopped_early: !searched.complete,
    ...(profile === undefined ? {} : { profile }),
  };
}

/** On lines of their own, because a predicate may end with a comment. */
function bothHold(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? (a ?? b) : `(${a}\n) AND (${b}\n)`;
}

/** Where to cut the tables into key ranges; null: not, or not wanted. */
async function boundsFor(
  session: SqlSession,
  dialect: SqlDialect,
  input: DiffInput,
  { key: [first] }: DiffColumns,
  counts: Counts,
): Promise<readonly string[] | null> {
  const asked = input.strategy === undefined || input.strategy === 'ranges';
  // Rows of a key that is duplicate on both sides would all be joined with each other.
  const { batch, stream } = input.unique;
  const small = Math.max(counts.batch.rows, counts.stream.rows) < SMALL_TABLE;
  if (
    !asked ||
    (!batch && !stream) ||
    (small && input.strategy === undefined) ||
    first === undefined ||
    dialect.keyRanges === null
  )
    return null;
  return dialect.keyRanges.bounds(session, { batch: input.batch, stream: input.stream }, first, ROWS_IN_RANGE);
}

/** By ranges of the key; the few in which keys are duplicate are then searched by a join. */
async function searchRanges(
  reading: Reading,
  statements: DiffStatements,
  sql: KeyRangeSql,
  sides: Sides,
  bounds: readonly string[],
  stop: () => boolean,
): Promise<Searched> {
  const { session } = reading;
  const { rows, withDuplicates, complete } = await compareRanges(reading, statements, sql, sides, bounds, stop);
  const nulls = {
    batch: sides.batch.unique ? 0 : await countNulls(session, statements, sides.batch),
    stream: sides.stream.unique ? 0 : await countNulls(session, statements, sides.stream),
  };
  let again: Searched['rows'] | undefined;
  if (withDuplicates.length > 0) {
    const within = {
      batch: statements.within(sides.batch, withDuplicates),
      stream: statements.within(sides.stream, withDuplicates),
    };
    const counts = { ...(await countSides(session, statements, within)), exact: true };
    ({ rows: again } = await searchCandidates(
      reading,
      statements,
      within,
      { strategy: 'join', buckets: 0 },
      counts,
      () => false,
    ));
  }
  const total = (side: Side): SideRows => ({
    rows: rows[side] + nulls[side] + (again === undefined ? 0 : again[side].rows - again[side].nulls),
    nulls: nulls[side],
  });
  return { rows: { batch: total('batch'), stream: total('stream') }, digest: {}, complete };
}

async function countNulls(session: SqlSession, statements: DiffStatements, source: SideSource): Promise<number> {
  const [row] = await session.query(statements.countNullKeys(source));
  return Number(row?.['n'] ?? 0);
}
