import pg from 'pg';
import { CutoverError } from '../../model/errors.js';
import type { PostgresSession } from './session.js';

/** How often sessions are looked at, and from when on a statement is doubted. */
const EVERY_MS = 5000;
const DOUBT_AFTER_MS = 15_000;

/** Looks in vain before a session is given up while the server says nothing at all. */
const PATIENCE = 3;

/** What was seen of a doubted statement. */
interface Doubt {
  readonly statement: number;
  readonly traffic: number;
}

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
  /** Sessions whose statement the server was not at work on at the last look. */
  #suspects: ReadonlyMap<PostgresSession, Doubt> = new Map();

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
    if (this.#looking) return;
    const doubted = this.#doubted();
    if (doubted.size === 0) {
      this.#suspects = new Map();
      this.#inVain = 0;
      return;
    }
    this.#looking = true;
    try {
      const atWork = await this.#atWork([...doubted.keys()].map(({ backend }) => backend));
      this.#inVain = 0;
      this.#judge(doubted, atWork);
    } catch (error) {
      this.#suspects = new Map();
      // A server that refuses (it has no connection to spare, it starts up) is there, and at work.
      if (answered(error)) this.#inVain = 0;
      else this.#inVain += 1;
      if (this.#inVain >= PATIENCE) for (const session of this.#unanswered(doubted)) session.destroy();
    } finally {
      this.#looking = false;
    }
  }

  /** The sessions whose statement waits long for its answer. */
  #doubted(): ReadonlyMap<PostgresSession, Doubt> {
    const doubted = new Map<PostgresSession, Doubt>();
    for (const session of this.#sessions) {
      const busy = session.busySince;
      if (busy !== null && performance.now() - busy.at > DOUBT_AFTER_MS)
        doubted.set(session, { statement: busy.statement, traffic: session.traffic });
    }
    return doubted;
  }

  /** Those on which nothing at all came or went since they were doubted. */
  #unanswered(doubted: ReadonlyMap<PostgresSession, Doubt>): PostgresSession[] {
    return [...doubted]
      .filter(
        ([session, { statement, traffic }]) =>
          session.busySince?.statement === statement && session.traffic === traffic,
      )
      .map(([session]) => session);
  }

  /**
   * A session is given up when the server was twice, over a whole look, not at work on its statement, and nothing came or went in between: the answer, or
   * what the server waits for, was lost on the way. Once is not enough: the answer may have just been sent.
   */
  #judge(doubted: ReadonlyMap<PostgresSession, Doubt>, atWork: ReadonlySet<number>): void {
    const suspects = new Map<PostgresSession, Doubt>();
    for (const [session, doubt] of doubted) {
      if (atWork.has(session.backend)) continue;
      const before = this.#suspects.get(session);
      if (before?.statement === doubt.statement && this.#unanswered(new Map([[session, before]])).length > 0)
        session.destroy();
      else suspects.set(session, doubt);
    }
    this.#suspects = suspects;
  }

  /** Which of the server's processes are busy with something other than waiting for their client. */
  async #atWork(backends: readonly number[]): Promise<ReadonlySet<number>> {
    const client = await this.#connect();
    try {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE pid = ANY($1::int[]) AND coalesce(state, 'active') NOT LIKE 'idle%'
           AND wait_event_type IS DISTINCT FROM 'Client'`,
        [backends],
      );
      return new Set(rows.map(({ pid }) => pid));
    } finally {
      void client.end().catch(() => undefined);
    }
  }
}

function answered(error: unknown): boolean {
  const cause = error instanceof CutoverError ? error.cause : error;
  return cause instanceof pg.DatabaseError;
}
