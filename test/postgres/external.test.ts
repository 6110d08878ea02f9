import { onPostgres } from './on-postgres.js';

await onPostgres('external sides', () => import('../integration/external.test.js'));
