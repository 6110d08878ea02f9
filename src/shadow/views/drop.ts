import type { SqlSession } from '../../store/contract.js';
import { forgetView } from '../../store/state/views.js';
import type { ShadowEnvironment } from '../environment.js';
import { tableName } from '../tables.js';
import { inTurn } from '../turns.js';

/** Removes a view's table and all that is known of it. Errors: STORE_DEPENDENTS. */
export function dropView(
  env: ShadowEnvironment,
  session: SqlSession,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  return inTurn(env, session, `view:${name}`, signal, () =>
    session.transaction(async () => {
      await session.run(`DROP TABLE IF EXISTS ${tableName(env.store.dialect, env.schemas.served, name)}`);
      await forgetView(session, name);
    }, 'current'),
  );
}
