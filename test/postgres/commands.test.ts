import { onPostgres } from './on-postgres.js';

await onPostgres('batch commands', () => import('../integration/commands.test.js'));
