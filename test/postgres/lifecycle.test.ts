import { onPostgres } from './on-postgres.js';

await onPostgres('the life of discrepancies', () => import('../integration/lifecycle.test.js'));
