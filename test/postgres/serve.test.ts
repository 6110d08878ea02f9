import { onPostgres } from './on-postgres.js';

await onPostgres('serve', () => import('../integration/serve.test.js'));
