import { onPostgres } from './on-postgres.js';

await onPostgres('merged rows', () => import('../integration/merge.test.js'));
