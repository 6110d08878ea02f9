import { onPostgres } from './on-postgres.js';

await onPostgres('the commands of templates', () => import('../integration/template-commands.test.js'));
