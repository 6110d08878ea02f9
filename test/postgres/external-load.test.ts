import { onPostgres } from './on-postgres.js';

await onPostgres('external sides under load', () => import('../integration/external-load.test.js'));
