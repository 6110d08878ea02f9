import { followCanary, onReshaped } from './canary-after-cycle.js';
import type { AppContext } from './context.js';
import { reportLag } from './lag.js';
import { checkMerges } from './merge.js';
import { withProject, withStoreOf, type OpenProject } from './open.js';
import { reconnecting } from './reconnecting.js';
import { stateOf } from './served.js';
import type { StateReader } from './serve.js';
import { refreshParts, viewReports } from './views.js';
import { loadProject } from '../config/load.js';
import type { EventLog } from '../log/contract.js';
import type { Comparison } from '../model/comparison.js';
import { toJson } from '../model/offset-vector.js';
import type { Pipeline } from '../model/project.js';
import type { CanaryReport, RunSummary } from '../model/results.js';
import { worst } from '../model/verdict.js';
import { Ingest, type IngestCounts } from '../shadow/ingest.js';
import { interrupted } from '../shadow/interrupted.js';
import { Positions } from '../shadow/positions.js';
import { prepareMerges } from '../shadow/merge.js';
import { prepareTables } from '../shadow/prepare.js';
import type { Roles } from '../shadow/roles.js';
import { cycleOnce, drain, runUntilStopped, type RunnerParts } from '../shadow/runner.js';
import { pruneOld } from '../shadow/retention.js';
import { isWhollyExternal } from '../shadow/sides.js';
import { Standing } from '../shadow/standing.js';
import { prepareAllJobs } from '../shadow/stream-job.js';
import { inTurn } from '../shadow/turns.js';
import { checkViews } from '../shadow/views/check.js';
import { ViewRefresher } from '../shadow/views/schedule.js';
import type { SqlSession, Store } from '../store/contract.js';
import { ensureLanding } from '../store/state/landing.js';
import { claimForLog } from '../store/state/meta.js';
import { vectorOf } from '../store/state/offsets.js';

/**
 * After so long (ms) between two statements of a micro-batch the store ends it: a process that is frozen, or that the network lost, must not keep the others
 * from applying theirs.
 */
const INGEST_IDLE_MS = 30_000;

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
): Promise<RunnerParts & { readonly log: EventLog | null }> {
  const { env, session, store, project, evidence } = open;
  checkViews(env);
  const positions = await Positions.load(await store.session(), ctx.clock);
  const log = project.pipelines.every(isWhollyExternal) ? null : await open.openLog(positions, { bounded });
  const columns = (await log?.columns(positions.all)) ?? [];
  await inTurn(env, session, 'prepare', ctx.signal, async () => {
    if (log !== null) {
      await session.transaction(async () => {
        await claimForLog(session, log.identity);
        await ensureLanding(session, store.dialect, columns);
      });
    }
    await prepareTables(env, session, evidence, open.refreshServed, ctx.signal);
    await checkMerges(open, session);
    await prepareMerges(env, session);
    for (const pipeline of project.pipelines)
      await session.transaction(() => open.refreshServed(session, pipeline), 'current');
  });
  const jobs = await prepareAllJobs(env);
  const ingestSession = await store.session({ idleLimit: ctx.lease ?? INGEST_IDLE_MS });
  return {
    env,
    ingest:
      log === null ? null : await Ingest.open(env, { session: ingestSession, log, positions, columns, jobs, evidence }),
    positions,
    ingestSession,
    cycleSession: session,
    views: await viewsOf(ctx, open),
    evidence,
    standing: new Standing(env, evidence),
    roles: await rolesFor(store, log, ingestSession, session),
    cycle: { limit: handlers.limit, onReshaped: onReshaped(open) },
    afterCycle: async (comparisons) => {
      for (const comparison of comparisons) {
        last.set(comparison.pipeline, comparison);
        handlers.onComparison?.(comparison);
      }
      for (const report of await followCanary(ctx, open, comparisons)) handlers.onCanary?.(report);
    },
    active: (pipelines) => stillValidated(ctx, open, pipelines),
    afterCycles: log === null ? () => Promise.resolve() : retention(ctx, open),
    signal: ctx.signal,
    log,
  };
}

async function viewsOf(ctx: AppContext, open: OpenProject): Promise<RunnerParts['views']> {
  if (open.project.views.length === 0) return null;
  const session = await open.store.session();
  return new ViewRefresher(refreshParts(ctx, open, session));
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

/** What only one process does where several may share the store. Each reads the partitions that it was assigned of a log that assigns them. */
async function rolesFor(
  store: Store,
  log: EventLog | null,
  ingestSession: SqlSession,
  cycleSession: SqlSession,
): Promise<Roles | null> {
  if (!store.capabilities.sharedByProcesses) return null;
  return {
    ingest: log?.kind === 'file' ? await store.candidate('ingest', ingestSession) : null,
    cycles: await store.candidate('cycles', cycleSession),
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

async function retiredOf(ctx: AppContext, open: OpenProject): Promise<string[]> {
  const now = ctx.clock.now();
  const names: string[] = [];
  for (const pipeline of open.project.pipelines)
    if ((await stateOf(open.session, pipeline, now)).stage === 'complete') names.push(pipeline.name);
  return names;
}

/** What a run did, over all its connections to the store. */
class Tally {
  readonly last = new Map<string, Comparison>();
  #before: IngestCounts = { events: 0, microBatches: 0, quarantined: 0 };
  #parts: RunnerParts | undefined;

  /** What comes is counted by `parts` from now on. */
  follow(parts: RunnerParts): void {
    this.#before = this.#counts;
    this.#parts = parts;
  }

  get #counts(): IngestCounts {
    const { events = 0, microBatches = 0, quarantined = 0 } = this.#parts?.ingest?.counts ?? {};
    const before = this.#before;
    return {
      events: before.events + events,
      microBatches: before.microBatches + microBatches,
      quarantined: before.quarantined + quarantined,
    };
  }

  summary(comparisons: readonly Comparison[] = [...this.last.values()]): RunSummary {
    const { events, microBatches, quarantined } = this.#counts;
    return {
      schema: 'cutover.run/v1',
      verdict: worst(comparisons.map(({ verdict }) => verdict)),
      events,
      micro_batches: microBatches,
      quarantined,
      cut: toJson(vectorOf(this.#parts?.positions.all ?? [])),
      comparisons,
    };
  }
}

/** `cutover run --once`: drains the log, then one cycle for each pipeline, then the views that are due. Errors: those of log, jobs and store; STORE_IN_USE; INTERRUPTED. */
export function runOnce(ctx: AppContext, options: { limit: number }): Promise<RunSummary> {
  return withProject(ctx, async (open) => {
    const tally = new Tally();
    const parts = await startRun(ctx, open, { limit: options.limit }, tally.last, true);
    tally.follow(parts);
    await drain(parts);
    if (ctx.signal.aborted) throw interrupted();
    const cycles = cycleOnce(parts, open.project.pipelines, false);
    // Cycles that failed keep no view from being refreshed: it shows what readers of its names see.
    await cycles.catch(() => undefined);
    if (!ctx.signal.aborted) await parts.views?.once(ctx.signal);
    const compared = tally.summary(await cycles);
    const retired = await retiredOf(ctx, open);
    const summary = retired.length === 0 ? compared : { ...compared, retired };
    if (parts.views === null) return summary;
    const views = await viewReports(ctx, open);
    return { ...summary, views: views.filter(({ status }) => status !== 'removed') };
  });
}

/**
 * `cutover run`: until the signal aborts. The summary holds each pipeline's last comparison. When the store goes away it waits for it, and begins anew from
 * what the store says. Errors: those of log, jobs and store; a store that cannot be reached at the start.
 */
export async function runForever(
  ctx: AppContext,
  options: {
    limit: number;
    onComparison: (comparison: Comparison) => void;
    onCanary: (report: CanaryReport) => void;
    /** Answers from the store that this run has open. */
    state?: StateReader;
  },
): Promise<RunSummary> {
  const project = await loadProject(ctx.configFile, ctx.env);
  const tally = new Tally();
  await reconnecting(ctx, (started) =>
    withStoreOf(ctx, project, (open) => {
      const work = (): Promise<void> => runAttempt(ctx, open, options, tally, started);
      return options.state === undefined ? work() : options.state.during(ctx, open, work);
    }),
  );
  return tally.summary();
}

/** A run for as long as its connections last. */
async function runAttempt(
  ctx: AppContext,
  open: OpenProject,
  handlers: RunHandlers,
  tally: Tally,
  started: () => void,
): Promise<void> {
  const parts = await startRun(ctx, open, handlers, tally.last, false);
  tally.follow(parts);
  started();
  const ended = new AbortController();
  if (parts.log !== null) void reportLag(parts.log, ctx.clock, ctx.logger, AbortSignal.any([ctx.signal, ended.signal]));
  await runUntilStopped(parts).finally(() => {
    ended.abort();
  });
  // What other processes took in counts too for where the store stands.
  if (parts.roles !== null) await parts.positions.reload().catch(() => undefined);
}
