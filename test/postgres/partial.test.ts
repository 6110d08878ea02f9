import { onPostgres } from './on-postgres.js';

await onPostgres('partial comparisons', () => import('../integration/partial.test.js'));
