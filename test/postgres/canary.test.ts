import { onPostgres } from './on-postgres.js';

await onPostgres('the canary', () => import('../integration/canary.test.js'));
