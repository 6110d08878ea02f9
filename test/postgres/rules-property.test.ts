import { onPostgres } from './on-postgres.js';

await onPostgres('rules on random values', () => import('../property/rules.test.js'));
