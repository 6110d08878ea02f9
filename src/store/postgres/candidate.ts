import { hostname } from 'node:os';
import { CutoverError } from '../../model/errors.js';
import type { Candidate } from '../contract.js';
import { connectionLost } from './errors.js';
import { lockKey } from './names.js';
import type { PostgresSession } from './session.js';

/**
 * Stands for a role by an advisory lock of its working session, which ends with that session: a process that dies gives the role up at once. One that is
 * frozen does not end its session; when it has not renewed the role for the time of a lease, whoever asks next ends that session on the server, and with it
 * its transaction.
 */
export class RoleCandidate implements Candidate {
  readonly renewEvery: number;
  readonly #role: string;
  readonly #session: PostgresSession;
  /** The working session may be in a long transaction when the role is renewed. */
  readonly #own: PostgresSession;
  readonly #lease: number;
  #held = false;

  /** @param lease how long, in milliseconds, a holder that does not renew its role keeps it */
  constructor(role: string, session: PostgresSession, own: PostgresSession, lease: number) {
    this.#role = role;
    this.#session = session;
    this.#own = own;
    this.#lease = lease;
    this.renewEvery = lease / 6;
  }

  async elected(wait = 0): Promise<boolean> {
    if (this.#held) return true;
    try {
      this.#held = await (wait === 0 ? this.#take('pg_try_advisory_lock', '') : this.#queue(wait));
    } catch (error) {
      // The lock may have been taken before the statement failed.
      await this.#unlock();
      if (!(error instanceof CutoverError && error.code === 'STORE_CONFLICT')) throw error;
    }
    if (!this.#held) await this.#endSilentHolder();
    return this.#held;
  }

  async #queue(wait: number): Promise<boolean> {
    await this.#session.script(`SET lock_timeout = ${Math.round(wait)}`);
    try {
      return await this.#take('pg_advisory_lock', 'IS NOT NULL');
    } finally {
      await this.#session.script('SET lock_timeout = 0').catch(() => undefined);
    }
  }

  async #take(how: string, granted: string): Promise<boolean> {
    // One statement: a process that is frozen between the lock and the lease would keep the role for as long as it is frozen.
    // The start of the backend tells it from another that got its number.
    const [row] = await this.#session.query(
      `WITH taken AS MATERIALIZED (SELECT ${how}(${this.#key}) ${granted} AS held)
       INSERT INTO cutover.roles (role, owner, backend, backend_start, alive_until)
       SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), a.pid, a.backend_start, ${this.#until} FROM taken, pg_stat_activity a
       WHERE taken.held AND a.pid = pg_backend_pid()
       ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, backend = excluded.backend, backend_start = excluded.backend_start, alive_until = excluded.alive_until
       RETURNING role`,
      [this.#role, `${hostname()}, process ${process.pid}`],
    );
    return row !== undefined;
  }

  async renew(): Promise<void> {
    if (!this.#held) return;
    const renewed = await this.#own.run(
      `UPDATE cutover.roles SET alive_until = ${this.#until} WHERE role = $1 AND backend = CAST($2 AS INTEGER)`,
      [this.#role, this.#session.backend],
    );
    // Another can only have it when the session with the lock is gone.
    if (renewed === 0 && this.#held)
      throw connectionLost(new Error(`another process took the role ${this.#role} over`));
  }

  async holder(): Promise<string> {
    const [row] = await this.#own.query('SELECT owner FROM cutover.roles WHERE role = $1', [this.#role]);
    return String(row?.['owner'] ?? 'unknown');
  }

  async close(): Promise<void> {
    const held = this.#held;
    this.#held = false;
    if (held) await this.#unlock();
  }

  async #unlock(): Promise<void> {
    await this.#session.query(`SELECT pg_advisory_unlock(${this.#key})`).catch(() => undefined);
  }

  get #key(): string {
    return lockKey(`role:${this.#role}`);
  }

  /** By the server's clock alone: those of the processes may differ. */
  get #until(): string {
    return `clock_timestamp() + interval '${Math.round(this.#lease)} milliseconds'`;
  }

  async #endSilentHolder(): Promise<void> {
    await this.#own.query(
      `SELECT pg_terminate_backend(a.pid) FROM cutover.roles r JOIN pg_stat_activity a ON a.pid = r.backend AND a.backend_start = r.backend_start
       WHERE r.role = $1 AND r.alive_until < clock_timestamp()`,
      [this.#role],
    );
  }
}
