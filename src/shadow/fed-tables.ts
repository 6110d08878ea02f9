import type { Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { forgetStreamJob, loadFedTables, saveStreamJob } from '../store/state/jobs.js';
import { APPLY, SERVED } from '../store/state/lock-names.js';
import type { ShadowEnvironment } from './environment.js';
import { codeOf, MISSED_EVENTS } from './own-code.js';
import { fedOn, SIDES, type SideName } from './sides.js';
import { createStreamTables, ensureBatchTable, tableName } from './tables.js';
import { inTurn } from './turns.js';

/** In a transaction: drops what the setup of a pipeline made on a side, or the plain table that a batch job of another kind left there. */
export async function dropTables(
  env: ShadowEnvironment,
  session: SqlSession,
  side: SideName,
  { name }: Pick<Pipeline, 'name'>,
): Promise<void> {
  const { dialect } = env.store;
  const record = (await loadFedTables(session))[side].get(name);
  await dialect.detachView(session, env.schemas.served, name);
  for (const statement of dialect.dropStatements(env.schemas[side], record?.objects ?? []))
    await session.run(statement);
  if (side === 'batch') await session.run(`DROP TABLE IF EXISTS ${tableName(dialect, env.schemas.batch, name)}`);
}

/** In a transaction: makes the tables of a side, empty. */
export async function createEmpty(
  env: ShadowEnvironment,
  session: SqlSession,
  side: SideName,
  pipelines: readonly Pipeline[],
  evidence: ReadonlyMap<string, Evidence>,
): Promise<void> {
  for (const pipeline of pipelines) {
    if (side === 'batch') await dropTables(env, session, side, pipeline);
    const objects = await createStreamTables(session, env.store.dialect, pipeline, env.schemas, env.schemas[side]);
    await ensureBatchTable(session, env.store.dialect, pipeline, env.schemas);
    const codeHash = codeOf(evidence, side, pipeline);
    await saveStreamJob(session, side, pipeline.name, { codeHash, objects }, env.clock.now());
  }
}

/**
 * Marks the tables of pipelines that are no longer configured. A process that still feeds one learns of it before its next micro-batch. A batch side that
 * is another kind of job now keeps its rows, in a plain table as such a job has it.
 */
export async function markMissing(
  env: ShadowEnvironment,
  session: SqlSession,
  onReshaped: (session: SqlSession, pipeline: Pipeline) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const records = await loadFedTables(session);
  for (const side of SIDES) {
    const configured = new Set(fedOn(side, env.pipelines).map(({ name }) => name));
    for (const [name, record] of records[side]) {
      if (configured.has(name)) continue;
      const pipeline = env.pipelines.find((one) => one.name === name);
      if (side === 'batch' && pipeline !== undefined) {
        const swap = async (): Promise<void> => {
          await session.lock(APPLY);
          await session.lock(SERVED);
          await makePlain(env, session, pipeline);
          await onReshaped(session, pipeline);
        };
        // As for a rebuild: a cycle would find the new table, and none of its rows.
        await inTurn(env, session, 'cycle', signal, () => session.transaction(swap, 'current'));
      } else if (record.codeHash !== MISSED_EVENTS) {
        env.logger.info({ pipeline: name }, `no longer configured: its ${side} table takes no more events`);
        await session.transaction(async () => {
          await session.lock(APPLY);
          await saveStreamJob(session, side, name, { ...record, codeHash: MISSED_EVENTS }, env.clock.now());
        }, 'current');
      }
    }
  }
}

/** Puts a table of the same rows, and no more than them, in the place of what a version of the stream job had on the batch side. */
async function makePlain(env: ShadowEnvironment, session: SqlSession, pipeline: Pipeline): Promise<void> {
  const { dialect } = env.store;
  const table = tableName(dialect, env.schemas.batch, pipeline.name);
  const kept = tableName(dialect, env.schemas.batch, 'cutover_kept');
  await session.run(`DROP TABLE IF EXISTS ${kept}`);
  await session.run(`CREATE TABLE ${kept} AS SELECT * FROM ${table}`);
  await dropTables(env, session, 'batch', pipeline);
  await session.run(`CREATE TABLE ${table} AS SELECT * FROM ${kept}`);
  await session.run(`DROP TABLE ${kept}`);
  await forgetStreamJob(session, 'batch', pipeline.name);
  await session.run('DELETE FROM cutover.batch_results WHERE pipeline = $1', [pipeline.name]);
}
