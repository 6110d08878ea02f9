import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { SchemaNames } from '../../model/project.js';
import type { Candidate, SqlSession, Store } from '../contract.js';
import { duckDbDialect } from './dialect.js';
import { keepEveryCharacter } from './exact-texts.js';
import { mapped, storeUnreadable } from './errors.js';
import { migrate } from './migrate.js';
import { Locks } from './locks.js';
import { CATALOG, DuckDbSession } from './session.js';

/** Two instances on one file in one process lose rows, and DuckDB's own lock does not see them. */
const openHere = new Set<string>();

export interface DuckDbOptions {
  /** The database file, or `:memory:`. Its folder is created. */
  readonly path: string;
  readonly schemas: SchemaNames;
  /** For example `1GB`; null: DuckDB's default, 80% of the machine's memory. */
  readonly memoryLimit?: string | null;
}

/** The embedded store: one file, one process, many connections. Errors: STORE_LOCKED, STORE_UNREADABLE, STORE_FULL. */
export async function openDuckDbStore(options: DuckDbOptions): Promise<Store> {
  const path = await reserve(options.path);
  try {
    keepEveryCharacter();
    const instance = await DuckDBInstance.create(':memory:', {
      // Job SQL is the user's own code, but nothing in it should install code from the network by accident.
      autoinstall_known_extensions: 'false',
      ...(typeof options.memoryLimit === 'string' ? { memory_limit: options.memoryLimit } : {}),
    });
    const connection = await instance.connect();
    try {
      await connection.run(`ATTACH ${duckDbDialect.literal(path)} AS ${CATALOG}`);
    } catch (error) {
      instance.closeSync();
      throw unreadable(error);
    } finally {
      connection.closeSync();
    }
    return new DuckDbStore(instance, path, options.schemas);
  } catch (error) {
    openHere.delete(path);
    throw mapped(error);
  }
}

async function reserve(given: string): Promise<string> {
  if (given === ':memory:') return given;
  await mkdir(dirname(given), { recursive: true });
  const path = join(await realpath(dirname(given)), basename(given));
  if (openHere.has(path)) {
    throw new CutoverError(
      'STORE_LOCKED',
      `this process already has the store ${path} open`,
      'Close it first: one store object serves many sessions.',
    );
  }
  openHere.add(path);
  return path;
}

/** A cut-off file gives a message that, anywhere but here, may be about a file of the log. */
function unreadable(error: unknown): unknown {
  return /Could not read enough bytes|read.*past end|Serialization Error/i.test(messageOf(error))
    ? storeUnreadable(messageOf(error), error)
    : error;
}

class DuckDbStore implements Store {
  readonly kind = 'duckdb';
  readonly capabilities = { readsFiles: true, sharedByProcesses: false, holdsNul: true };
  readonly dialect = duckDbDialect;
  readonly #instance: DuckDBInstance;
  readonly #path: string;
  readonly #schemas: SchemaNames;
  readonly #sessions = new Set<DuckDbSession>();
  readonly #locks = new Locks();

  constructor(instance: DuckDBInstance, path: string, schemas: SchemaNames) {
    this.#instance = instance;
    this.#path = path;
    this.#schemas = schemas;
  }

  session(): Promise<SqlSession> {
    return this.#open();
  }

  candidate(): Promise<Candidate> {
    const done = (): Promise<void> => Promise.resolve();
    return Promise.resolve({
      elected: () => Promise.resolve(true),
      renew: done,
      renewEvery: 60_000,
      holder: () => Promise.resolve('this process'),
      close: done,
    });
  }

  async #open(): Promise<DuckDbSession> {
    const session = new DuckDbSession(await this.#instance.connect(), this.#locks);
    await session.script(`SET TimeZone = 'UTC'; SET explain_output = 'all'; USE ${CATALOG}`);
    this.#sessions.add(session);
    return session;
  }

  async migrate(): Promise<void> {
    const session = await this.#open();
    await migrate(session, this.#schemas);
    this.#sessions.delete(session);
    await session.close();
  }

  abandon(): void {
    // A statement here is a thread of this process: there is nothing to be cut off.
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await session.close();
    this.#sessions.clear();
    this.#instance.closeSync();
    openHere.delete(this.#path);
  }
}
