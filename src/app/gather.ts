import { digestOf } from '../diff/digest.js';
import { ExchangeStatements, judgeDigests, type Exchanged } from '../diff/exchange.js';
import { UNRESTRICTED_FROM } from '../diff/plan.js';
import type { TransferPlan } from '../diff/transfer-plan.js';
import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import type { Arrived } from '../store/duckdb/arrived.js';
import { digestedSide, hashKindOf, usedColumns, type PreparedSides, type SideName } from './across-sides.js';
import { pullNothing, pullRows, type Pull } from './pull.js';

/** A DuckDB in which rows from elsewhere are compared. */
export interface AcrossWorkspace {
  readonly session: SqlSession;
  /**
   * Where tables may be made: a quoted catalog or schema. In a file: a table in memory fills the whole memory limit before its rows go to disk, which costs a
   * third less of the processor and leaves no room for the comparison.
   */
  readonly scratch: string;
  /** For files on their way. */
  readonly tempDir: string;
}

interface Gathering {
  readonly workspace: AcrossWorkspace;
  readonly progress?: Progress | undefined;
}

/** What is to be judged in the workspace, and what was found to be equal before. */
export interface Gathered {
  readonly plan: TransferPlan;
  readonly batch: Arrived;
  readonly stream: Arrived;
  readonly digests: { readonly buckets: number; readonly exchanged: Exchanged } | null;
}

/** Brings what has to be judged into the workspace; to be called in the snapshots of the sides. */
export async function gather(sides: PreparedSides, plan: TransferPlan, request: Gathering): Promise<Gathered> {
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
  request: Gathering,
  narrowed: Narrowed | null,
): Promise<{ batch: Arrived; stream: Arrived }> {
  const one = (name: SideName): Promise<Arrived> => bringSide(sides, name, request, narrowed);
  const [batch, stream] = await together(one('batch'), one('stream'));
  return { batch, stream };
}

async function bringSide(
  sides: PreparedSides,
  name: SideName,
  { workspace, progress }: Gathering,
  narrowed: Narrowed | null,
): Promise<Arrived> {
  const { side, sent, columns } = sides[name];
  const table = `${workspace.scratch}.cutover_${name}`;
  const nothing = narrowed !== null && narrowed.exchanged.differing.length === 0 && narrowed.exchanged.nullKeys === 0;
  const where = [
    ...(side.filter === undefined ? [] : [`${side.filter}\n`]),
    ...(narrowed === null ? [] : [nothing ? 'false' : narrowed.statements[name].within(narrowed.exchanged.differing)]),
  ];
  if (sent === null) {
    const conditions = where.map((one) => `(${one})`).join(' AND ');
    if (conditions === '') return { relation: side.relation, columns };
    const query = `(SELECT * FROM ${side.relation} AS cutover_side WHERE ${conditions})`;
    if (narrowed === null) return { relation: query, columns };
    // Once, for the digest of its key would be computed by every statement that reads it.
    await workspace.session.script(`CREATE OR REPLACE TABLE ${table} AS FROM ${query} AS cutover_kept`);
    return { relation: table, columns };
  }
  progress?.update(`reading ${name}`, 0);
  const pull: Pull = {
    from: side.session,
    relation: side.relation,
    where,
    columns: usedColumns(sides[name], sides.pairs, name),
    deepLists: true,
    into: { session: workspace.session, table, tempDir: workspace.tempDir },
  };
  const arrived = await (nothing ? pullNothing(pull) : pullRows(pull));
  // Columns that were not sent are still known, so that notes and rules name them.
  const came = new Map(arrived.columns.map((column) => [column.name, column]));
  return { relation: arrived.relation, columns: columns.map((column) => came.get(column.name) ?? column) };
}

/** Both, or the first error once both have ended: nothing goes on behind an error. */
async function together<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
