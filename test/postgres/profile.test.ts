import { onPostgres } from './on-postgres.js';

await onPostgres('profiles of pipelines', () => import('../integration/profile.test.js'));
