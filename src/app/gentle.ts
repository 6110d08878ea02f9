import type { Clock, Progress } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';

/** Other sessions at work above which a server is busy. */
export const BUSY_ABOVE = 4;

/** Seconds by which a replica may be behind. */
const MOST_LAG = 10;

/** A busy server is looked at again after so long, and for so long at the most before each chunk (milliseconds): a comparison has to end. */
const LOOK_AGAIN = 1000;
const LONGEST_PAUSE = 30_000;

export interface PauseOptions {
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly busyAbove: number;
}

/**
 * Waits while any of the servers is busy, for half a minute at the most.
 *
 * @param servers sessions of PostgreSQL
 * @returns milliseconds
 */
export async function pauseWhileBusy(servers: readonly SqlSession[], options: PauseOptions): Promise<number> {
  let waited = 0;
  while (waited < LONGEST_PAUSE && !options.signal.aborted && (await anyBusy(servers, options.busyAbove))) {
    options.progress.update('waiting for a busy server', Math.round(waited / 1000));
    await options.clock.sleep(LOOK_AGAIN, options.signal);
    waited += LOOK_AGAIN;
  }
  return waited;
}

async function anyBusy(servers: readonly SqlSession[], busyAbove: number): Promise<boolean> {
  if (servers.length === 0) return false;
  const { activityOf } = await import('../store/postgres/activity.js');
  for (const server of servers) {
    const { active, lag } = await activityOf(server);
    if (active > busyAbove || lag > MOST_LAG) return true;
  }
  return false;
}
