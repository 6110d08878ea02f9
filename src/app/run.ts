import { followCanary } from './canary-after-cycle.js';
import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { stateOf } from './served.js';
import type { Comparison } from '../model/comparison.js';
import { toJson } from '../model/offset-vector.js';
import type { Pipeline } from '../model/project.js';
import type { CanaryReport, RunSummary } from '../model/results.js';
import { worst } from '../model/verdict.js';
import { Ingest } from '../shadow/ingest.js';
import { interrupted } from '../shadow/interrupted.js';
import { Positions } from '../shadow/positions.js';
import { prepareTables } from '../shadow/prepare.js';
import { cycleOnce, drain, runUntilStopped, type RunnerParts } from '../shadow/runner.js';
import { pruneOld } from '../shadow/retention.js';
import { Standing } from '../shadow/standing.js';
import { prepareStreamJob } from '../shadow/stream-job.js';
import { ensureLanding } from '../store/state/landing.js';
import { claimForLog } from '../store/state/meta.js';
import { vectorOf } from '../store/state/offsets.js';

export interface RunHandlers {
  readonly limit: number;
  readonly onComparison?: (comparison: Comparison) => void;
  readonly onCanary?: (report: CanaryReport) => void;
}

/** Opens log, tables and stream jobs: everything a run needs before its first event. `last` gets the newest comparison of each pipeline. */
export async function startRun(
  ctx: AppContext,
  open: OpenProject,
  handlers: RunHandlers,
  last: Map<string, Comparison>,
  bounded: boolean,
): Promise<RunnerParts> {
  const { env, session, store, project, evidence } = open;
  const positions = await Positions.load(await store.session(), ctx.clock);
  const log = await open.openLog(positions, { bounded });
  const columns = await log.columns();
  await session.transaction(async () => {
    await claimForLog(session, log.identity);
    await ensureLanding(session, store.dialect, columns);
  });
  await prepareTables(env, session, evidence, open.refreshServed);
  for (const pipeline of project.pipelines) await session.transaction(() => open.refreshServed(session, pipeline));
  const jobs = await Promise.all(project.pipelines.map((pipeline) => prepareStreamJob(pipeline, env)));
  const ingestSession = await store.session();
  return {
    env,
    ingest: await Ingest.open(env, { session: ingestSession, log, positions, columns, jobs, evidence }),
    positions,
    ingestSession,
    cycleSession: session,
    evidence,
    standing: new Standing(env, evidence),
    cycle: { limit: handlers.limit, onReshaped: open.refreshServed },
    afterCycle: async (comparisons) => {
      for (const comparison of comparisons) {
        last.set(comparison.pipeline, comparison);
        handlers.onComparison?.(comparison);
      }
      for (const report of await followCanary(ctx, open, comparisons)) handlers.onCanary?.(report);
    },
    active: (pipelines) => stillValidated(ctx, open, pipelines),
    afterCycles: retention(ctx, open),
    signal: ctx.signal,
  };
}

/** How often a running process looks for events that are too old. */
const PRUNE_EVERY_MS = 600_000;

/** Prunes the landing as `landing.keep` says, now and then. */
function retention(ctx: AppContext, open: OpenProject): () => Promise<void> {
  const { keep } = open.project.landing;
  let next = -Infinity;
  return async () => {
    const now = ctx.clock.now().getTime();
    if (keep === null || now < next || ctx.signal.aborted) return;
    next = now + Math.min(PRUNE_EVERY_MS, keep);
    await pruneOld(open.env, open.session, await stillValidated(ctx, open, open.project.pipelines), keep);
  };
}

/** All but those whose canary is complete: their batch job is retired. */
async function stillValidated(ctx: AppContext, open: OpenProject, pipelines: readonly Pipeline[]): Promise<Pipeline[]> {
  const active: Pipeline[] = [];
  for (const pipeline of pipelines) {
    const { stage } = await stateOf(open.session, pipeline, ctx.clock.now());
    if (stage === 'complete')
      ctx.logger.info({ pipeline: pipeline.name }, 'the migration is complete: its batch job no longer runs');
    else active.push(pipeline);
  }
  return active;
}

function summaryOf(parts: RunnerParts, comparisons: readonly Comparison[]): RunSummary {
  const { events, microBatches, quarantined } = parts.ingest.counts;
  return {
    schema: 'cutover.run/v1',
    verdict: worst(comparisons.map(({ verdict }) => verdict)),
    events,
    micro_batches: microBatches,
    quarantined,
    cut: toJson(vectorOf(parts.positions.all)),
    comparisons,
  };
}

/** `cutover run --once`: drains the log, then one cycle for each pipeline. Errors: those of log, jobs and store; INTERRUPTED. */
export function runOnce(ctx: AppContext, options: { limit: number }): Promise<RunSummary> {
  return withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: options.limit }, new Map(), true);
    await drain(parts);
    if (ctx.signal.aborted) throw interrupted();
    return summaryOf(parts, await cycleOnce(parts, open.project.pipelines, false));
  });
}

/** `cutover run`: until the signal aborts. The summary holds each pipeline's last comparison. */
export function runForever(
  ctx: AppContext,
  options: { limit: number; onComparison: (comparison: Comparison) => void; onCanary: (report: CanaryReport) => void },
): Promise<RunSummary> {
  return withProject(ctx, async (open) => {
    const last = new Map<string, Comparison>();
    const parts = await startRun(ctx, open, options, last, false);
    await runUntilStopped(parts);
    return summaryOf(parts, [...last.values()]);
  });
}
