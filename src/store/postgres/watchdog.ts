import type pg from 'pg';
import type { PostgresSession } from './session.js';

/** How often sessions are looked at, and from when on a statement is doubted. */
const EVERY_MS = 5000;
const DOUBT_AFTER_MS = 15_000;

/** Looks in vain before a session is given up while nothing can be asked. */
const PATIENCE = 3;

/**
 * Finds connections that went silent: the network dropped them without a word, and a statement would wait for hours. For one that waits long the server
 * is asked, by another connection, whether it is still at work on it. A long statement is thus never ended, however long it takes.
 */
export class Watchdog {
  readonly #sessions: ReadonlySet<PostgresSession>;
  readonly #connect: () => Promise<pg.Client>;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #inVain = 0;

  constructor(sessions: ReadonlySet<PostgresSession>, connect: () => Promise<pg.Client>) {
    this.#sessions = sessions;
    this.#connect = connect;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const doubted = [...this.#sessions].flatMap((session) => {
      const busy = session.busySince;
      return busy !== null && performance.now() - busy.at > DOUBT_AFTER_MS
        ? [{ session, statement: busy.statement }]
        : [];
    });
    if (doubted.length === 0 || this.#looking) return;
    this.#looking = true;
    try {
      const states = await this.#statesOf(doubted.map(({ session }) => session.backend));
      this.#inVain = 0;
      for (const { session, statement } of doubted) {
        const state = states.get(session.backend);
        const waiting = session.busySince?.statement === statement;
        // Done for the server, and still no answer here: it was lost on the way.
        if (waiting && (state === undefined || state.startsWith('idle'))) session.destroy();
      }
    } catch {
      this.#inVain += 1;
      if (this.#inVain >= PATIENCE) for (const { session } of doubted) session.destroy();
    } finally {
      this.#looking = false;
    }
  }

  async #statesOf(backends: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const client = await this.#connect();
    try {
      const { rows } = await client.query<{ pid: number; state: string | null }>(
        'SELECT pid, state FROM pg_stat_activity WHERE pid = ANY($1::int[])',
        [backends],
      );
      return new Map(rows.map(({ pid, state }) => [pid, state ?? 'active']));
    } finally {
      await client.end();
    }
  }
}
