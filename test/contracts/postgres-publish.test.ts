import { describe, inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { publishSuite } from './publish.js';

const { url, problem } = inject('postgres');

describe.skipIf(loudly('publishing in PostgreSQL', problem))('on a real server', () => {
  publishSuite('postgres', async () =>
    openPostgresStore({
      url: await createDatabase(url ?? ''),
      schemas: { batch: 'pb', stream: 's', served: 'public' },
    }),
  );
});
