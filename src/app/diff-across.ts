import { compareTables } from '../diff/compare.js';
import type { DiffInput, DiffOutcome } from '../diff/input.js';
import { planTransfer, type Network, type TransferPlan, type TransferSide } from '../diff/transfer-plan.js';
import type { DiffAlignment, DiffReport } from '../model/diff-report.js';
import type { SqlSession } from '../store/contract.js';
import { arrivedDialect } from '../store/duckdb/arrived.js';
import {
  hashKindOf,
  prepareSides,
  sizeOf,
  usedColumns,
  type AcrossSide,
  type PairRequest,
  type PreparedSides,
  type SideName,
} from './across-sides.js';
import { withBlocks } from './across-blocks.js';
import { withWholeFirst } from './across-digests.js';
import { askOwnStore } from './ask-across.js';
import { together } from './together.js';
import { gather, type AcrossWorkspace, type Gathered } from './gather.js';

const SIDES = ['batch', 'stream'] as const;

export interface AcrossRequest
  extends PairRequest, Omit<DiffInput, 'batch' | 'stream' | 'unique' | 'filter' | 'previous'> {
  readonly workspace: AcrossWorkspace;
  readonly network: Network;
  /** Leaves the planner no choice. */
  readonly place?: 'pulled' | 'digests_exchanged' | undefined;
  /** The caller holds the snapshots of both sides. */
  readonly held?: boolean;
}

export interface AcrossOutcome extends DiffOutcome {
  readonly plan: DiffReport['plan'];
  readonly alignment: DiffAlignment;
  /** Milliseconds. */
  readonly timing: { readonly pull: number; readonly diff: number };
}

/** What would be done, and why, without doing it. */
export async function planAcross(request: AcrossRequest): Promise<AcrossPlan> {
  const sides = await prepareSides(request);
  return { ...(await planOf(sides, request)), pairs: sides.pairs, losses: lossesOf(sides) };
}

interface AcrossPlan extends Sized {
  readonly pairs: PreparedSides['pairs'];
  readonly losses: readonly string[];
}

interface Sized {
  readonly plan: TransferPlan;
  readonly batch: TransferSide;
  readonly stream: TransferSide;
}

/**
 * Compares two tables that stand in different stores: in a DuckDB workspace, which rows of PostgreSQL are brought to; all of them, or those that digests leave. Each side of
 * PostgreSQL is read in one snapshot of its own. Errors: those of `compareTables`, STORE_CONNECTION_LOST, STORE_TIMEOUT, INTERRUPTED.
 */
export async function diffAcross(request: AcrossRequest): Promise<AcrossOutcome> {
  const started = performance.now();
  const sides = await prepareSides(request);
  const { plan } = await planOf(sides, request);
  let pulled = started;
  const read = async (): Promise<{ readonly gathered: Gathered; readonly judged: DiffOutcome | null }> => {
    const gathered = await gather(sides, plan, request);
    pulled = performance.now();
    // Where digests were exchanged, what the differences have in common is held against rows that are still there alone.
    return { gathered, judged: gathered.digests === null ? null : await judge(sides, gathered, request) };
  };
  const { gathered, judged } = await (request.held === true
    ? read()
    : inSnapshots([request.batch, request.stream], read));
  const outcome = judged ?? (await judge(sides, gathered, request));
  return {
    ...outcome,
    lossy: [...new Set([...lossesOf(sides), ...outcome.lossy])],
    plan: { ...outcome.plan, place: gathered.plan.place, place_reason: gathered.plan.reason },
    alignment: alignmentOf(request),
    timing: { pull: Math.round(pulled - started), diff: Math.round(performance.now() - pulled) },
  };
}

function lossesOf(sides: PreparedSides): string[] {
  return SIDES.flatMap((name) => usedColumns(sides[name], sides.pairs, name).flatMap(({ loss }) => loss ?? []));
}

async function planOf(sides: PreparedSides, request: AcrossRequest): Promise<Sized> {
  const size = (name: SideName): Promise<TransferSide> =>
    sizeOf(
      sides[name].side,
      sides[name].sent === null ? null : usedColumns(sides[name], sides.pairs, name).map((column) => column.name),
    );
  const [batch, stream] = await together(size('batch'), size('stream'));
  const plan = planTransfer({
    batch,
    stream,
    network: request.network,
    sameHashes: hashKindOf(sides) === 'same',
    allRows: request.sample !== undefined,
    forced: request.place,
  });
  const facts = { rows: Math.max(batch.rows, stream.rows), network: request.network };
  return { plan: withWholeFirst(await withBlocks(plan, sides, facts), sides, request.held === true), batch, stream };
}

/** Each side that is no part of the workspace in one snapshot, which nothing is written in. */
export async function inSnapshots<T>(sides: readonly AcrossSide[], work: () => Promise<T>): Promise<T> {
  const [side, ...others] = sides;
  if (side === undefined) return work();
  if (side.dialect.kind === 'duckdb') return inSnapshots(others, work);
  return inSnapshot(side.session, () => inSnapshots(others, work));
}

/** In one snapshot of a server, in which nothing is written. */
export function inSnapshot<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  return session.transaction(async () => {
    await session.script('SET TRANSACTION READ ONLY');
    return work();
  });
}

/** The comparison of what is in the workspace now, with what was equal before. */
async function judge(sides: PreparedSides, gathered: Gathered, request: AcrossRequest): Promise<DiffOutcome> {
  const { workspace, network: _, place: __, held: ___, profile, ...rest } = request;
  const ask = gathered.digests === null ? {} : { ask: askOwnStore.bind(null, sides) };
  // In every bucket that was sent something differs: digests of these rows would leave hardly any of them out.
  const strategy = gathered.digests === null ? {} : ({ strategy: 'join' } as const);
  const input = { ...strategy, ...rest, ...(profile === undefined ? {} : { profile: { ...profile, ...ask } }) };
  const { batch, stream, digests } = gathered;
  const dialect = arrivedDialect(
    new Map([
      [batch.relation, batch.columns],
      [stream.relation, stream.columns],
    ]),
  );
  const found = await workspace.session.transaction(() =>
    compareTables(workspace.session, dialect, {
      ...input,
      batch: batch.relation,
      stream: stream.relation,
      unique: { batch: sides.batch.side.unique, stream: sides.stream.side.unique },
    }),
  );
  return digests === null ? found : withEqual(found, digests, gathered.plan.reason);
}

function withEqual(
  found: DiffOutcome,
  { buckets, exchanged }: NonNullable<Gathered['digests']>,
  reason: string,
): DiffOutcome {
  const equal = [...exchanged.equal.values()].reduce((sum, rows) => sum + rows, 0);
  const keys = found.keys_compared + equal;
  const against =
    found.missing_in_stream + found.missing_in_batch + found.value_mismatch + found.duplicate_key + found.null_key;
  return {
    ...found,
    batch_rows: found.batch_rows + equal,
    stream_rows: found.stream_rows + equal,
    keys_compared: keys,
    matched: found.matched + equal,
    mismatch_rate: keys + found.null_key === 0 ? 0 : against / (keys + found.null_key),
    plan: {
      strategy: 'digest',
      reason,
      buckets,
      differing_buckets: exchanged.differing.length,
      candidates: found.plan.candidates,
    },
  };
}

function alignmentOf({ batch, stream }: AcrossRequest): DiffAlignment {
  const away = [batch, stream].filter(({ dialect }) => dialect.kind !== 'duckdb').length;
  const detail =
    away === 2
      ? 'each side was read in a snapshot of its own server, one beside the other'
      : 'the side in PostgreSQL was read in one snapshot, the other as it was meanwhile';
  return { method: 'as_read', exact: false, detail: `${detail}: rows that changed in between may differ` };
}
