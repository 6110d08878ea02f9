import type { Clock, Logger } from '../model/ports.js';
import type { Candidate, SqlSession, Store } from '../store/contract.js';
import { interrupted } from './interrupted.js';

/** How long whoever waits for a role does so at once, before it looks whether the holder is alive and itself is still wanted (ms). */
const ASK_MS = 1000;

/** What several processes that share a store take turns in. */
export type Turn =
  /** Creating, replacing and dropping tables. */
  | 'prepare'
  /** One cycle, or the swap of rebuilt tables: a cycle must find the tables of its snapshot. */
  | 'cycle'
  /** The refresh of one view. */
  | `view:${string}`;

interface Turns {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Waits until `candidate` has its role. Returns false when `signal` aborted first. `onWait` is told, once, who holds the role. */
export async function untilElected(
  candidate: Candidate,
  signal: AbortSignal | undefined,
  onWait: (holder: string) => void,
): Promise<boolean> {
  const stopped = (): boolean => signal?.aborted === true;
  if (stopped()) return false;
  if (await candidate.elected()) return true;
  onWait(await candidate.holder());
  while (!stopped()) if (await candidate.elected(ASK_MS)) return true;
  return false;
}

/** Runs `work` while `candidate` is kept in its role. */
export async function whileRenewed<T>(clock: Clock, candidate: Candidate, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const renewing = (async () => {
    for (;;) {
      await clock.sleep(candidate.renewEvery, done.signal);
      if (done.signal.aborted) return;
      // When it fails the role runs out, and with it the session of the work.
      await candidate.renew().catch(() => undefined);
    }
  })();
  try {
    return await work();
  } finally {
    done.abort();
    void renewing;
  }
}

/**
 * Runs `work` when no other process of the store is in the same turn, and lets none begin meanwhile. A process that freezes in its turn loses it, with
 * its session, after 30 s. Errors: those of `work`; INTERRUPTED when `signal` aborts while it waits.
 *
 * @param session that of the work; not in a transaction
 */
export async function inTurn<T>(
  { store, clock, logger }: Turns,
  session: SqlSession,
  turn: Turn,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!store.capabilities.sharedByProcesses) return work();
  const candidate = await store.candidate(turn, session);
  const elected = await untilElected(candidate, signal, (holder) => {
    logger.info({ turn, holder }, `waiting for another process (${holder}) to end its ${turn} turn`);
  });
  if (!elected) throw interrupted();
  try {
    return await whileRenewed(clock, candidate, work);
  } finally {
    await candidate.close();
  }
}

/** Runs `work` as `inTurn` does, if no other process is in the same turn; null: one is. */
export async function inFreeTurn<T>(
  { store, clock }: Turns,
  session: SqlSession,
  turn: Turn,
  work: () => Promise<T>,
): Promise<T | null> {
  const candidate = await store.candidate(turn, session);
  if (!(await candidate.elected())) return null;
  try {
    return await whileRenewed(clock, candidate, work);
  } finally {
    await candidate.close();
  }
}
