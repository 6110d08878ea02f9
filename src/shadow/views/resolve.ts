import type { Pipeline } from '../../model/project.js';
import type { View, ViewSide } from '../../model/view.js';
import type { SqlSession, TableRead } from '../../store/contract.js';
import type { ShadowEnvironment } from '../environment.js';
import { isExternal, tableOfSide } from '../sides.js';
import { sqlFailed, type Statement } from '../sql-script.js';
import { refuseReads } from './check.js';
import { namedPipelines, servedStatement, sidesRead, statementOf, type Served, type ServedOf } from './query.js';
import { VIEW_RESULT } from './write.js';

/** A view's query with what its names give. */
export interface ResolvedView {
  readonly statement: Statement;
  /** By pipeline. */
  readonly served: ReadonlyMap<string, Served>;
  /** The sides that it reads. */
  readonly read: ReadonlyMap<Pipeline, ViewSide>;
}

/** What the view reads, as the snapshot has it; its tables stay until the transaction's end. */
export async function resolveView(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  servedOf: ServedOf,
): Promise<ResolvedView> {
  const { dialect } = env.store;
  const statement = statementOf(view);
  const served = new Map<string, Served>();
  const pin = async (pipelines: readonly Pipeline[]): Promise<void> => {
    // First, for it tells of a table that is not there yet. Where a table was replaced since the snapshot, what it says of columns may be too new: `pinTables` tells that.
    for (const pipeline of pipelines) served.set(pipeline.name, await servedOf(session, pipeline));
    const tables = pipelines
      .filter((pipeline) => !isExternal(pipeline))
      .flatMap((pipeline) => (['batch', 'stream'] as const).map((side) => tableOfSide(env.schemas, pipeline, side)));
    await dialect.pinTables(session, tables);
  };
  await pin(namedPipelines(statement, env.pipelines));
  const { sql, prefixLines } = servedStatement(dialect, statement, served, null);
  let tables: readonly TableRead[];
  try {
    tables = await dialect.tablesRead(session, sql);
  } catch (error) {
    throw sqlFailed(error, view.sql, statement, prefixLines + 1);
  }
  refuseReads(env, view, tables);
  const read = sidesRead(env, tables);
  // Read through a view of the user's own, which leads to the served view.
  await pin([...read.keys()].filter((pipeline) => !served.has(pipeline.name)));
  return { statement, served, read };
}

/** Computes the rows of a view, or those for which `where` is true, into `cutover_view_result`. Errors: SQL_FAILED. */
export async function computeRows(
  { store }: ShadowEnvironment,
  session: SqlSession,
  view: View,
  { statement, served }: ResolvedView,
  where: string | null,
): Promise<void> {
  const { sql, prefixLines } = servedStatement(store.dialect, statement, served, where);
  try {
    await session.materialize(VIEW_RESULT, sql);
  } catch (error) {
    throw sqlFailed(error, view.sql, statement, prefixLines);
  }
}
