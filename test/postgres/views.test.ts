import { onPostgres } from './on-postgres.js';

await onPostgres('views', () => import('../integration/views.test.js'));
