import type { Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { View } from '../../model/view.js';
import type { SqlSession } from '../../store/contract.js';
import type { BuiltView } from '../../store/state/views.js';
import type { ShadowEnvironment } from '../environment.js';
import { partitionColumn, type Partitions, type ViewScope } from './scope.js';
import { VIEW_RESULT, writeRows } from './write.js';

/** What a refresh has found out before it computes. */
export interface Build {
  readonly table: string;
  /** Whether the table is there. */
  readonly standing: boolean;
  readonly scope: ViewScope;
  readonly compute: (where: string | null) => Promise<void>;
}

/** What a refresh did. */
export interface Done {
  readonly changed: number;
  readonly corrected: number;
  readonly partitions: number | null;
  readonly reason: string | null;
}

/** Computes what the scope says, and makes the table's rows those. Errors: SQL_FAILED, VIEW_INVALID, STORE_DEPENDENTS. */
export async function buildView(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  { table, standing, scope, compute }: Build,
): Promise<Done> {
  const { dialect } = env.store;
  let reason: string | null = scope.kind === 'all' ? scope.reason : null;
  if (scope.kind === 'partitions') {
    const { where, count } = scope.partitions;
    if (where === null) return { changed: 0, corrected: 0, partitions: 0, reason: null };
    await compute(where);
    const columns = await columnsOf(env, session);
    reason = (await sameColumns(env, session, table, columns))
      ? await unexplained(env, session, view, scope.partitions)
      : 'its columns changed';
    if (reason === null) {
      await env.reached('view computed');
      const written = await writeRows(dialect, session, table, columns, where, null);
      await env.reached('view written');
      return { ...written, partitions: count, reason: null };
    }
  }
  await compute(null);
  await env.reached('view computed');
  const columns = await columnsOf(env, session);
  const by = view.partitionBy;
  if (by !== undefined) await partitionColumn(env, session, view, by, dialect.quote(VIEW_RESULT));
  const enough = scope.kind === 'all' && scope.enough !== null ? (scope.enough.where ?? 'false') : null;
  const written =
    standing && (await sameColumns(env, session, table, columns))
      ? await writeRows(dialect, session, table, columns, null, enough)
      : await replace(env, session, view);
  await env.reached('view written');
  return { ...written, partitions: null, reason };
}

function columnsOf(env: ShadowEnvironment, session: SqlSession): Promise<Column[]> {
  return env.store.dialect.columns(session, env.store.dialect.quote(VIEW_RESULT));
}

async function sameColumns(
  env: ShadowEnvironment,
  session: SqlSession,
  table: string,
  columns: readonly Column[],
): Promise<boolean> {
  const shape = (of: readonly Column[]): string => JSON.stringify(of.map(({ name, type }) => [name, type]));
  return shape(await env.store.dialect.columns(session, table)) === shape(columns);
}

/**
 * Why partitions alone will not do, though events touched them: one has no row in the result. Its events may all be left out by the query, or its rows be gone; or else `from`
 * names other values than the column holds, and then what they changed would not be computed.
 */
async function unexplained(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  { touched, count }: Partitions,
): Promise<string | null> {
  if (touched === null) return null;
  const column = env.store.dialect.quote(view.partitionBy?.column ?? '');
  const [row] = await session.query(
    `SELECT count(DISTINCT ${column}) + count(DISTINCT CASE WHEN ${column} IS NULL THEN 1 END) AS n
     FROM ${env.store.dialect.quote(VIEW_RESULT)} WHERE ${touched}`,
  );
  return Number(row?.['n']) < count ? 'a partition that events touched has no rows' : null;
}

/** Errors: STORE_DEPENDENTS. */
async function replace(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
): Promise<{ readonly changed: number; readonly corrected: number }> {
  const { dialect } = env.store;
  try {
    await dialect.replaceTable(session, env.schemas.served, view.name, `SELECT * FROM ${dialect.quote(VIEW_RESULT)}`);
  } catch (error) {
    if (!(error instanceof CutoverError && error.code === 'STORE_DEPENDENTS')) throw error;
    throw new CutoverError(
      error.code,
      `the columns of the view ${view.name} changed, and ${error.message}`,
      `Drop what depends on it, run \`cutover views refresh ${view.name}\`, and make it again.`,
      { cause: error },
    );
  }
  const [row] = await session.query(`SELECT count(*) AS n FROM ${dialect.quote(VIEW_RESULT)}`);
  return { changed: Number(row?.['n']), corrected: 0 };
}

/** Whether the view's table is there. Errors: VIEW_INVALID where something else of that name stands in its place. */
export async function tableStands(
  env: ShadowEnvironment,
  session: SqlSession,
  view: View,
  built: BuiltView | null,
): Promise<boolean> {
  const [row] = await session.query(
    `SELECT table_type AS kind FROM information_schema.tables
     WHERE table_catalog = current_database() AND table_schema = $1 AND table_name = $2 AND table_type IN ('BASE TABLE', 'VIEW', 'FOREIGN', 'FOREIGN TABLE')`,
    [env.schemas.served, view.name],
  );
  if (row === undefined) return false;
  if (row['kind'] === 'BASE TABLE' && built !== null) return true;
  throw new CutoverError(
    'VIEW_INVALID',
    `the view ${view.name} cannot be built: something else of that name stands in the schema ${env.schemas.served}`,
    'Name the view otherwise, or rename what stands there (and point its readers to the view).',
  );
}
