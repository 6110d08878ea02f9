import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { AcrossRequest } from '../../src/app/diff-across.js';
import type { AcrossSide } from '../../src/app/across-sides.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { openDatabase, SCHEMAS } from './database.js';

/** Tables of the name `t` in databases of PostgreSQL and in an embedded store, which is also where they are compared. */
class TwoStores {
  folder = '';
  readonly #stores: Store[] = [];
  #embedded: { readonly store: Store; readonly session: SqlSession } | undefined;

  async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'cutover-two-stores-'));
    const store = await openDuckDbStore({ path: join(this.folder, 'work.duckdb'), schemas: SCHEMAS });
    this.#stores.push(store);
    this.#embedded = { store, session: await store.session() };
    await this.work.script('CREATE SCHEMA scratch');
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The session in the embedded store. */
  get work(): SqlSession {
    return this.#opened().session;
  }

  /** A side in a database of PostgreSQL, by a connection of its own. */
  async postgres(url: string): Promise<AcrossSide> {
    const { store, session } = await openDatabase(url);
    this.#stores.push(store);
    return { session, dialect: store.dialect, relation: 't', unique: false };
  }

  /** A side in the embedded store. */
  here(relation: string): AcrossSide {
    const { store, session } = this.#opened();
    return { session, dialect: store.dialect, relation, unique: false };
  }

  request(batch: AcrossSide, stream: AcrossSide, more: Partial<AcrossRequest> = {}): AcrossRequest {
    return {
      batch,
      stream,
      key: ['id'],
      rules: { columns: {} },
      today: '2026-01-01',
      workspace: { session: this.work, scratch: 'scratch', tempDir: this.folder },
      limit: 100,
      network: 'local',
      ...more,
    };
  }

  #opened(): { readonly store: Store; readonly session: SqlSession } {
    if (this.#embedded === undefined) throw new Error('the suite has not begun');
    return this.#embedded;
  }
}

/** For the suite in which it is called, from its beginning to its end. */
export function twoStores(): TwoStores {
  const stores = new TwoStores();
  beforeAll(() => stores.open());
  afterAll(() => stores.close());
  return stores;
}
