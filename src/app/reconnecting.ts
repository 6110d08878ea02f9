import type { AppContext } from './context.js';
import { CutoverError, messageOf } from '../model/errors.js';
import { isConnectionFault, isInterruption } from '../shadow/interrupted.js';

/** The pauses before connecting again: the first, and the longest (ms). */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** A run that lasted so long (ms) was well connected: what ends it then is a new fault. */
const WELL_MS = 30_000;

/**
 * Runs `attempt` until it resolves, and again, after a pause that grows up to 10 s, whenever the store went away under it: each attempt begins anew with what
 * the store says. A store that cannot be reached at all before the first attempt calls `started` is an error; after that it is waited for as long as it takes.
 *
 * @returns what `attempt` gave; null when a stop ended it, or the waiting
 */
export async function reconnecting<T>(
  ctx: AppContext,
  attempt: (started: () => void) => Promise<T>,
): Promise<T | null> {
  let everStarted = false;
  let pause = FIRST_PAUSE_MS;
  while (!ctx.signal.aborted) {
    let startedAt: number | undefined;
    try {
      return await attempt(() => {
        if (everStarted) ctx.logger.info({}, 'connected again: going on from the stored offsets');
        everStarted = true;
        startedAt = performance.now();
      });
    } catch (error) {
      if (ctx.signal.aborted && everStarted && (isInterruption(error) || isConnectionFault(error))) return null;
      if (!everStarted || !isConnectionFault(error)) throw error;
      if (startedAt !== undefined && performance.now() - startedAt > WELL_MS) pause = FIRST_PAUSE_MS;
      const code = error instanceof CutoverError ? error.code : undefined;
      ctx.logger.warn({ code, pause }, `${messageOf(error)}; connecting again`);
      await ctx.clock.sleep(pause, ctx.signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
  return null;
}
