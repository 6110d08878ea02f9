import { CutoverError, messageOf } from '../model/errors.js';
import type { Comparison, Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import type { CycleOptions } from './compare-pipeline.js';
import { runCycle } from './cycle.js';
import { connected, type ShadowEnvironment } from './environment.js';
import { storeFailedCycle } from './failed-cycle.js';
import type { Ingest } from './ingest.js';
import { isConnectionFault, isInterruption } from './interrupted.js';
import { retryingConflicts } from './retry.js';
import { keepRoles, standBy, takeOrRefuse, type Roles } from './roles.js';
import { nextDue } from './schedule.js';
import type { Positions } from './positions.js';
import type { Standing } from './standing.js';
import { inTurn, whileRenewed } from './turns.js';
import type { ViewRefresher } from './views/schedule.js';
import { stoppable } from './stoppable.js';
import { vectorOf } from '../store/state/offsets.js';

/** How long a stop waits for the micro-batch in hand before its statement is interrupted (and the micro-batch rolled back). */
const STOP_GRACE_MS = 4000;

export interface RunnerParts {
  readonly env: ShadowEnvironment;
  /** null: there is nothing to be read, for both sides of every pipeline are external. */
  readonly ingest: Ingest | null;
  readonly positions: Positions;
  readonly ingestSession: SqlSession;
  readonly cycleSession: SqlSession;
  /** null: no views are configured. */
  readonly views: ViewRefresher | null;
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly standing: Standing;
  /** Where processes share the store: what only one of them does. */
  readonly roles: Roles | null;
  readonly cycle: Omit<CycleOptions, 'force' | 'signal'>;
  /** Called after each cycle, outside its transaction: the canary acts here. */
  readonly afterCycle: (comparisons: readonly Comparison[]) => Promise<void>;
  /** Called when all cycles that were due are done. */
  readonly afterCycles: () => Promise<void>;
  /** The pipelines of these that still have a batch job to run: a retired one is compared no more. */
  readonly active: (pipelines: readonly Pipeline[]) => Promise<readonly Pipeline[]>;
  readonly signal: AbortSignal;
}

/** Takes everything the log has now. Stops early when the signal aborts. Errors: STORE_IN_USE while another process reads the log. */
export async function drain(parts: RunnerParts): Promise<void> {
  const { env, ingest, signal } = parts;
  if (ingest === null) return;
  const role = parts.roles?.ingest ?? null;
  const all = async (): Promise<void> => {
    while (!signal.aborted && (await ingest.step(signal)));
  };
  await interruptible(parts, parts.ingestSession, async () => {
    if (role === null) return all();
    if (!(await takeOrRefuse(env, role, signal))) return;
    await parts.positions.reload();
    await whileRenewed(env.clock, role, all);
  });
}

/** Cycles for `pipelines` (and what they read). When all that can be compared were, the first error of those that failed is thrown. */
export async function cycleOnce(
  parts: RunnerParts,
  pipelines: readonly Pipeline[],
  force: boolean,
): Promise<Comparison[]> {
  const { comparisons, failures } = await cycles(parts, pipelines, force);
  const [first] = failures;
  if (first !== undefined) throw first.error;
  return comparisons;
}

/**
 * One cycle for each group that is connected by `after`, so that a job that fails does not keep the others from being compared.
 * A failed group is logged and stored as such. Errors: those of the store; whatever a stop interrupts.
 */
async function cycles(
  parts: RunnerParts,
  pipelines: readonly Pipeline[],
  force: boolean,
): Promise<{ comparisons: Comparison[]; failures: { error: unknown }[] }> {
  const { env, signal, cycleSession } = parts;
  const targets = await parts.active(pipelines);
  const comparisons: Comparison[] = [];
  const failures: { error: unknown }[] = [];
  const alone: Pipeline[] = [];
  const groups = groupsOf(env, targets);
  for (let group = groups.shift(); group !== undefined; group = groups.shift() ?? next(alone)) {
    const startedAt = env.clock.now();
    try {
      const made = await interruptible(parts, cycleSession, () => cycle(parts, group, force));
      parts.standing.remember(made);
      await parts.afterCycle(made);
      comparisons.push(...made);
    } catch (error) {
      if (signal.aborted || endsRun(error)) throw error;
      if (group.length > 1) {
        // One failing pipeline took the others of its cycle with it: each by itself, those that can be compared are.
        alone.push(...group);
        continue;
      }
      env.logger.error({ pipelines: group.map(({ name }) => name) }, `cycle failed: ${messageOf(error)}`);
      failures.push({ error });
      await storeFailures(parts, group, error, startedAt);
    }
  }
  await parts.afterCycles();
  return { comparisons, failures };
}

/** A cycle, or what the last one found when nothing arrived since. */
async function cycle(parts: RunnerParts, group: readonly Pipeline[], force: boolean): Promise<Comparison[]> {
  const { env, cycleSession, signal } = parts;
  const position = vectorOf(parts.positions.all);
  const repeated = force ? null : await parts.standing.repeat(cycleSession, group, position);
  if (repeated !== null) return repeated;
  return inTurn(env, cycleSession, 'cycle', signal, () =>
    retryingConflicts(env.clock, () =>
      runCycle(env, cycleSession, group, parts.evidence, { ...parts.cycle, force, signal }),
    ),
  );
}

/** What is no failure of the cycle's jobs, and would meet every further cycle of this process. */
function endsRun(error: unknown): boolean {
  return (
    error instanceof CutoverError && (error.code === 'STORE_CONNECTION_LOST' || error.code === 'STREAM_JOB_CHANGED')
  );
}

function next(alone: Pipeline[]): Pipeline[] | undefined {
  const pipeline = alone.shift();
  return pipeline === undefined ? undefined : [pipeline];
}

/** The targets in dependency order, together where they are connected by `after`. */
function groupsOf(env: ShadowEnvironment, targets: readonly Pipeline[]): Pipeline[][] {
  const groups: Pipeline[][] = [];
  const grouped = new Set<string>();
  for (const { name } of targets) {
    if (grouped.has(name)) continue;
    const around = new Set(connected(env.pipelines, [name]).map((one) => one.name));
    const group = targets.filter((one) => around.has(one.name));
    for (const one of group) grouped.add(one.name);
    groups.push(group);
  }
  return groups;
}

async function storeFailures(
  parts: RunnerParts,
  group: readonly Pipeline[],
  error: unknown,
  startedAt: Date,
): Promise<void> {
  const failed: Comparison[] = [];
  for (const pipeline of group) {
    const evidence = parts.evidence.get(pipeline.name);
    if (evidence !== undefined)
      failed.push(await storeFailedCycle(parts.env, parts.cycleSession, pipeline, evidence, error, startedAt));
  }
  // What failed is tried again when next due, even at the same cut.
  parts.standing.remember(failed);
  await parts.afterCycle(failed);
}

/** Ingests and cycles by schedule until the signal aborts. Ingest errors end it; a failed cycle is stored, logged, and tried again when next due. */
export async function runUntilStopped(parts: RunnerParts): Promise<void> {
  const { env } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([parts.signal, stop.signal]);
  const inner: RunnerParts = { ...parts, signal };
  const caughtUp = deferred();
  const cycled = deferred();
  const loops = [
    ingestLoop(inner, caughtUp.resolve),
    cycleLoop(inner, caughtUp.promise, cycled.resolve),
    parts.views?.run(cycled.promise, signal) ?? Promise.resolve(),
    keepRoles(env, parts.roles, signal),
  ];
  // The first of them to fail stops the others; its error is the one to report.
  const failed: unknown[] = [];
  for (const one of loops) {
    one.catch((error: unknown) => {
      failed.push(error);
      stop.abort();
    });
  }
  await Promise.allSettled(loops);
  // Work that the stop itself interrupted, or cut off from a server that does not answer, was rolled back: that is no error of the run.
  const byStop = (reason: unknown): boolean =>
    parts.signal.aborted && (isInterruption(reason) || isConnectionFault(reason));
  for (const reason of failed) if (!byStop(reason)) throw reason;
}

async function ingestLoop(parts: RunnerParts, onCaughtUp: () => void): Promise<void> {
  const { env, signal, roles, ingest } = parts;
  if (ingest === null) {
    onCaughtUp();
    return;
  }
  await interruptible(parts, parts.ingestSession, async () => {
    if (roles !== null && roles.ingest !== null) {
      // Whether another process has read to the log's end is not known here: cycles need not wait for it.
      if (!(await roles.ingest.elected())) onCaughtUp();
      if (!(await standBy(env, roles.ingest, 'reads the log', signal))) return;
      await parts.positions.reload();
    }
    while (!signal.aborted) {
      if (await ingest.step(signal)) continue;
      onCaughtUp();
      await env.clock.sleep(env.ingest.maxWait, signal);
    }
  });
}

async function cycleLoop(parts: RunnerParts, caughtUp: Promise<void>, onCycled: () => void): Promise<void> {
  const { env, signal, roles } = parts;
  if (roles !== null) {
    // Another process has run them, or is at it.
    if (!(await roles.cycles.elected())) onCycled();
    const stand = (): Promise<boolean> => standBy(env, roles.cycles, 'runs the cycles', signal);
    if (!(await interruptible(parts, parts.cycleSession, stand))) return;
  }
  const started = env.clock.now();
  // Before the log was read to its end once, a cycle would compare two unfinished tables: wait for that, but no longer than a schedule's first turn.
  const firstTurn = Math.min(
    ...env.pipelines.map(({ batch }) => nextDue(batch.schedule, started).getTime() - started.getTime()),
  );
  await Promise.race([caughtUp, env.clock.sleep(firstTurn, signal)]);
  const due = new Map(env.pipelines.map(({ name }) => [name, env.clock.now()]));
  while (!signal.aborted) {
    const now = env.clock.now();
    const ready = env.pipelines.filter(({ name }) => (due.get(name) ?? now) <= now);
    if (ready.length > 0) {
      await cycles(parts, ready, false).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      for (const { name, batch } of ready) due.set(name, nextDue(batch.schedule, now));
    }
    onCycled();
    const next = Math.min(...[...due.values()].map((at) => at.getTime()));
    await env.clock.sleep(Math.min(Math.max(0, next - env.clock.now().getTime()), 60_000), signal);
  }
}

/** Runs `work`; when the signal aborts, its session gets a moment to finish and is then interrupted. */
function interruptible<T>(parts: RunnerParts, session: SqlSession, work: () => Promise<T>): Promise<T> {
  const grace = session === parts.ingestSession ? STOP_GRACE_MS : 0;
  return stoppable(parts.env.clock, parts.signal, session, grace, work);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((ok) => {
    resolve = ok;
  });
  return { promise, resolve };
}
