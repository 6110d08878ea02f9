import { compareTables, type DiffOutcome } from '../diff/compare.js';
import { digestOf } from '../diff/digest.js';
import { ExchangeStatements, judgeDigests, type Exchanged } from '../diff/exchange.js';
import { UNRESTRICTED_FROM } from '../diff/plan.js';
import { planTransfer, type Network, type TransferPlan } from '../diff/transfer-plan.js';
import type { Discrepancy } from '../model/comparison.js';
import type { DiffAlignment, DiffReport } from '../model/diff-report.js';
import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { arrivedDialect, type Arrived } from '../store/duckdb/arrived.js';
import {
  digestedSide,
  hashKindOf,
  prepareSides,
  sizeOf,
  usedColumns,
  type AcrossSide,
  type PairRequest,
  type PreparedSides,
  type SideName,
} from './across-sides.js';
import { pullNothing, pullRows, type Pull } from './pull.js';

const SIDES = ['batch', 'stream'] as const;

export interface AcrossRequest extends PairRequest {
  readonly workspace: {
    readonly session: SqlSession;
    /** Where tables may be made: a quoted catalog or schema. */
    readonly scratch: string;
    /** For files on their way. */
    readonly tempDir: string;
  };
  readonly limit: number;
  readonly network: Network;
  /** Leaves the planner no choice. */
  readonly place?: 'pulled' | 'digests_exchanged' | undefined;
  readonly strategy?: 'digest' | 'join' | undefined;
  readonly progress?: Progress | undefined;
  readonly onDiscrepancy?: ((discrepancy: Discrepancy) => void) | undefined;
}

export interface AcrossOutcome extends DiffOutcome {
  readonly plan: DiffReport['plan'];
  readonly alignment: DiffAlignment;
  /** Milliseconds. */
  readonly timing: { readonly pull: number; readonly diff: number };
}

/** What is to be judged in the workspace, and what was found to be equal before. */
interface Gathered {
  readonly plan: TransferPlan;
  readonly batch: Arrived;
  readonly stream: Arrived;
  readonly digests: { readonly buckets: number; readonly exchanged: Exchanged } | null;
}

/** What would be done, and why, without doing it. */
export async function planAcross(request: AcrossRequest): Promise<TransferPlan> {
  return planOf(await prepareSides(request), request);
}

/**
 * Compares two tables that stand in different stores: in a DuckDB workspace, which rows of PostgreSQL are brought to; all of them, or those that digests leave. Each side of
 * PostgreSQL is read in one snapshot of its own. Errors: those of `compareTables`, STORE_CONNECTION_LOST, STORE_TIMEOUT, INTERRUPTED.
 */
export async function diffAcross(request: AcrossRequest): Promise<AcrossOutcome> {
  const started = performance.now();
  const sides = await prepareSides(request);
  const plan = await planOf(sides, request);
  const gathered = await inSnapshots([request.batch, request.stream], () => gather(sides, plan, request));
  const pulled = performance.now();
  const outcome = await judge(sides, gathered, request);
  const losses = SIDES.flatMap((name) => usedColumns(sides[name], sides.pairs, name).flatMap(({ loss }) => loss ?? []));
  return {
    ...outcome,
    lossy: [...new Set([...losses, ...outcome.lossy])],
    plan: { ...outcome.plan, place: gathered.plan.place, place_reason: gathered.plan.reason },
    alignment: alignmentOf(request),
    timing: { pull: Math.round(pulled - started), diff: Math.round(performance.now() - pulled) },
  };
}

async function planOf(sides: PreparedSides, request: AcrossRequest): Promise<TransferPlan> {
  const size = (name: SideName) => sizeOf(sides[name], usedColumns(sides[name], sides.pairs, name));
  return planTransfer({
    batch: await size('batch'),
    stream: await size('stream'),
    network: request.network,
    sameHashes: hashKindOf(sides) === 'same',
    forced: request.place,
  });
}

/** Each side that is no part of the workspace in one snapshot, which nothing is written in. */
async function inSnapshots<T>(sides: readonly AcrossSide[], work: () => Promise<T>): Promise<T> {
  const [side, ...others] = sides;
  if (side === undefined) return work();
  if (side.dialect.kind === 'duckdb') return inSnapshots(others, work);
  return side.session.transaction(async () => {
    await side.session.script('SET TRANSACTION READ ONLY');
    return inSnapshots(others, work);
  });
}

async function gather(sides: PreparedSides, plan: TransferPlan, request: AcrossRequest): Promise<Gathered> {
  if (plan.place === 'pulled') return { plan, ...(await bring(sides, request, null)), digests: null };
  const hash = hashKindOf(sides);
  const statements = {
    batch: new ExchangeStatements(digestedSide(sides, 'batch', hash), hash, plan.buckets),
    stream: new ExchangeStatements(digestedSide(sides, 'stream', hash), hash, plan.buckets),
  };
  request.progress?.update('digesting', 0);
  const exchanged = await exchange(sides, statements, plan.buckets);
  const share = exchanged.differing.length / plan.buckets;
  if (share > UNRESTRICTED_FROM) {
    const reason = `${plan.reason}; digests found ${exchanged.differing.length} of ${plan.buckets} buckets to differ, so that all rows were sent`;
    return { plan: { ...plan, place: 'pulled', reason }, ...(await bring(sides, request, null)), digests: null };
  }
  const brought = await bring(sides, request, { statements, exchanged });
  return { plan, ...brought, digests: { buckets: plan.buckets, exchanged } };
}

type Statements = Record<SideName, ExchangeStatements>;

async function exchange(sides: PreparedSides, statements: Statements, buckets: number): Promise<Exchanged> {
  const digest = async (name: SideName) => {
    const rows = await sides[name].side.session.query(statements[name].digest());
    return new Map(rows.map((row) => [Number(row['bucket']), digestOf(row)]));
  };
  const [batch, stream] = await together(digest('batch'), digest('stream'));
  const exchanged = judgeDigests(batch, stream);
  if (sides.batch.side.unique || sides.stream.side.unique) return exchanged;
  if (exchanged.differing.length > UNRESTRICTED_FROM * buckets) return exchanged;
  // In a bucket that is equal a key may stand twice on both sides; where the rows are equal, looking at one side is enough.
  const name = sides.stream.sent === null ? 'stream' : 'batch';
  const rows = await sides[name].side.session.query(statements[name].duplicates());
  const differing = new Set([...exchanged.differing, ...rows.map((row) => Number(row['bucket']))]);
  return {
    ...exchanged,
    differing: [...differing].sort((a, b) => a - b),
    equal: new Map([...exchanged.equal].filter(([bucket]) => !differing.has(bucket))),
  };
}

interface Narrowed {
  readonly statements: Statements;
  readonly exchanged: Exchanged;
}

/** Brings the rows of both sides to the workspace. */
async function bring(
  sides: PreparedSides,
  request: AcrossRequest,
  narrowed: Narrowed | null,
): Promise<{ batch: Arrived; stream: Arrived }> {
  const one = (name: SideName): Promise<Arrived> => bringSide(sides, name, request, narrowed);
  const [batch, stream] = await together(one('batch'), one('stream'));
  return { batch, stream };
}

async function bringSide(
  sides: PreparedSides,
  name: SideName,
  { workspace, progress }: AcrossRequest,
  narrowed: Narrowed | null,
): Promise<Arrived> {
  const { side, sent, columns } = sides[name];
  const nothing = narrowed !== null && narrowed.exchanged.differing.length === 0 && narrowed.exchanged.nullKeys === 0;
  const where = [
    ...(side.filter === undefined ? [] : [`${side.filter}\n`]),
    ...(narrowed === null ? [] : [nothing ? 'false' : narrowed.statements[name].within(narrowed.exchanged.differing)]),
  ];
  if (sent === null) {
    const conditions = where.map((one) => `(${one})`).join(' AND ');
    if (conditions === '') return { relation: side.relation, columns };
    return { relation: `(SELECT * FROM ${side.relation} AS cutover_side WHERE ${conditions})`, columns };
  }
  progress?.update(`reading ${name}`, 0);
  const pull: Pull = {
    from: side.session,
    relation: side.relation,
    where,
    columns: usedColumns(sides[name], sides.pairs, name),
    into: { session: workspace.session, table: `${workspace.scratch}.cutover_${name}`, tempDir: workspace.tempDir },
  };
  const arrived = await (nothing ? pullNothing(pull) : pullRows(pull));
  // Columns that were not sent are still known, so that notes and rules name them.
  const came = new Map(arrived.columns.map((column) => [column.name, column]));
  return { relation: arrived.relation, columns: columns.map((column) => came.get(column.name) ?? column) };
}

/** The comparison of what is in the workspace now, with what was equal before. */
async function judge(sides: PreparedSides, gathered: Gathered, request: AcrossRequest): Promise<DiffOutcome> {
  const { workspace, limit, progress, onDiscrepancy, strategy } = request;
  const { batch, stream, digests } = gathered;
  const dialect = arrivedDialect(
    new Map([
      [batch.relation, batch.columns],
      [stream.relation, stream.columns],
    ]),
  );
  const found = await workspace.session.transaction(() =>
    compareTables(workspace.session, dialect, {
      batch: batch.relation,
      stream: stream.relation,
      key: request.key,
      rules: request.rules,
      today: request.today,
      unique: { batch: sides.batch.side.unique, stream: sides.stream.side.unique },
      limit,
      ...(strategy === undefined ? {} : { strategy }),
      ...(progress === undefined ? {} : { progress }),
      ...(onDiscrepancy === undefined ? {} : { onDiscrepancy }),
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

/** Both, or the first error once both have ended: nothing goes on behind an error. */
async function together<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
