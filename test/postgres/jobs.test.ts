import { onPostgres } from './on-postgres.js';

await onPostgres('jobs', () => import('../integration/jobs.test.js'));
