import type { Evidence } from '../model/comparison.js';
import type { SqlSession } from '../store/contract.js';
import { loadStreamJobs, saveStreamJob } from '../store/state/jobs.js';
import { loadPartitions, vectorOf } from '../store/state/offsets.js';
import type { OffsetVector } from '../model/offset-vector.js';
import { connected, type ShadowEnvironment } from './environment.js';
import { defineEvents, landingBefore } from './events-view.js';
import { checkJobs } from './job-sql.js';
import { replayPruned } from './replay-pruned.js';
import { replayLanding } from './replay.js';
import { prepareStreamJob } from './stream-job.js';
import { createStreamTables, ensureBatchTable, tableName } from './tables.js';
import { closeWorkSchema, openWorkSchema } from './work-schema.js';

/** Where a rebuild works. What an interrupted rebuild left there is dropped by the next one. */
export const REBUILD_SCHEMA = 'cutover_rebuild';

export interface RebuildOutcome {
  readonly pipelines: readonly string[];
  readonly events: number;
  readonly cut: OffsetVector;
}

/**
 * Replays the landing through the stream jobs of `names` and of all pipelines connected with them by `after`, into fresh tables, and puts those in the place
 * of the old ones in one transaction. A pipeline's table is only right when what it reads was built by the present code too, hence the connected ones.
 * Ingest must not run meanwhile (the embedded store has one process; the caller holds its ingest).
 */
export async function rebuildStreams(
  env: ShadowEnvironment,
  session: SqlSession,
  names: readonly string[],
  evidence: ReadonlyMap<string, Evidence>,
  onReshaped: (session: SqlSession, pipeline: ShadowEnvironment['pipelines'][number]) => Promise<void>,
): Promise<RebuildOutcome> {
  checkJobs(env.pipelines, env.schemas, env.store.kind);
  const { dialect } = env.store;
  const chain = connected(env.pipelines, names);
  await openWorkSchema(session, dialect, REBUILD_SCHEMA);
  await defineEvents(session, 'snapshot');
  for (const pipeline of chain) {
    await createStreamTables(session, dialect, pipeline, env.schemas, REBUILD_SCHEMA);
    // The query of a pipeline that reads this one must find its batch table to tell its own columns.
    await ensureBatchTable(session, dialect, pipeline, env.schemas, REBUILD_SCHEMA);
  }
  const jobs = await Promise.all(chain.map((pipeline) => prepareStreamJob(pipeline, env)));
  const cut = vectorOf(await loadPartitions(session));
  const past = await replayPruned(env, session, jobs, REBUILD_SCHEMA);
  const landed = await replayLanding(env, session, jobs, REBUILD_SCHEMA, landingBefore(cut), 'each');
  await env.reached('rebuild replayed');
  await session.transaction(async () => {
    const former = await loadStreamJobs(session);
    for (const { name } of chain.toReversed()) {
      await dialect.detachView(session, env.schemas.served, name);
      for (const statement of dialect.dropStatements(env.schemas.stream, former.get(name)?.objects ?? []))
        await session.run(statement);
    }
    for (const pipeline of chain) {
      const created = await createStreamTables(session, dialect, pipeline, env.schemas, env.schemas.stream);
      for (const { name: table } of created.filter(({ kind }) => kind === 'TABLE')) {
        const columns = (await dialect.columns(session, tableName(dialect, env.schemas.stream, table)))
          .map(({ name }) => dialect.quote(name))
          .join(', ');
        // Rows that the setup script itself put in are in the replayed table too, as the replay left them.
        await session.run(`DELETE FROM ${tableName(dialect, env.schemas.stream, table)}`);
        await session.run(
          `INSERT INTO ${tableName(dialect, env.schemas.stream, table)} (${columns}) SELECT ${columns} FROM ${tableName(dialect, REBUILD_SCHEMA, table)}`,
        );
      }
      await saveStreamJob(
        session,
        pipeline.name,
        { codeHash: evidence.get(pipeline.name)?.stream ?? '', objects: created },
        env.clock.now(),
      );
      // Forget the last comparison's basis: a table built anew is compared anew, even at the same cut.
      await session.run('DELETE FROM cutover.batch_results WHERE pipeline = $1', [pipeline.name]);
      await onReshaped(session, pipeline);
    }
  });
  await env.reached('rebuild swapped');
  await closeWorkSchema(session, dialect, REBUILD_SCHEMA);
  return { pipelines: chain.map(({ name }) => name), events: past + landed, cut };
}
