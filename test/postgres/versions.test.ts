import { onPostgres } from './on-postgres.js';

await onPostgres('two versions of a stream job', () => import('../integration/versions.test.js'));
