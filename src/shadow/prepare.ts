import type { Evidence } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { forgetStreamJob, loadFedTables } from '../store/state/jobs.js';
import { APPLY } from '../store/state/lock-names.js';
import type { ShadowEnvironment } from './environment.js';
import { defineEvents } from './events-view.js';
import { createEmpty, dropTables, markMissing } from './fed-tables.js';
import { checkJobs } from './job-sql.js';
import { codeOf, MISSED_EVENTS, RETIRED } from './own-code.js';
import { rebuildStreams } from './rebuild.js';
import { fedOn, isWhollyExternal, SIDES } from './sides.js';
import { ensureBatchTable } from './tables.js';

/**
 * The table that micro-batches write is the output of the code that wrote it; other code must rebuild it first. A batch side that was retired takes no
 * events, whatever its code. Errors: STREAM_JOB_CHANGED, those of `checkJobs`.
 */
export async function requireUnchangedStreams(
  env: ShadowEnvironment,
  session: SqlSession,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<void> {
  checkJobs(env.pipelines, env.schemas, env.store.kind, env.views);
  const records = await loadFedTables(session);
  const changed = SIDES.flatMap((side) =>
    fedOn(side, env.pipelines).flatMap((pipeline) => {
      const hash = records[side].get(pipeline.name)?.codeHash;
      const same = hash === undefined || hash === RETIRED || hash === codeOf(evidence, side, pipeline);
      return same ? [] : [{ name: pipeline.name, side, hash }];
    }),
  );
  const [first] = changed;
  if (first === undefined) return;
  const missed = changed.find(({ hash }) => hash === MISSED_EVENTS);
  if (missed !== undefined) {
    throw new CutoverError(
      'STREAM_JOB_CHANGED',
      `${missed.name} was not configured while events were taken in: its ${missed.side} table lacks them`,
      `Run \`cutover rebuild ${missed.name}\`: it replays the landing and swaps the table in.`,
    );
  }
  const names = changed.map(({ name, side }) => (side === 'stream' ? name : `${name} (batch side)`)).join(', ');
  throw new CutoverError(
    'STREAM_JOB_CHANGED',
    `the stream job of ${names} changed (or that of a pipeline it reads) since it wrote its table`,
    `Run \`cutover rebuild ${first.name}\`: it replays the landing through the new job and swaps the table in. Or restore the former job.`,
  );
}

/**
 * Drops the tables of changed code while nothing was ever taken in: a first run whose job had a typo left empty tables, which no rebuild need fill.
 */
async function forgetUnused(
  env: ShadowEnvironment,
  session: SqlSession,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<void> {
  const records = await loadFedTables(session);
  const changed = new Set(
    SIDES.flatMap((side) =>
      [...records[side]].flatMap(([name, { codeHash }]) => (codeHash === evidence.get(name)?.[side] ? [] : [name])),
    ),
  );
  if (changed.size === 0) return;
  await session.transaction(async () => {
    await session.lock(APPLY);
    const [taken] = await session.query(
      'SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM cutover.offsets WHERE next_offset > 0) OR EXISTS (SELECT 1 FROM cutover.landing)',
    );
    if (taken !== undefined) return;
    for (const name of changed) {
      for (const side of SIDES) {
        await dropTables(env, session, side, { name });
        await forgetStreamJob(session, side, name);
      }
      await session.run('DELETE FROM cutover.batch_results WHERE pipeline = $1', [name]);
    }
  }, 'current');
}

/**
 * Makes every pipeline's tables exist, in the turn `prepare`. A pipeline that is new while events have already landed is built from the landing.
 * Returns the pipelines that were created or built. Errors: STREAM_JOB_CHANGED and those of creating tables.
 */
export async function prepareTables(
  env: ShadowEnvironment,
  session: SqlSession,
  evidence: ReadonlyMap<string, Evidence>,
  onReshaped: (session: SqlSession, pipeline: Pipeline) => Promise<void>,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  await forgetUnused(env, session, evidence);
  await requireUnchangedStreams(env, session, evidence);
  await markMissing(env, session, onReshaped, signal);
  await ensureBatchSides(env, session);
  const records = await loadFedTables(session);
  const fresh = SIDES.map((side) => ({
    side,
    pipelines: fedOn(side, env.pipelines).filter(({ name }) => !records[side].has(name)),
  }));
  const names = [...new Set(fresh.flatMap(({ pipelines }) => pipelines.map(({ name }) => name)))];
  if (names.length === 0) return [];
  const createdEmpty = await session.transaction(async () => {
    // A process that ingests without these pipelines must not land an event between their making and their record.
    await session.lock(APPLY);
    const [landed] = await session.query(
      'SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM cutover.landing) OR EXISTS (SELECT 1 FROM cutover.pruned)',
    );
    if (landed !== undefined) return false;
    await defineEvents(session, 'snapshot');
    for (const { side, pipelines } of fresh) await createEmpty(env, session, side, pipelines, evidence);
    for (const pipeline of env.pipelines) if (names.includes(pipeline.name)) await onReshaped(session, pipeline);
    return true;
  }, 'current');
  if (createdEmpty) return names;
  env.logger.info({ pipelines: names }, 'new pipelines are built from the landing');
  return (await rebuildStreams(env, session, names, evidence, onReshaped, { signal })).pipelines;
}

/** The batch tables of pipelines whose stream table somebody else writes: the others get theirs with their stream tables. */
async function ensureBatchSides(env: ShadowEnvironment, session: SqlSession): Promise<void> {
  const pipelines = env.pipelines.filter((one) => one.stream.kind === 'external' && !isWhollyExternal(one));
  if (pipelines.length === 0) return;
  await session.transaction(async () => {
    await defineEvents(session, 'snapshot');
    for (const pipeline of pipelines) await ensureBatchTable(session, env.store.dialect, pipeline, env.schemas);
  }, 'current');
}
