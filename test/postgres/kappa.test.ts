import { onPostgres } from './on-postgres.js';

await onPostgres('the template kappa', () => import('../integration/kappa.test.js'));
