import { onPostgres } from './on-postgres.js';

await onPostgres('the character U+0000', () => import('../integration/nul.test.js'));
