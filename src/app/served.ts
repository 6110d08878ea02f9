import { loadCanary } from '../canary/repository.js';
import { servedQuery, showServedView, type ServedView } from '../canary/served-view.js';
import { initialState } from '../canary/state.js';
import type { CanaryState, RoutingState } from '../model/canary.js';
import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline, SchemaNames } from '../model/project.js';
import { externalSide, tableOfSide } from '../shadow/sides.js';
import { qualified, tablesOf } from '../shadow/tables.js';
import type { SqlSession, Store } from '../store/contract.js';
import { definitionOf, loadOpenWindows, type MergedPipeline } from '../store/state/merge.js';

/** The columns that a served view can show, of both sides; null while a side has no table. */
export interface ServedColumns {
  readonly batch: readonly Column[];
  readonly stream: readonly Column[];
}

export async function servedColumns(
  store: Store,
  session: SqlSession,
  schemas: SchemaNames,
  pipeline: Pipeline,
): Promise<ServedColumns | null> {
  for (const side of ['batch', 'stream'] as const) {
    if (externalSide(pipeline, side) !== null) continue;
    if (!(await tablesOf(session, schemas[side])).includes(pipeline.name)) return null;
  }
  const columns = (side: 'batch' | 'stream'): Promise<Column[]> =>
    store.dialect.columns(session, qualified(store.dialect, tableOfSide(schemas, pipeline, side)));
  return { batch: await columns('batch'), stream: await columns('stream') };
}

/** The canary's state, or that of a canary that was never touched. */
export async function stateOf(session: SqlSession, pipeline: Pipeline, at: Date): Promise<CanaryState> {
  return (
    (await loadCanary(session, pipeline.name)) ?? initialState(pipeline.name, pipeline.canary.salt, at.toISOString())
  );
}

function mergedOf(store: Store, { name, merge }: Pipeline): MergedPipeline | null {
  if (merge === undefined) return null;
  return { pipeline: name, definition: definitionOf(merge), shared: store.capabilities.sharedByProcesses };
}

/** What decides a key's side now: the canary's state and, where the pipeline merges, which windows are open. */
export async function routingOf(
  store: Store,
  session: SqlSession,
  pipeline: Pipeline,
  state: CanaryState,
): Promise<RoutingState> {
  const merged = mergedOf(store, pipeline);
  if (merged === null || pipeline.merge === undefined) return state;
  const open = await loadOpenWindows(session, store.dialect, merged);
  return { ...state, merge: { part: pipeline.key.indexOf(pipeline.merge.column), open } };
}

/** In a transaction: makes the served view follow `state`. */
export function showServed(
  store: Store,
  session: SqlSession,
  schemas: SchemaNames,
  pipeline: Pipeline,
  columns: ServedColumns,
  state: CanaryState,
): Promise<void> {
  return showServedView(session, store.dialect, servedView(store, schemas, pipeline, columns, state));
}

function servedView(
  store: Store,
  schemas: SchemaNames,
  pipeline: Pipeline,
  columns: ServedColumns,
  state: CanaryState,
): ServedView {
  const keyOf = (side: readonly Column[]): Column[] =>
    pipeline.key.flatMap((name) => side.filter((column) => column.name === name));
  const merged = mergedOf(store, pipeline);
  return {
    servedSchema: schemas.served,
    batch: tableOfSide(schemas, pipeline, 'batch'),
    stream: tableOfSide(schemas, pipeline, 'stream'),
    pipeline: pipeline.name,
    columns: columns.batch
      .map(({ name }) => name)
      .filter((name) => columns.stream.some((column) => column.name === name)),
    keyColumns: keyOf(columns.batch),
    streamKeyColumns: keyOf(columns.stream),
    sharePpm: state.share_ppm,
    salt: state.salt,
    ...(merged === null || pipeline.merge === undefined ? {} : { merge: { ...merged, column: pipeline.merge.column } }),
  };
}

/** The query of a served view by the canary's state as the session's snapshot has it. Errors: TABLE_MISSING, those of `servedQuery`. */
export async function servedInSnapshot(
  store: Store,
  session: SqlSession,
  schemas: SchemaNames,
  pipeline: Pipeline,
  at: Date,
): Promise<{ readonly query: string; readonly sharePpm: number }> {
  const columns = await servedColumns(store, session, schemas, pipeline);
  if (columns === null) {
    throw new CutoverError(
      'TABLE_MISSING',
      `${pipeline.name} has no tables yet`,
      'Run `cutover run --once` first: it reads the log and creates the tables of both sides.',
    );
  }
  const state = await stateOf(session, pipeline, at);
  return {
    query: servedQuery(store.dialect, servedView(store, schemas, pipeline, columns, state)),
    sharePpm: state.share_ppm,
  };
}
