import pg from 'pg';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';

/** Names of schemas for tests of what needs none of them. */
export const SCHEMAS = { batch: 'b', stream: 's', served: 'public' };

export interface OpenDatabase {
  readonly url: string;
  /** Whoever opened it closes it, and the session with it. */
  readonly store: Store;
  readonly session: SqlSession;
}

/** A database, and a session for which plain names are those of its schema `public`. */
export async function openDatabase(url: string): Promise<OpenDatabase> {
  const store = openPostgresStore({ url, schemas: SCHEMAS });
  const session = await store.session();
  await session.searchPath(['public']);
  return { url, store, session };
}

/** An empty database of its own on a server; `null`, where there is no server, is refused by the connection. */
export async function freshDatabase(server: string | null): Promise<OpenDatabase> {
  return openDatabase(await createDatabase(server ?? ''));
}

/** Work by a connection of its own, whose user is that of the URL. */
export async function withClient<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
