import { loadCanary } from '../canary/repository.js';
import { servedQuery, showServedView, type ServedView } from '../canary/served-view.js';
import { initialState } from '../canary/state.js';
import type { CanaryState } from '../model/canary.js';
import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline, SchemaNames } from '../model/project.js';
import { externalSide, tableOfSide } from '../shadow/sides.js';
import { qualified, tablesOf } from '../shadow/tables.js';
import type { SqlSession, Store } from '../store/contract.js';

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

/** In a transaction: makes the served view follow `state`. */
export function showServed(
  store: Store,
  session: SqlSession,
  schemas: SchemaNames,
  pipeline: Pipeline,
  columns: ServedColumns,
  state: CanaryState,
): Promise<void> {
  return showServedView(session, store.dialect, servedView(schemas, pipeline, columns, state));
}

function servedView(schemas: SchemaNames, pipeline: Pipeline, columns: ServedColumns, state: CanaryState): ServedView {
  const keyOf = (side: readonly Column[]): Column[] =>
    pipeline.key.flatMap((name) => side.filter((column) => column.name === name));
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
    query: servedQuery(store.dialect, servedView(schemas, pipeline, columns, state)),
    sharePpm: state.share_ppm,
  };
}
