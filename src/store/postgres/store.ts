import pg from 'pg';
import { CutoverError } from '../../model/errors.js';
import type { SchemaNames } from '../../model/project.js';
import type { Candidate, SqlSession, Store } from '../contract.js';
import { RoleCandidate } from './candidate.js';
import { connectionParts, type ConnectionParts } from './connection.js';
import { postgresDialect } from './dialect.js';
import { connectionLost, mapped, unreachable } from './errors.js';
import { migrate } from './migrate.js';
import { passwordFromFile, type Login } from './pass-file.js';
import { PostgresSession } from './session.js';
import { cutOff } from './socket.js';
import { Watchdog } from './watchdog.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** How long a holder that does not renew its role keeps it. */
const LEASE_MS = 30_000;

/**
 * The server finds out that a process is gone, and gives its locks back: within a minute when its machine vanished, and (where the server's system can
 * tell) within a second when the process died while a statement of it runs.
 */
const VANISHED = `SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3`;
const DIED = `SET client_connection_check_interval = '1s'`;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`; what it leaves out comes from the usual PG* variables and `.pgpass`. */
  readonly url: string;
  readonly schemas: SchemaNames;
  /** How long, in milliseconds, who does not renew a role keeps it; default 30 s. */
  readonly lease?: number | undefined;
}

/** A PostgreSQL server, shared by processes. Nothing is connected yet. Errors: CONFIG_INVALID for the URL. */
export function openPostgresStore(options: PostgresOptions): Store {
  return new PostgresStore(options);
}

function loginOf({ host, port, database, user }: pg.Client): Login {
  return { host, port, database: database ?? '', user: user ?? '' };
}

class PostgresStore implements Store {
  readonly kind = 'postgres';
  readonly capabilities = { readsFiles: false, sharedByProcesses: true, holdsNul: false };
  readonly dialect = postgresDialect;
  readonly #options: PostgresOptions;
  readonly #sessions = new Set<PostgresSession>();
  readonly #connecting = new Set<pg.Client>();
  readonly #watchdog: Watchdog;
  /** Of all candidates: it renews what their working sessions hold. */
  #roles: Promise<PostgresSession> | undefined;
  #abandoned = false;

  readonly #connection: ConnectionParts;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#connection = connectionParts(options.url, process.env);
    this.#watchdog = new Watchdog(this.#sessions, () => this.#connect({ query_timeout: CONNECT_TIMEOUT_MS }));
  }

  async session(options: { readonly idleLimit?: number } = {}): Promise<SqlSession> {
    return this.#open(options);
  }

  async #open({ idleLimit = 0 }: { readonly idleLimit?: number } = {}): Promise<PostgresSession> {
    const session = new PostgresSession(
      await this.#connect(),
      (backend) => this.#cancel(backend),
      this.#connection.shown,
    );
    this.#sessions.add(session);
    this.#watchdog.start();
    await session.script(
      `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET standard_conforming_strings = on;
       SET extra_float_digits = 1; SET bytea_output = 'hex'; SET cursor_tuple_fraction = 1;
       SET client_min_messages = warning; SET idle_in_transaction_session_timeout = ${idleLimit}; SET search_path TO pg_catalog; ${VANISHED}`,
    );
    await session.script(DIED).catch((error: unknown) => {
      if (error instanceof CutoverError) throw error;
    });
    return session;
  }

  async #connect(more: pg.ClientConfig = {}): Promise<pg.Client> {
    if (this.#abandoned) throw connectionLost(new Error('it was given up'));
    const { config } = this.#connection;
    const client: pg.Client = new pg.Client({
      // Asked for only when the server wants one.
      password: () => passwordFromFile(process.env, loginOf(client)),
      ...config,
      ...more,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    this.#connecting.add(client);
    try {
      await client.connect();
    } catch (error) {
      const known = mapped(error);
      throw known !== error &&
        !(
          error instanceof Error &&
          'code' in error &&
          /^(?:ECONN|ENOTFOUND|EAI|EHOST|ETIMEDOUT|28|3D|53|57)/.test(String(error.code))
        )
        ? known
        : unreachable(error, this.#connection.shown);
    } finally {
      this.#connecting.delete(client);
    }
    return client;
  }

  async #cancel(backend: number): Promise<void> {
    const client = await this.#connect({ query_timeout: CONNECT_TIMEOUT_MS });
    try {
      await client.query('SELECT pg_cancel_backend($1)', [backend]);
    } finally {
      await client.end();
    }
  }

  async candidate(role: string, session: SqlSession): Promise<Candidate> {
    if (!(session instanceof PostgresSession)) throw new Error('a session of another store');
    this.#roles ??= this.#open();
    return new RoleCandidate(role, session, await this.#roles, this.#options.lease ?? LEASE_MS);
  }

  async migrate(): Promise<void> {
    const session = await this.#open();
    try {
      await migrate(session, this.#options.schemas);
    } finally {
      this.#sessions.delete(session);
      await session.close();
    }
  }

  abandon(): void {
    this.#abandoned = true;
    for (const session of this.#sessions) session.destroy();
    for (const client of this.#connecting) cutOff(client);
  }

  async close(): Promise<void> {
    this.#watchdog.stop();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
  }
}
