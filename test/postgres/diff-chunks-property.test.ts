import { onPostgres } from './on-postgres.js';

await onPostgres('comparisons in chunks of random tables', () => import('../property/diff-chunks.test.js'));
