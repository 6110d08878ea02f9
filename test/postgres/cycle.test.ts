import { onPostgres } from './on-postgres.js';

await onPostgres('cycles', () => import('../integration/cycle.test.js'));
