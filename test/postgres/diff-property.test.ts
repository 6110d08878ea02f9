import { onPostgres } from './on-postgres.js';

await onPostgres('differences of random tables', () => import('../property/diff.test.js'));
