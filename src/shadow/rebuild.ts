import type { Evidence } from '../model/comparison.js';
import type { SqlSession } from '../store/contract.js';
import { loadStreamJobs, saveStreamJob } from '../store/state/jobs.js';
import { forgetViewBases } from '../store/state/views.js';
import { APPLY, SERVED } from '../store/state/lock-names.js';
import { loadPartitions, vectorOf } from '../store/state/offsets.js';
import type { OffsetVector } from '../model/offset-vector.js';
import { connected, type ShadowEnvironment } from './environment.js';
import { defineEvents, landingBefore } from './events-view.js';
import { checkJobs } from './job-sql.js';
import { replayPruned } from './replay-pruned.js';
import { replayLanding } from './replay.js';
import { prepareStreamJob } from './stream-job.js';
import { createStreamTables, ensureBatchTable, tableName } from './tables.js';
import { inTurn } from './turns.js';
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
 * Where processes share the store their ingest goes on: what lands meanwhile is replayed after it, the last of it while ingest stands still for the swap.
 * To be called in the turn `prepare`.
 */
export async function rebuildStreams(
  env: ShadowEnvironment,
  session: SqlSession,
  names: readonly string[],
  evidence: ReadonlyMap<string, Evidence>,
  onReshaped: (session: SqlSession, pipeline: ShadowEnvironment['pipelines'][number]) => Promise<void>,
  signal?: AbortSignal,
): Promise<RebuildOutcome> {
  checkJobs(env.pipelines, env.schemas, env.store.kind, env.views);
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
  let events = await replayPruned(env, session, jobs, REBUILD_SCHEMA);
  let newest: string | null = null;
  // Micro-batches get their moments in the order of their commits, so what follows the newest one seen is all that came since.
  const catchUp = async (transaction: 'each' | 'caller'): Promise<number> => {
    const cut = vectorOf(await loadPartitions(session));
    const replayed = await replayLanding(env, session, jobs, REBUILD_SCHEMA, landingBefore(cut), transaction, newest);
    events += replayed.events;
    newest = replayed.newest;
    return replayed.events;
  };
  let before = Infinity;
  for (let n = await catchUp('each'); n > env.ingest.maxEvents && n < before; n = await catchUp('each')) before = n;
  await env.reached('rebuild replayed');
  const swap = async (): Promise<OffsetVector> => {
    await session.lock(APPLY);
    await session.lock(SERVED);
    await catchUp('caller');
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
    await forgetViewBases(session);
    return vectorOf(await loadPartitions(session));
  };
  // A cycle reads the catalogue as it is, and the rows as its snapshot has them: it would find the new table empty.
  const cut = await inTurn(env, session, 'cycle', signal, () => session.transaction(swap, 'current'));
  await env.reached('rebuild swapped');
  await closeWorkSchema(session, dialect, REBUILD_SCHEMA);
  return { pipelines: chain.map(({ name }) => name), events, cut };
}
