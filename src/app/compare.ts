import type { AppContext } from './context.js';
import { followCanary, onReshaped } from './canary-after-cycle.js';
import { withProject } from './open.js';
import type { Comparison } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import { runCycle } from '../shadow/cycle.js';
import { storeFailedCycle } from '../shadow/failed-cycle.js';
import { requireUnchangedStreams } from '../shadow/prepare.js';
import { retryingConflicts } from '../shadow/retry.js';
import { inTurn } from '../shadow/turns.js';
import { loadStreamJobs } from '../store/state/jobs.js';

/**
 * One cycle now, over what has been ingested: computes, publishes and compares anew even when nothing arrived.
 * Errors: TABLE_MISSING before the first run, STREAM_JOB_CHANGED, and those of the batch job.
 */
export function compareNow(ctx: AppContext, name: string, options: { limit: number }): Promise<Comparison> {
  return withProject(ctx, async (open) => {
    const { env, session, evidence } = open;
    const pipeline = open.pipeline(name);
    if (pipeline.stream.kind !== 'external' && !(await loadStreamJobs(session)).has(name)) {
      throw new CutoverError(
        'TABLE_MISSING',
        `${name} has no stream table yet`,
        'Run `cutover run --once` first: it reads the log and creates the tables of both sides.',
      );
    }
    await requireUnchangedStreams(env, session, evidence);
    const startedAt = ctx.clock.now();
    const cycle = {
      limit: options.limit,
      force: true,
      signal: ctx.signal,
      onReshaped: onReshaped(open),
    };
    const comparisons = await inTurn(env, session, 'cycle', ctx.signal, () =>
      retryingConflicts(env.clock, () => runCycle(env, session, [pipeline], evidence, cycle)),
    ).catch(async (error: unknown) => {
      // As in a run: an older pass must not speak for a pipeline whose cycle fails now.
      if (!ctx.signal.aborted) {
        await storeFailedCycle(env, session, pipeline, open.evidenceOf(name), error, startedAt).catch(() => undefined);
      }
      throw error;
    });
    await followCanary(ctx, open, comparisons);
    const found = comparisons.find((comparison) => comparison.pipeline === name);
    if (found === undefined)
      throw new CutoverError('INTERNAL', `the cycle did not compare ${name}`, 'Please report this defect.');
    return found;
  });
}
