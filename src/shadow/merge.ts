import type { Column } from '../model/column.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { APPLY } from '../store/state/lock-names.js';
import {
  definitionOf,
  forgetWindows,
  loadThrough,
  loadTracking,
  newestTracked,
  saveTracking,
  touchWindows,
  type MergeTracking,
} from '../store/state/merge.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS } from './events-view.js';

/** The temporary table of the windows that a micro-batch touches. */
const TOUCHED = 'cutover_touched';

function merging(env: ShadowEnvironment): Pipeline[] {
  return env.pipelines.filter(({ merge }) => merge !== undefined);
}

/** The type of an event's window. Errors: those of the expression in the configuration. */
export async function windowColumn(
  env: ShadowEnvironment,
  session: SqlSession,
  from: string,
  events = 'cutover.landing',
): Promise<Column | undefined> {
  const [column] = await env.store.dialect.columns(session, `(SELECT ${from} AS cutover_window FROM ${events})`);
  return column;
}

/**
 * Begins to note the windows that events touch, where that was not done up to the newest micro-batch or by another definition: single windows can then be
 * told once a batch result reflects all events that had landed by now.
 */
export async function prepareMerges(env: ShadowEnvironment, session: SqlSession): Promise<void> {
  const { dialect } = env.store;
  const pipelines = merging(env);
  if (pipelines.length === 0) return;
  await session.transaction(async () => {
    await session.lock(APPLY);
    const newest = await newestTracked(session);
    const known = await loadTracking(session, dialect);
    for (const { name, merge } of pipelines) {
      if (merge === undefined) continue;
      const definition = definitionOf(merge);
      const tracking = known.get(name);
      if (tracking?.definition === definition && tracking.tracked === newest) continue;
      await forgetWindows(session, dialect, name);
      await saveTracking(session, dialect, name, { definition, since: newest, tracked: newest });
    }
  }, 'current');
}

/** A micro-batch whose events stand in `batch_events`. */
export interface NotedBatch {
  /** Its moment. */
  readonly at: number;
  readonly landed: number;
}

/**
 * In the transaction of a micro-batch, before it moves its partition on: notes the windows that its events touch. Where the windows of the micro-batches before it are not
 * known, because a process landed events without noting them, every window is open until a batch result reflects this one.
 */
export async function noteWindows(env: ShadowEnvironment, session: SqlSession, batch: NotedBatch): Promise<void> {
  const pipelines = merging(env);
  if (pipelines.length === 0) return;
  const { dialect } = env.store;
  const before = await newestTracked(session);
  const known = await loadTracking(session, dialect);
  for (const { name, merge } of pipelines) {
    if (merge === undefined) continue;
    const definition = definitionOf(merge);
    const tracking = known.get(name);
    const told = tracking?.definition === definition && tracking.tracked === before;
    if (!told) await forgetWindows(session, dialect, name);
    const noted = batch.landed === 0 || (await noteTouched(env, session, name, merge.from, batch.at));
    const since = told && noted ? tracking.since : batch.at;
    await saveTracking(session, dialect, name, { definition, since, tracked: batch.at });
  }
}

/** Returns whether all of them can be told: a view could not read back the text of an infinite time, or of one before Christ. */
async function noteTouched(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: string,
  from: string,
  at: number,
): Promise<boolean> {
  const { dialect } = env.store;
  const column = await windowColumn(env, session, from, BATCH_EVENTS);
  if (column === undefined) return false;
  await session.materialize(
    TOUCHED,
    `SELECT DISTINCT ${dialect.canonicalText('cutover_window', column)} AS value FROM (SELECT ${from} AS cutover_window FROM ${BATCH_EVENTS}) AS cutover_windows`,
  );
  const plain = PLAIN[column.family];
  const [odd] = await session.query(
    plain === undefined
      ? 'SELECT 1 AS found WHERE FALSE'
      : `SELECT 1 AS found FROM ${TOUCHED} WHERE value NOT LIKE '${plain}' LIMIT 1`,
  );
  if (odd === undefined) await touchWindows(session, dialect, pipeline, TOUCHED, at);
  await session.forget(TOUCHED);
  return odd === undefined;
}

/** How the canonical texts of times are written from the year 1 to the year 9999. */
const PLAIN: Readonly<Partial<Record<Column['family'], string>>> = {
  date: '____-__-__',
  timestamp: '____-__-__ __:__:__.______',
  timestamptz: '____-__-__ __:__:__.______',
};

/** Up to which micro-batch the windows of each merging pipeline are noted: what a cycle's batch results will reflect. */
export async function trackedThrough(
  env: ShadowEnvironment,
  session: SqlSession,
): Promise<ReadonlyMap<string, MergeTracking>> {
  return merging(env).length === 0 ? new Map() : loadTracking(session, env.store.dialect);
}

/** Whether the batch side's rows are known to reflect a moment since which windows are told; true of a pipeline that does not merge. */
export async function canMerge(
  env: ShadowEnvironment,
  session: SqlSession,
  { name, merge }: Pipeline,
): Promise<boolean> {
  if (merge === undefined) return true;
  const { dialect } = env.store;
  const through = await loadThrough(session, dialect, name);
  const tracking = (await loadTracking(session, dialect)).get(name);
  return through !== null && tracking !== undefined && through >= tracking.since;
}
