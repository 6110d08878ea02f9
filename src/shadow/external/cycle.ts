import type { DiffInput, DiffOutcome, ProfileInput } from '../../diff/input.js';
import { compareTables } from '../../diff/compare.js';
import type { Discrepancy, Evidence } from '../../model/comparison.js';
import type { OffsetVector } from '../../model/offset-vector.js';
import type { PartitionState } from '../../model/partition.js';
import type { Pipeline } from '../../model/project.js';
import type { SqlSession } from '../../store/contract.js';
import { saveBatchResult } from '../../store/state/jobs.js';
import { countQuarantined } from '../../store/state/landing.js';
import { loadPartitions, newestLanded, vectorOf } from '../../store/state/offsets.js';
import { countRetries } from '../../store/state/quarantine.js';
import { runBatchJob } from '../batch-job.js';
import type { CycleOptions } from '../compare-pipeline.js';
import type { ShadowEnvironment } from '../environment.js';
import { defineEvents } from '../events-view.js';
import { interrupted } from '../interrupted.js';
import { jobNotes } from '../job-notes.js';
import { requireOwnCode } from '../own-code.js';
import { publish } from '../publish.js';
import { requireWholeLanding } from '../retention.js';
import { isWhollyExternal, tableOfSide } from '../sides.js';
import { ensureBatchTable, hasUniqueKey, qualified } from '../tables.js';

/** A cycle of a pipeline of which somebody else writes a side. */
export interface ExternalCycle {
  readonly env: ShadowEnvironment;
  readonly session: SqlSession;
  readonly pipeline: Pipeline;
  readonly evidence: Evidence;
  readonly options: CycleOptions;
  readonly startedAt: Date;
}

/** What a snapshot of the store says of cutover's own part. */
export interface Moment {
  readonly partitions: readonly PartitionState[];
  readonly landed: OffsetVector;
  /** The moment of the newest micro-batch. */
  readonly through: string | null;
  readonly quarantined: number;
  readonly retries: number;
}

/** What a batch job of cutover's own did. */
export interface JobDone {
  readonly notes: readonly string[];
  /** Milliseconds. */
  readonly job: number;
  readonly publish: number;
}

export const NO_JOB: JobDone = { notes: [], job: 0, publish: 0 };

export interface Relations {
  readonly batch: string;
  readonly stream: string;
}

/** Waits; errors: INTERRUPTED. */
export async function pause({ env, options }: ExternalCycle, ms: number): Promise<void> {
  await env.clock.sleep(ms, options.signal);
  if (options.signal?.aborted === true) throw interrupted();
}

/** As the first work of a transaction: its snapshot is what all that follows sees. */
export async function beginMoment(cycle: ExternalCycle): Promise<Moment> {
  const { env, session, pipeline, options } = cycle;
  if (options.signal?.aborted === true) throw interrupted();
  const partitions = await loadPartitions(session);
  await requireWholeLanding(session, [pipeline]);
  await requireOwnCode(env, session, [pipeline], new Map([[pipeline.name, cycle.evidence]]));
  await env.reached('cut taken');
  return {
    partitions,
    landed: vectorOf(partitions),
    through: await newestLanded(session),
    // Nothing that cutover reads of the log is in sides that others write.
    quarantined: isWhollyExternal(pipeline) ? 0 : await countQuarantined(session),
    retries: await countRetries(session),
  };
}

/**
 * Where the batch job is cutover's own: runs it on the events before `cut` and publishes its result, in the caller's transaction.
 *
 * @param cut not beyond what has landed
 */
export async function runOwnBatch(cycle: ExternalCycle, moment: Moment, cut: OffsetVector): Promise<JobDone> {
  const { env, session, pipeline, options } = cycle;
  if (pipeline.batch.kind === 'external') return NO_JOB;
  await defineEvents(session, cut === moment.landed ? 'snapshot' : { cut, through: moment.through });
  await ensureBatchTable(session, env.store.dialect, pipeline, env.schemas);
  const notes = await jobNotes(env, session, pipeline, cycle.evidence);
  const started = performance.now();
  env.progress.update(`${pipeline.name}: batch job`, 0);
  await runBatchJob(env, session, pipeline, cut, undefined, options.signal);
  const done = performance.now();
  await env.reached('batch job done');
  const { reshaped } = await publish(env, session, pipeline, undefined);
  if (reshaped) await options.onReshaped(session, pipeline);
  await env.reached('batch side published');
  const result = { codeHash: cycle.evidence.batch, cut, jobMs: done - started, fullAt: cycle.startedAt };
  await saveBatchResult(session, pipeline.name, { ...result, retries: moment.retries }, env.clock.now());
  return { notes, job: done - started, publish: performance.now() - done };
}

export function relationsOf({ env, pipeline }: ExternalCycle): Relations {
  const of = (side: 'batch' | 'stream'): string =>
    qualified(env.store.dialect, tableOfSide(env.schemas, pipeline, side));
  return { batch: of('batch'), stream: of('stream') };
}

/**
 * Compares two relations of the sides in the caller's transaction.
 *
 * @param profile null: what the differences have in common is not looked for
 */
export async function compareSides(
  cycle: ExternalCycle,
  relations: Relations,
  see: (discrepancy: Discrepancy) => void,
  profile: ProfileInput | null = cycle.pipeline.profile ?? null,
): Promise<DiffOutcome> {
  const { env, session, pipeline, options, startedAt } = cycle;
  const unique = (side: 'batch' | 'stream'): Promise<boolean> =>
    hasUniqueKey(session, tableOfSide(env.schemas, pipeline, side), pipeline);
  const input: DiffInput = {
    ...relations,
    key: pipeline.key,
    rules: pipeline.compare,
    today: startedAt.toISOString().slice(0, 10),
    unique: { batch: await unique('batch'), stream: await unique('stream') },
    limit: options.limit,
    ...(profile === null ? {} : { profile }),
    progress: env.progress,
    onDiscrepancy: see,
  };
  const outcome = await compareTables(session, env.store.dialect, input);
  await env.reached('sides compared');
  return outcome;
}
