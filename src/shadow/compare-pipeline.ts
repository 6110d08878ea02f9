import { createHash } from 'node:crypto';
import { openLifecycle } from '../diff/lifecycle.js';
import { compareTables } from '../diff/compare.js';
import type { DiffInput } from '../diff/input.js';
import { judge } from '../gate/judge.js';
import { discrepancyCount, type Comparison, type Evidence } from '../model/comparison.js';
import { toJson, type OffsetVector } from '../model/offset-vector.js';
import type { Hold, Pipeline } from '../model/project.js';
import { worst } from '../model/verdict.js';
import type { SqlSession } from '../store/contract.js';
import { insertComparison, nextComparisonId } from '../store/state/comparisons.js';
import { saveBatchResult, type BatchResultRecord } from '../store/state/jobs.js';
import { newestQuarantined } from '../store/state/landing.js';
import { saveThrough, type MergeTracking } from '../store/state/merge.js';
import { partitionPredicate } from './batch-job.js';
import { type ShadowEnvironment } from './environment.js';
import type { KeptUpkeep } from './kept.js';
import { noteUnnamed } from './merge-check.js';
import { publish } from './publish.js';
import { requireWholeLanding } from './retention.js';
import { resolvableBy, scopeOf } from './scope.js';
import { tableOfSide } from './sides.js';
import { hasUniqueKey, RESULT, tableName } from './tables.js';

export interface CycleOptions {
  /** Discrepancies listed in a comparison. */
  readonly limit: number;
  /** Compute and compare everything anew even if nothing arrived. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called inside the transaction when a batch table got other columns: what reads it by name is to be made anew. */
  readonly onReshaped: (session: SqlSession, pipeline: Pipeline) => Promise<void>;
}

const HELD_BY_COPY = 'kept digests were not used, all rows were compared: the stream side is held by copy';

/** One cycle under way. */
export interface Cycle {
  readonly env: ShadowEnvironment;
  readonly session: SqlSession;
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly options: CycleOptions;
  readonly kept: KeptUpkeep;
  readonly hold: Hold;
  /** What was known of each batch side before the cycle: only cycles write it. */
  readonly stored: ReadonlyMap<string, BatchResultRecord | null>;
  readonly cut: OffsetVector;
  /** The moment of the newest micro-batch at the cut. */
  readonly through: string | null;
  readonly quarantined: number;
  /** Retries from quarantine until the cut: they brought in events that lie below it. */
  readonly retries: number;
  /** Of the pipelines that serve merged rows: up to which micro-batch their windows are noted, at the cut. */
  readonly tracked: ReadonlyMap<string, MergeTracking>;
}

/** What is known of a pipeline before its batch job runs. */
export interface Before {
  readonly startedAt: Date;
  readonly prior: BatchResultRecord | null;
  readonly previous: Comparison | null;
  readonly partitions: readonly string[] | undefined;
  /** What is to be said of the jobs themselves. */
  readonly notes: readonly string[];
}

/** Where a stream side stands that is held by copy. */
export function heldTable(env: ShadowEnvironment, pipeline: Pipeline): string {
  const name = `hold_${pipeline.name}`;
  // PostgreSQL cuts longer names without a word, and two pipelines could then share a copy.
  const short =
    name.length <= 63 ? name : `hold_${createHash('sha256').update(pipeline.name).digest('hex').slice(0, 32)}`;
  return tableName(env.store.dialect, 'cutover', short);
}

export function evidenceOf(cycle: Cycle, pipeline: Pipeline): Evidence {
  return requireEvidence(cycle.evidence, pipeline);
}

export function requireEvidence(evidence: ReadonlyMap<string, Evidence>, { name }: Pipeline): Evidence {
  const found = evidence.get(name);
  if (found === undefined) throw new Error(`no evidence for ${name}`);
  return found;
}

/** @param jobMs how long the batch job took; null: its last result stands at this very cut and was not computed again */
export async function publishAndCompare(
  cycle: Cycle,
  pipeline: Pipeline,
  before: Before,
  jobMs: number | null,
): Promise<Comparison> {
  const { env, session, options, cut } = cycle;
  const { dialect } = env.store;
  const evidence = evidenceOf(cycle, pipeline);
  const scope = partitionPredicate(env, pipeline, before.partitions);
  // Held by copy, the job read the landing by itself: events may have been pruned since the cut.
  if (jobMs !== null) await requireWholeLanding(session, [pipeline]);
  const publishStarted = performance.now();
  const unnamed = jobMs === null || before.prior === null ? [] : await noteUnnamed(env, session, pipeline, scope);
  if (jobMs !== null) {
    const { reshaped } = await publish(env, session, pipeline, before.partitions);
    if (reshaped) await options.onReshaped(session, pipeline);
    await session.forget(RESULT, 'store');
  }
  const publishMs = performance.now() - publishStarted;
  await env.reached('batch side published');
  const diffStarted = performance.now();
  const lifecycle = await openLifecycle(session, pipeline.name);
  const batch = tableName(dialect, env.schemas.batch, pipeline.name);
  const stream =
    cycle.hold === 'copy' ? heldTable(env, pipeline) : tableName(dialect, env.schemas.stream, pipeline.name);
  const unique = {
    batch: false,
    stream: await hasUniqueKey(session, tableOfSide(env.schemas, pipeline, 'stream'), pipeline),
  };
  // Digests are kept of the stream side itself, and a copy of it is older.
  const kept = cycle.hold === 'copy' ? undefined : cycle.kept.input(pipeline);
  const compare: DiffInput = {
    batch,
    stream,
    key: pipeline.key,
    rules: pipeline.compare,
    today: before.startedAt.toISOString().slice(0, 10),
    unique,
    ...(kept === undefined ? {} : { kept }),
    ...(scope === undefined ? {} : { filter: scope }),
    limit: options.limit,
    previous:
      before.previous === null
        ? undefined
        : {
            differing: discrepancyCount(before.previous) + before.previous.tolerated,
            keys: before.previous.keys_compared,
          },
    ...(pipeline.profile === undefined ? {} : { profile: pipeline.profile }),
    progress: env.progress,
    onDiscrepancy: (discrepancy) => {
      lifecycle.see(discrepancy);
    },
  };
  const {
    columns_compared: _,
    stopped_early: __,
    ...outcome
  } = await cycle.kept.watch(pipeline, () => compareTables(session, dialect, compare));
  const diffMs = performance.now() - diffStarted;
  await env.reached('sides compared');
  const rowsOf = async (table: string): Promise<number> =>
    Number((await session.query(`SELECT count(*) AS n FROM ${table}`))[0]?.['n']);
  const judgement = judge(outcome, {
    batchRows: scope === undefined ? outcome.batch_rows : await rowsOf(batch),
    streamRows: scope === undefined ? outcome.stream_rows : await rowsOf(stream),
    quarantined: cycle.quarantined,
    maxQuarantined: env.ingest.maxQuarantined,
    maxMismatchRate: pipeline.gate.maxMismatchRate,
  });
  const id = await nextComparisonId(session);
  const finishedAt = env.clock.now();
  const followed = await lifecycle.save(session, {
    comparisonId: id,
    at: finishedAt.toISOString(),
    resolvable: await resolvableBy(session, pipeline, before.partitions),
  });
  const elsewhere = scope === undefined ? 0 : Math.max(0, followed.open - followed.continued - followed.opened);
  const comparison: Comparison = {
    schema: 'cutover.comparison/v1',
    pipeline: pipeline.name,
    comparison_id: id,
    verdict: elsewhere > 0 ? worst([judgement.verdict, 'fail']) : judgement.verdict,
    reasons: [
      ...judgement.reasons,
      ...(elsewhere > 0 ? [`${elsewhere} discrepancies found earlier in other partitions are still open`] : []),
    ],
    cut: toJson(cut),
    alignment: { method: cycle.hold, exact: true },
    scope: scopeOf(pipeline, before.partitions),
    started_at: before.startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    quarantined: cycle.quarantined,
    ...outcome,
    notes: [
      ...before.notes,
      ...unnamed,
      ...outcome.notes,
      ...(pipeline.incremental !== undefined && cycle.hold === 'copy' ? [HELD_BY_COPY] : []),
      ...(cycle.quarantined === 0 ? [] : await newestQuarantined(session, 3)),
    ],
    discrepancies: outcome.discrepancies.map((discrepancy) => lifecycle.see(discrepancy)),
    discrepancies_listed: outcome.discrepancies.length,
    evidence,
    timing: {
      batch_job: Math.round(jobMs ?? 0),
      publish: Math.round(publishMs),
      diff: Math.round(diffMs),
      total: finishedAt.getTime() - before.startedAt.getTime(),
    },
    reused_from: null,
  };
  await insertComparison(session, comparison);
  const full = before.partitions === undefined && jobMs !== null;
  await saveBatchResult(
    session,
    pipeline.name,
    {
      codeHash: evidence.batch,
      cut,
      jobMs: jobMs ?? before.prior?.jobMs ?? 0,
      fullAt: full ? before.startedAt : (before.prior?.fullAt ?? before.startedAt),
      retries: cycle.retries,
    },
    finishedAt,
  );
  const tracking = cycle.tracked.get(pipeline.name);
  if (pipeline.merge !== undefined && tracking !== undefined)
    await saveThrough(session, dialect, pipeline.name, tracking.tracked);
  await env.reached('comparison stored');
  return comparison;
}
