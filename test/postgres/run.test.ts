import { onPostgres } from './on-postgres.js';

await onPostgres('runs', () => import('../integration/run.test.js'));
