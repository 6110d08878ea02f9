import { onPostgres } from './on-postgres.js';

await onPostgres('views by partitions', () => import('../integration/views-partitions.test.js'));
