import { onPostgres } from './on-postgres.js';

await onPostgres('advice from measurements', () => import('../integration/advise.test.js'));
