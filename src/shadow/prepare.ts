import { CutoverError } from '../model/errors.js';
import type { Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadStreamJobs, saveStreamJob, type StreamJobRecord } from '../store/state/jobs.js';
import { APPLY } from '../store/state/lock-names.js';
import type { ShadowEnvironment } from './environment.js';
import { defineEvents } from './events-view.js';
import { checkJobs } from './job-sql.js';
import { MISSED_EVENTS } from './own-code.js';
import { rebuildStreams } from './rebuild.js';
import { isWhollyExternal, withOwnStream } from './sides.js';
import { createStreamTables, ensureBatchTable, tableName } from './tables.js';

/** A pipeline's stream table is the output of the code that wrote it; other code must rebuild it first. Errors: STREAM_JOB_CHANGED, those of `checkJobs`. */
export async function requireUnchangedStreams(
  env: ShadowEnvironment,
  session: SqlSession,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<void> {
  checkJobs(env.pipelines, env.schemas, env.store.kind, env.views);
  const records = await loadStreamJobs(session);
  const changed = withOwnStream(env.pipelines).filter(({ name }) => {
    const record = records.get(name);
    return record !== undefined && record.codeHash !== evidence.get(name)?.stream;
  });
  const [first] = changed;
  if (first === undefined) return;
  const missed = changed.find(({ name }) => records.get(name)?.codeHash === MISSED_EVENTS);
  if (missed !== undefined) {
    throw new CutoverError(
      'STREAM_JOB_CHANGED',
      `${missed.name} was not configured while events were taken in: its stream table lacks them`,
      `Run \`cutover rebuild ${missed.name}\`: it replays the landing and swaps the table in.`,
    );
  }
  throw new CutoverError(
    'STREAM_JOB_CHANGED',
    `the stream job of ${changed.map(({ name }) => name).join(', ')} changed (or that of a pipeline it reads) since it wrote its table`,
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
  const { dialect } = env.store;
  const records = await loadStreamJobs(session);
  const changed = [...records].filter(([name, { codeHash }]) => codeHash !== evidence.get(name)?.stream);
  if (changed.length === 0) return;
  await session.transaction(async () => {
    await session.lock(APPLY);
    const [taken] = await session.query(
      'SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM cutover.offsets WHERE next_offset > 0) OR EXISTS (SELECT 1 FROM cutover.landing)',
    );
    if (taken !== undefined) return;
    for (const [name, { objects }] of changed) {
      await dialect.detachView(session, env.schemas.served, name);
      for (const statement of dialect.dropStatements(env.schemas.stream, objects)) await session.run(statement);
      await session.run(`DROP TABLE IF EXISTS ${tableName(dialect, env.schemas.batch, name)}`);
      await session.run('DELETE FROM cutover.stream_jobs WHERE pipeline = $1', [name]);
      await session.run('DELETE FROM cutover.batch_results WHERE pipeline = $1', [name]);
    }
  }, 'current');
}

/** Marks the tables of pipelines that are no longer configured. A process that still feeds one learns of it before its next micro-batch. */
async function markMissing(
  env: ShadowEnvironment,
  session: SqlSession,
  records: ReadonlyMap<string, StreamJobRecord>,
): Promise<void> {
  for (const [name, record] of records) {
    if (record.codeHash === MISSED_EVENTS || withOwnStream(env.pipelines).some((one) => one.name === name)) continue;
    env.logger.info({ pipeline: name }, 'no longer configured: its stream table takes no more events');
    await session.transaction(async () => {
      await session.lock(APPLY);
      await saveStreamJob(session, name, { ...record, codeHash: MISSED_EVENTS }, env.clock.now());
    }, 'current');
  }
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
  const records = await loadStreamJobs(session);
  await markMissing(env, session, records);
  await ensureBatchSides(env, session);
  const fresh = withOwnStream(env.pipelines).filter(({ name }) => !records.has(name));
  if (fresh.length === 0) return [];
  const createdEmpty = await session.transaction(async () => {
    // A process that ingests without these pipelines must not land an event between their making and their record.
    await session.lock(APPLY);
    const [landed] = await session.query(
      'SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM cutover.landing) OR EXISTS (SELECT 1 FROM cutover.pruned)',
    );
    if (landed !== undefined) return false;
    await createEmpty(env, session, fresh, evidence, onReshaped);
    return true;
  }, 'current');
  const names = fresh.map(({ name }) => name);
  if (createdEmpty) return names;
  env.logger.info({ pipelines: names }, 'new pipelines are built from the landing');
  return (await rebuildStreams(env, session, names, evidence, onReshaped, signal)).pipelines;
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

async function createEmpty(
  env: ShadowEnvironment,
  session: SqlSession,
  fresh: readonly Pipeline[],
  evidence: ReadonlyMap<string, Evidence>,
  onReshaped: (session: SqlSession, pipeline: Pipeline) => Promise<void>,
): Promise<void> {
  await defineEvents(session, 'snapshot');
  for (const pipeline of fresh) {
    const objects = await createStreamTables(session, env.store.dialect, pipeline, env.schemas, env.schemas.stream);
    await ensureBatchTable(session, env.store.dialect, pipeline, env.schemas);
    await saveStreamJob(
      session,
      pipeline.name,
      { codeHash: evidence.get(pipeline.name)?.stream ?? '', objects },
      env.clock.now(),
    );
    await onReshaped(session, pipeline);
  }
}
