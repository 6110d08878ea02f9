import { sizeOf } from './across-sides.js';
import { inSnapshot, planAcross } from './diff-across.js';
import { filteredColumns } from './diff-filter.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import {
  acrossRequest,
  inputOf,
  isExact,
  needsTypes,
  ONE_DATABASE,
  ONE_WORKSPACE,
  readForItsTypes,
  type PlaceRequest,
} from './diff-place.js';
import { WORKSPACE, type OpenSide, type Sides } from './diff-sides.js';
import { bySides, withPair } from './diff-pair.js';
import { oneSided } from './diff-columns.js';
import { planTables } from '../diff/compare.js';
import { typeTexts } from '../store/duckdb/text-columns.js';
import { planDiff } from '../diff/plan.js';
import type { TransferSide } from '../diff/transfer-plan.js';
import type { PlannedRows, PlanReport } from '../model/plan-report.js';

/** What was found out of the way that a comparison would go. */
type Planned = Pick<
  PlanReport,
  'rows' | 'bytes_to_send' | 'place' | 'place_reason' | 'strategy' | 'reason' | 'buckets'
> & { readonly lossy: readonly string[]; readonly notes: readonly string[] };

/** How `diffTables` would compare two tables, and why: nothing is compared. Errors: those of `diffTables`. */
export function planDiffOf(context: DiffContext, options: DiffOptions): Promise<PlanReport> {
  return withPair(context, options, async (sides, { left, right, common, request }) => {
    const { lossy, notes, ...plan } = await planOf(sides, request);
    await sides.requireUnchanged();
    const exact = isExact(request);
    return {
      schema: 'cutover.plan/v1',
      sides: { batch: left.label, stream: right.label },
      ...plan,
      place_reason: bySides(plan.place_reason),
      reason: bySides(plan.reason),
      network: request.network,
      alignment: { method: exact ? 'snapshot' : 'as_read', exact },
      key: common.key,
      columns: common.pairs.slice(common.key.length).map(([name]) => name),
      lossy,
      notes: [...left.notes, ...right.notes, ...common.notes, ...oneSided(common), ...notes].map(bySides),
    };
  });
}

async function planOf(sides: Sides, request: PlaceRequest): Promise<Planned> {
  const { left, right } = request;
  const together = left.home === right.home;
  if (together) return planInOneStore(sides, request);
  return needsTypes(request) ? planByNumbers(request) : planBetween(sides, request);
}

async function planInOneStore(sides: Sides, request: PlaceRequest): Promise<Planned> {
  const { left, right } = request;
  const here = left.home === WORKSPACE;
  const how = here ? { readers: await (await sides.workspace()).readers() } : { readOnly: true };
  const typed = here ? await typedHere(sides, request) : { left, right, notes: [] };
  const input = { ...inputOf(request, typed.left, typed.right), ...how };
  const plan = () => planTables(left.session, left.dialect, input);
  const { columns, counts, strategy } = here ? await plan() : await inSnapshot(left.session, plan);
  const [batch, stream] = counts.exact
    ? [counted(counts.batch.rows), counted(counts.stream.rows)]
    : [rowsOf(await sizeIn(left, input.batch)), rowsOf(await sizeIn(right, input.stream))];
  return {
    rows: { batch, stream },
    bytes_to_send: 0,
    place: 'one_store',
    place_reason: here ? ONE_WORKSPACE : ONE_DATABASE,
    ...strategyOf(strategy),
    lossy: columns.lossy,
    notes: [...typed.notes, ...columns.notes],
  };
}

/** Both sides with the types that a comparison would give to texts: their rows may stand in one order. */
async function typedHere(
  sides: Sides,
  request: PlaceRequest,
): Promise<{ readonly left: OpenSide; readonly right: OpenSide; readonly notes: readonly string[] }> {
  const { left, right, common } = request;
  const typed = await typeTexts(await sides.workspace(), left, right, common.pairs, filteredColumns(request));
  return {
    left: { ...left, relation: typed.left },
    right: { ...right, relation: typed.right },
    notes: typed.notes,
  };
}

async function planBetween(sides: Sides, request: PlaceRequest): Promise<Planned> {
  const { plan, batch, stream, pairs, losses } = await planAcross(await acrossRequest(sides, request));
  const known = numbersOf(batch, stream);
  const how =
    plan.place === 'digests_exchanged'
      ? { strategy: 'digest' as const, reason: plan.reason, buckets: plan.buckets }
      : afterPulling(request, batch, stream);
  return {
    ...known,
    place: plan.place,
    place_reason: plan.reason,
    ...how,
    lossy: [...losses, ...pairs.lossy],
    notes: pairs.notes,
  };
}

/** The types of texts, which take reading them all, change nothing of the way of rows from a server. Without them a filter may not be understood. */
async function planByNumbers(request: PlaceRequest): Promise<Planned> {
  const { left, right } = request;
  const [batch, stream] = [await sizeIn(left, left.relation), await sizeIn(right, right.relation)];
  const { rows, ...known } = numbersOf(batch, stream);
  const atMost = ({ count, exact }: PlannedRows, filter: string | undefined): PlannedRows => ({
    count,
    exact: exact && filter === undefined,
  });
  return {
    rows: { batch: atMost(rows.batch, request.where.batch), stream: atMost(rows.stream, request.where.stream) },
    ...known,
    place: 'pulled',
    place_reason: readForItsTypes(request),
    ...afterPulling(request, batch, stream),
    lossy: [],
    notes: [],
  };
}

function afterPulling(
  { input }: PlaceRequest,
  batch: TransferSide,
  stream: TransferSide,
): ReturnType<typeof strategyOf> {
  return strategyOf(planDiff({ batchRows: batch.rows, streamRows: stream.rows, forced: input.strategy }));
}

function strategyOf({
  strategy,
  reason,
  buckets,
}: ReturnType<typeof planDiff>): Pick<PlanReport, 'strategy' | 'reason' | 'buckets'> {
  return { strategy, reason, buckets: strategy === 'digest' ? buckets : null };
}

function numbersOf(batch: TransferSide, stream: TransferSide): Pick<PlanReport, 'rows' | 'bytes_to_send'> {
  const sent = [batch, stream].filter(({ away }) => away);
  return {
    rows: { batch: rowsOf(batch), stream: rowsOf(stream) },
    bytes_to_send: sent.reduce((sum, { rows, width }) => sum + rows * width, 0),
  };
}

function rowsOf({ rows, away }: TransferSide): PlannedRows {
  return { count: rows, exact: !away };
}

function counted(count: number): PlannedRows {
  return { count, exact: true };
}

function sizeIn({ session, dialect, home, columns }: OpenSide, relation: string): Promise<TransferSide> {
  return sizeOf({ session, dialect, relation }, home === WORKSPACE ? null : columns.map(({ name }) => name));
}
