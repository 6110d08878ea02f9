import { digestOf, type BucketDigest } from '../diff/digest.js';
import { ExchangeStatements, judgeDigests, type Exchanged } from '../diff/exchange.js';
import { UNRESTRICTED_FROM } from '../diff/plan.js';
import type { TransferPlan } from '../diff/transfer-plan.js';
import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import type { Arrived } from '../store/duckdb/arrived.js';
import { partOf, requireRows, type Narrowed, type Part } from './across-part.js';
import { digestedSide, hashKindOf, usedColumns, type PreparedSides, type SideName } from './across-sides.js';
import { together } from './together.js';
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
  const statementsOf = (name: SideName): ExchangeStatements =>
    new ExchangeStatements(digestedSide(sides, name, hash), hash, plan.buckets, plan.blocks);
  const statements = { batch: statementsOf('batch'), stream: statementsOf('stream') };
  request.progress?.update('digesting', 0);
  const { exchanged, digests } = await exchange(sides, statements, plan.buckets);
  const share = exchanged.differing.length / plan.buckets;
  if (share > UNRESTRICTED_FROM) {
    const reason = `${plan.reason}; digests found ${exchanged.differing.length} of ${plan.buckets} buckets to differ, so that all rows were sent`;
    return { plan: { ...plan, place: 'pulled', reason }, ...(await bring(sides, request, null)), digests: null };
  }
  const narrowed: Narrowed = { statements, exchanged, digests, plan };
  const [batch, stream] = await together(
    partOf(sides.batch, 'batch', narrowed),
    partOf(sides.stream, 'stream', narrowed),
  );
  const brought = await bring(sides, request, { batch, stream });
  const again = [...(batch.readAgain ? ['batch side'] : []), ...(stream.readAgain ? ['stream side'] : [])];
  const reason = `${plan.reason}${again.length === 0 ? '' : `; for those that differ all of the ${again.join(' and of the ')} was read again`}`;
  return { plan: { ...plan, reason }, ...brought, digests: { buckets: plan.buckets, exchanged } };
}

type Digests = ReadonlyMap<number, BucketDigest>;

async function exchange(
  sides: PreparedSides,
  statements: Record<SideName, ExchangeStatements>,
  buckets: number,
): Promise<{ readonly exchanged: Exchanged; readonly digests: Record<SideName, Digests> }> {
  const digest = async (name: SideName): Promise<Digests> => {
    const rows = await sides[name].side.session.query(statements[name].digest());
    return new Map(rows.map((row) => [Number(row['bucket']), digestOf(row)]));
  };
  const [batch, stream] = await together(digest('batch'), digest('stream'));
  const digests = { batch, stream };
  const exchanged = judgeDigests(batch, stream);
  if (sides.batch.side.unique || sides.stream.side.unique) return { exchanged, digests };
  if (exchanged.differing.length > UNRESTRICTED_FROM * buckets) return { exchanged, digests };
  // In a bucket that is equal a key may stand twice on both sides; where the rows are equal, looking at one side is enough.
  const name = sides.stream.sent === null ? 'stream' : 'batch';
  const rows = await sides[name].side.session.query(statements[name].duplicates());
  const differing = new Set([...exchanged.differing, ...rows.map((row) => Number(row['bucket']))]);
  const all: Exchanged = {
    ...exchanged,
    differing: [...differing].sort((a, b) => a - b),
    equal: new Map([...exchanged.equal].filter(([bucket]) => !differing.has(bucket))),
  };
  return { exchanged: all, digests };
}

/** Brings the rows of both sides to the workspace. */
async function bring(
  sides: PreparedSides,
  request: Gathering,
  parts: Record<SideName, Part> | null,
): Promise<{ batch: Arrived; stream: Arrived }> {
  const one = (name: SideName): Promise<Arrived> => bringSide(sides, name, request, parts?.[name] ?? null);
  const [batch, stream] = await together(one('batch'), one('stream'));
  return { batch, stream };
}

async function bringSide(
  sides: PreparedSides,
  name: SideName,
  { workspace, progress }: Gathering,
  part: Part | null,
): Promise<Arrived> {
  const { side, sent, columns } = sides[name];
  const table = `${workspace.scratch}.cutover_${name}`;
  const filter = side.filter === undefined ? [] : [`${side.filter}\n`];
  const where = [...filter, ...(part?.where ?? [])];
  if (sent === null) {
    const conditions = where.map((one) => `(${one})`).join(' AND ');
    if (conditions === '') return { relation: side.relation, columns };
    const query = `(SELECT * FROM ${side.relation} AS cutover_side WHERE ${conditions})`;
    if (part === null) return { relation: query, columns };
    // Once, for the digest of its key would be computed by every statement that reads it.
    await workspace.session.script(`CREATE OR REPLACE TABLE ${table} AS FROM ${query} AS cutover_kept`);
    return { relation: table, columns };
  }
  progress?.update(`reading ${name}`, 0);
  const pull: Pull = {
    from: side.session,
    relation: part?.relation ?? side.relation,
    where,
    columns: usedColumns(sides[name], sides.pairs, name),
    canonical: true,
    into: { session: workspace.session, table, tempDir: workspace.tempDir },
  };
  const arrived = await (part?.rows === 0 ? pullNothing(pull) : pullRows(pull));
  if (part !== null) await requireRows(workspace.session, table, part.rows);
  // Columns that were not sent are still known, so that notes and rules name them.
  const came = new Map(arrived.columns.map((column) => [column.name, column]));
  return { relation: arrived.relation, columns: columns.map((column) => came.get(column.name) ?? column) };
}
