import { describe, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { useServer } from '../integration/project.js';

/**
 * Runs a suite of the main job, as it is written for the embedded store, on a real PostgreSQL.
 *
 * @param load imports the file that holds it
 */
export async function onPostgres(what: string, load: () => Promise<unknown>): Promise<void> {
  const { url, problem } = inject('postgres');
  if (loudly(`${what} on PostgreSQL`, problem) || url === null) {
    describe.skip(`${what} on PostgreSQL`, () => {
      it('needs a server', () => undefined);
    });
    return;
  }
  useServer(url);
  await load();
}
