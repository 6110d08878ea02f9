import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import type { Store } from '../../src/store/contract.js';
import { offsetsSuite } from './offsets.js';
import { storeSuite, type StoreFixture } from './store.js';

const SCHEMAS = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' };

function fixture(): StoreFixture {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-store-'));
  return {
    open: () => openDuckDbStore({ path: join(folder, 'cutover.duckdb'), schemas: SCHEMAS }),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

storeSuite('duckdb', fixture);
offsetsSuite('duckdb', fixture);

describe('the DuckDB file', () => {
  const folders: string[] = [];
  const opened: Store[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'cutover-store-'));
    folders.push(made);
    return made;
  };

  it('is locked under another name of its folder too', async () => {
    const real = folder();
    const link = join(folder(), 'link');
    symlinkSync(real, link);
    opened.push(await openDuckDbStore({ path: join(real, 'a.duckdb'), schemas: SCHEMAS }));
    await expect(openDuckDbStore({ path: join(link, 'a.duckdb'), schemas: SCHEMAS })).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
  });

  it('that is none has its code, and may be tried again', async () => {
    const path = join(folder(), 'a.duckdb');
    writeFileSync(path, 'no database, but long enough to be read as the header of one'.repeat(400));
    const open = (): Promise<Store> => openDuckDbStore({ path, schemas: SCHEMAS });
    await expect(open()).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    rmSync(path);
    opened.push(await open());
  });
});
