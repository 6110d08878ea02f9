import { describe, inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { offsetsSuite } from './offsets.js';
import { storeSuite, type StoreFixture } from './store.js';

const { url, problem } = inject('postgres');
const SCHEMAS = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };

function fixture(): StoreFixture {
  const database = createDatabase(url ?? '');
  return {
    open: async () => openPostgresStore({ url: await database, schemas: SCHEMAS }),
    // The server goes with the run; a given one may keep what stands in its databases.
    remove: () => Promise.resolve(),
  };
}

describe.skipIf(loudly('the PostgreSQL store', problem))('on a real server', () => {
  storeSuite('postgres', fixture);
  offsetsSuite('postgres', fixture);
});
