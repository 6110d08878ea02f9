import { messageOf } from '../model/errors.js';
import type { Clock } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { interrupted } from './interrupted.js';

/**
 * Runs `work`; when the signal aborts, its session gets a moment to finish and is then interrupted. Errors: those of `work`; INTERRUPTED.
 *
 * @param grace milliseconds
 */
export async function stoppable<T>(
  clock: Clock,
  signal: AbortSignal,
  session: SqlSession,
  grace: number,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const onAbort = (): void => {
    void (async () => {
      await clock.sleep(grace, done.signal);
      // A statement may just have begun when it is interrupted, hence more than once.
      while (!done.signal.aborted) {
        session.interrupt();
        await clock.sleep(50, done.signal);
      }
    })();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && /interrupt/i.test(messageOf(error))) throw interrupted();
    throw error;
  } finally {
    done.abort();
    signal.removeEventListener('abort', onAbort);
  }
}
