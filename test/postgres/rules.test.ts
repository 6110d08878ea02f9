import { onPostgres } from './on-postgres.js';

await onPostgres('rules', () => import('../integration/rules.test.js'));
