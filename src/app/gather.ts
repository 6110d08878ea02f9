import type { Exchanged } from '../diff/exchange.js';
import { UNRESTRICTED_FROM } from '../diff/plan.js';
import type { TransferPlan } from '../diff/transfer-plan.js';
import type { Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import type { Arrived } from '../store/duckdb/arrived.js';
import { exchangeDigests } from './across-digests.js';
import { partOf, requireRows, type Part } from './across-part.js';
import { usedColumns, type PreparedSides, type SideName } from './across-sides.js';
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
export async function gather(sides: PreparedSides, chosen: TransferPlan, request: Gathering): Promise<Gathered> {
  if (chosen.place === 'pulled') return { plan: chosen, ...(await bring(sides, request, null)), digests: null };
  request.progress?.update('digesting', 0);
  const narrowed = await exchangeDigests(sides, chosen);
  const { plan, exchanged } = narrowed;
  const share = exchanged.differing.length / plan.buckets;
  if (share > UNRESTRICTED_FROM) {
    const reason = `${plan.reason}; digests found ${exchanged.differing.length} of ${plan.buckets} buckets to differ, so that all rows were sent`;
    return { plan: { ...plan, place: 'pulled', reason }, ...(await bring(sides, request, null)), digests: null };
  }
  const [batch, stream] = await together(
    partOf(sides.batch, 'batch', narrowed),
    partOf(sides.stream, 'stream', narrowed),
  );
  const brought = await bring(sides, request, { batch, stream });
  const again = [...(batch.readAgain ? ['batch side'] : []), ...(stream.readAgain ? ['stream side'] : [])];
  const reason = `${plan.reason}${again.length === 0 ? '' : `; for those that differ all of the ${again.join(' and of the ')} was read again`}`;
  return { plan: { ...plan, reason }, ...brought, digests: { buckets: plan.buckets, exchanged } };
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
