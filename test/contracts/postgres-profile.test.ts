import { describe, inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { profileSuite } from './profile.js';

const { url, problem } = inject('postgres');

describe.skipIf(loudly('profiles in PostgreSQL', problem))('on a real server', () => {
  profileSuite('postgres', async () =>
    openPostgresStore({
      url: await createDatabase(url ?? ''),
      schemas: { batch: 'b', stream: 's', served: 'public' },
    }),
  );
});
