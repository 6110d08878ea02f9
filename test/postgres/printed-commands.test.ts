import { describe, inject, it } from 'vitest';
import { printedCommands } from '../integration/printed-commands.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url, problem } = inject('postgres');

if (loudly('the commands of templates on PostgreSQL', problem) || url === null) {
  describe.skip('the commands of templates on PostgreSQL', () => {
    it('needs a server', () => undefined);
  });
} else printedCommands('postgres', () => createDatabase(url));
