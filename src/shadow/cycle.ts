import { type Comparison, type Evidence } from '../model/comparison.js';
import { equalVectors } from '../model/offset-vector.js';
import type { Hold, Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { insertComparison, loadComparison, nextComparisonId } from '../store/state/comparisons.js';
import { loadBatchResult, type BatchResultRecord } from '../store/state/jobs.js';
import { countQuarantined } from '../store/state/landing.js';
import { loadPartitions, newestLanded, vectorOf } from '../store/state/offsets.js';
import { countRetries } from '../store/state/quarantine.js';
import { runBatchJob } from './batch-job.js';
import {
  evidenceOf,
  heldTable,
  requireEvidence,
  publishAndCompare,
  type Cycle,
  type CycleOptions,
} from './compare-pipeline.js';
import { withAncestors, type ShadowEnvironment } from './environment.js';
import { defineEvents } from './events-view.js';
import { runExternalCycle } from './external/run.js';
import { interrupted } from './interrupted.js';
import { jobNotes } from './job-notes.js';
import { KeptUpkeep } from './kept.js';
import { requireOwnCode } from './own-code.js';
import { canMerge, trackedThrough } from './merge.js';
import { reshapes } from './publish.js';
import { requireWholeLanding } from './retention.js';
import { limitsOf, reuse, stillHolds } from './reuse.js';
import { lacksPartition, touchedPartitions } from './scope.js';
import { isExternal } from './sides.js';
import { ensureBatchTable, RESULT, tableName } from './tables.js';

/**
 * Takes a cut, runs the batch jobs of `targets` (and of what they read) on it, publishes, compares, judges and stores.
 *
 * With `snapshot` all of it is ONE transaction that reads the offsets first: the snapshot that the first statement takes is the cut, the stream side in it
 * is the stream's output at exactly those offsets, and ingest goes on beside it. With `copy` a short transaction copies the stream side at the cut.
 * To be called in the turn `cycle`. Errors: those of the jobs and the store; STREAM_JOB_CHANGED where another process rebuilt a table by other code.
 *
 * @returns one comparison per pipeline of the cycle, in dependency order
 */
export async function runCycle(
  env: ShadowEnvironment,
  session: SqlSession,
  targets: readonly Pipeline[],
  evidence: ReadonlyMap<string, Evidence>,
  options: CycleOptions,
): Promise<Comparison[]> {
  const chain = withAncestors(
    env.pipelines,
    targets.map(({ name }) => name),
  );
  const external = chain.find(isExternal);
  // Such a pipeline reads no other one, and none reads it.
  if (external !== undefined)
    return [await runExternalCycle(env, session, external, requireEvidence(evidence, external), options)];
  const kept = new KeptUpkeep(env, options.force);
  try {
    const comparisons = await cycleChain(env, session, chain, evidence, options, kept);
    await kept.committed(session, chain);
    return comparisons;
  } catch (error) {
    await kept.failed(session).catch(() => undefined);
    throw error;
  }
}

async function cycleChain(
  env: ShadowEnvironment,
  session: SqlSession,
  chain: readonly Pipeline[],
  evidence: ReadonlyMap<string, Evidence>,
  options: CycleOptions,
  kept: KeptUpkeep,
): Promise<Comparison[]> {
  const stored = new Map<string, BatchResultRecord | null>();
  for (const { name } of chain) stored.set(name, await loadBatchResult(session, name));
  const hold = chooseHold(chain, stored);
  const begin = async (): Promise<Cycle> => {
    const cut = vectorOf(await loadPartitions(session));
    await requireWholeLanding(session, chain);
    await requireOwnCode(env, session, chain, evidence);
    await env.reached('cut taken');
    const [through, retries] = [await newestLanded(session), await countRetries(session)];
    const quarantined = await countQuarantined(session);
    const tracked = await trackedThrough(env, session);
    return { env, session, evidence, options, kept, hold, stored, cut, through, quarantined, retries, tracked };
  };
  const comparisons: Comparison[] = [];
  if (hold === 'snapshot') {
    await session.transaction(async () => {
      const cycle = await begin();
      for (const pipeline of chain) comparisons.push(await cyclePipeline(cycle, pipeline, (work) => work()));
    });
    await env.reached('cycle committed');
    return comparisons;
  }
  const cycle = await session.transaction(async () => {
    const begun = await begin();
    for (const pipeline of chain) {
      await session.run(`DROP TABLE IF EXISTS ${heldTable(env, pipeline)}`);
      await session.run(
        `CREATE TABLE ${heldTable(env, pipeline)} AS SELECT * FROM ${tableName(env.store.dialect, env.schemas.stream, pipeline.name)}`,
      );
    }
    return begun;
  });
  try {
    for (const pipeline of chain)
      comparisons.push(await cyclePipeline(cycle, pipeline, (work) => session.transaction(work)));
    await env.reached('cycle committed');
  } finally {
    await session.forget(RESULT, 'store').catch(() => undefined);
    for (const pipeline of chain)
      await session.run(`DROP TABLE IF EXISTS ${heldTable(env, pipeline)}`).catch(() => undefined);
  }
  return comparisons;
}

/** `copy` when a pipeline asks for it, or when its last job ran so long that a snapshot would hold back the store's clean-up. */
function chooseHold(chain: readonly Pipeline[], stored: ReadonlyMap<string, BatchResultRecord | null>): Hold {
  const copied = chain.some(
    ({ name, batch }) => batch.hold === 'copy' || (stored.get(name)?.jobMs ?? 0) > batch.holdLimit,
  );
  return copied ? 'copy' : 'snapshot';
}

async function cyclePipeline(
  cycle: Cycle,
  pipeline: Pipeline,
  transaction: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Comparison> {
  const { env, session, options, cut } = cycle;
  const evidence = evidenceOf(cycle, pipeline);
  const startedAt = env.clock.now();
  if (options.signal?.aborted === true) throw interrupted();
  const previous = await loadComparison(session, pipeline.name);
  const stored = cycle.stored.get(pipeline.name) ?? null;
  const current = stored?.codeHash === evidence.batch && stored.retries === cycle.retries;
  // A batch result that is not known to reflect what merged reads rely on is made anew.
  const prior = current && (await canMerge(env, session, pipeline)) ? stored : null;
  if (
    !options.force &&
    previous !== null &&
    prior !== null &&
    stillHolds(previous, evidence, cut, cycle.quarantined, startedAt, limitsOf(env, pipeline))
  ) {
    return transaction(async () => {
      const reused = reuse(previous, await nextComparisonId(session), startedAt, env.clock.now());
      await insertComparison(session, reused);
      return reused;
    });
  }
  await defineEvents(session, cycle.hold === 'snapshot' ? 'snapshot' : cycle);
  await ensureBatchTable(session, env.store.dialect, pipeline, env.schemas);
  const partitions = options.force
    ? undefined
    : await touchedPartitions(env, session, pipeline, cut, prior, previous, evidence.rules);
  const notes = await jobNotes(env, session, pipeline);
  const before = { startedAt, prior, previous, partitions, notes };
  const jobStarted = performance.now();
  const needed = options.force || prior === null || !equalVectors(prior.cut, cut);
  if (needed) {
    env.progress.update(`${pipeline.name}: batch job`, 0);
    await runBatchJob(env, session, pipeline, cut, partitions, options.signal);
    if (
      partitions !== undefined &&
      ((await lacksPartition(env, session, pipeline, partitions)) || (await reshapes(env, session, pipeline)))
    ) {
      before.partitions = undefined;
      await runBatchJob(env, session, pipeline, cut, undefined, options.signal);
    }
  }
  const jobMs = performance.now() - jobStarted;
  await env.reached('batch job done');
  return transaction(() => publishAndCompare(cycle, pipeline, before, needed ? jobMs : null));
}
