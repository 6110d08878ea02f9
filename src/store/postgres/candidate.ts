import { hostname } from 'node:os';
import type { Candidate } from '../contract.js';
import { literal } from './names.js';
import type { PostgresSession } from './session.js';

/** How long a holder that does not renew its role keeps it. */
const LEASE_SECONDS = 30;

/**
 * Stands for a role by an advisory lock of its working session, which ends with that session: a process that dies gives the role up at once. One that is
 * frozen does not end its session; when it has not renewed the role for 30 s, whoever asks next ends that session on the server, and with it its transaction.
 */
export class RoleCandidate implements Candidate {
  readonly #role: string;
  readonly #session: PostgresSession;
  /** The working session may be in a long transaction when the role is renewed. */
  readonly #own: PostgresSession;
  #held = false;

  constructor(role: string, session: PostgresSession, own: PostgresSession) {
    this.#role = role;
    this.#session = session;
    this.#own = own;
  }

  async elected(): Promise<boolean> {
    if (!this.#held) {
      const [row] = await this.#session.query(
        `SELECT pg_try_advisory_lock(hashtextextended(${literal(`cutover:role:${this.#role}`)}, 0)) AS held`,
      );
      if (row?.['held'] !== true) {
        await this.#endSilentHolder();
        return false;
      }
      this.#held = true;
      await this.#own.query(
        `INSERT INTO cutover.roles (role, owner, backend, backend_start, alive_until)
         SELECT $1, $2, pid, backend_start, now() + interval '${LEASE_SECONDS} seconds' FROM pg_stat_activity WHERE pid = CAST($3 AS INTEGER)
         ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, backend = excluded.backend, backend_start = excluded.backend_start, alive_until = excluded.alive_until`,
        [this.#role, `${hostname()}:${process.pid}`, this.#session.backend],
      );
    }
    return true;
  }

  async renew(): Promise<void> {
    if (!this.#held) return;
    await this.#own.query(
      `UPDATE cutover.roles SET alive_until = now() + interval '${LEASE_SECONDS} seconds' WHERE role = $1 AND backend = CAST($2 AS INTEGER)`,
      [this.#role, this.#session.backend],
    );
  }

  async close(): Promise<void> {
    if (this.#held)
      await this.#session
        .query(`SELECT pg_advisory_unlock(hashtextextended(${literal(`cutover:role:${this.#role}`)}, 0))`)
        .catch(() => undefined);
    this.#held = false;
  }

  async #endSilentHolder(): Promise<void> {
    // The start of the backend tells it from another that got its number.
    await this.#own.query(
      `SELECT pg_terminate_backend(a.pid) FROM cutover.roles r JOIN pg_stat_activity a ON a.pid = r.backend AND a.backend_start = r.backend_start
       WHERE r.role = $1 AND r.alive_until < now()`,
      [this.#role],
    );
  }
}
