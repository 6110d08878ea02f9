import type { AppContext } from './context.js';
import { loadProject } from '../config/load.js';
import { CutoverError } from '../model/errors.js';
import { REBUILD_SCHEMA } from '../shadow/rebuild.js';
import { REPLAY_SCHEMA } from '../shadow/batch-job.js';

/** Who reads the served views. */
const READER = 'cutover_reader';

/** The SQL that a DBA must run by hand for the configured store. Connects to nothing. Errors: USAGE where the store is a file. */
export async function printDdl(ctx: AppContext): Promise<string> {
  const { store } = await loadProject(ctx.configFile, ctx.env);
  if (store.kind !== 'postgres') {
    throw new CutoverError(
      'USAGE',
      'the embedded store is a file: there is nothing to be prepared in it',
      'Leave --print-ddl out, or configure `store: { kind: postgres, url: ... }`.',
    );
  }
  const { setupDdl } = await import('../store/postgres/ddl.js');
  const { connectionParts } = await import('../store/postgres/connection.js');
  return setupDdl({
    schemas: store.schemas,
    workSchemas: [REBUILD_SCHEMA, REPLAY_SCHEMA],
    user: connectionParts(store.url, ctx.env).config.user ?? 'cutover',
    reader: READER,
  });
}
