import { relative } from 'node:path';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { View } from '../../model/view.js';
import type { SqlSession } from '../../store/contract.js';
import { loadView, saveBuiltView, saveFailedView } from '../../store/state/views.js';
import type { ShadowEnvironment } from '../environment.js';
import { isConnectionFault } from '../interrupted.js';
import { retryingConflicts } from '../retry.js';
import { tableName } from '../tables.js';
import { inFreeTurn, inTurn } from '../turns.js';
import { codeHashOf, currentBasis } from './basis.js';
import { buildView, tableStands } from './build.js';
import { sourcesOf, type ServedOf } from './query.js';
import { computeRows, resolveView } from './resolve.js';
import { scopeOfRefresh } from './scope.js';
import { VIEW_RESULT } from './write.js';

export interface RefreshParts {
  readonly env: ShadowEnvironment;
  /** Of its own, not in a transaction. */
  readonly session: SqlSession;
  readonly served: ServedOf;
  readonly signal: AbortSignal | undefined;
}

export interface RefreshOptions {
  /** All rows, also of a view with partitions. */
  readonly full: boolean;
  /** By its schedule: where another process has the view in hand it is left to that one, and so where it is not `wanted` any more. Undefined: it is waited for. */
  readonly scheduled?: { readonly wanted: () => Promise<boolean> };
}

/**
 * Refreshes a view: one snapshot is read, and its table changes in the same transaction, so that readers see the former rows or the new ones. No two refreshes of a
 * view run at once, in however many processes. A failure is stored, and thrown.
 *
 * @returns false where it was left to another process
 */
export async function refreshView(parts: RefreshParts, view: View, options: RefreshOptions): Promise<boolean> {
  const { env, session, signal } = parts;
  const turn = `view:${view.name}` as const;
  const { scheduled } = options;
  const work = async (): Promise<boolean> => {
    if (scheduled !== undefined && !(await scheduled.wanted())) return false;
    const startedAt = env.clock.now();
    try {
      await retryingConflicts(env.clock, () => session.transaction(() => refreshed(parts, view, options.full)));
      return true;
    } catch (error) {
      // What a stop or a lost connection ended is tried again by whoever is there then.
      if (signal?.aborted !== true && !isConnectionFault(error))
        await retryingConflicts(env.clock, () =>
          saveFailedView(session, view.name, failureText(env, error), startedAt),
        );
      throw error;
    }
  };
  if (!env.store.capabilities.sharedByProcesses) return session.exclusive(turn, work);
  if (scheduled === undefined) return inTurn(env, session, turn, signal, work);
  return (await inFreeTurn(env, session, turn, work)) ?? false;
}

function failureText({ root }: ShadowEnvironment, error: unknown): string {
  if (!(error instanceof CutoverError)) return messageOf(error);
  const { place } = error;
  const at =
    place?.file === undefined
      ? ''
      : ` (${relative(root, place.file)}${place.line === undefined ? '' : `:${place.line}`})`;
  return `${error.code}: ${error.message}${at}`;
}

/** In a transaction of isolation `snapshot`, of which this is the first that reads. */
async function refreshed(parts: RefreshParts, view: View, full: boolean): Promise<void> {
  const { env, session } = parts;
  const { dialect } = env.store;
  const started = performance.now();
  const refreshedAt = env.clock.now();
  await session.searchPath([env.schemas.served]);
  const built = (await loadView(session, view.name))?.built ?? null;
  const resolved = await resolveView(env, session, view, parts.served);
  const { served, read } = resolved;
  const standing = await tableStands(env, session, view, built);
  const table = tableName(dialect, env.schemas.served, view.name);
  const basis = await currentBasis(session, read, served);
  const scope = await scopeOfRefresh(env, session, view, standing ? table : null, built, basis, full);
  const compute = (where: string | null): Promise<void> => computeRows(env, session, view, resolved, where);
  const done = await buildView(env, session, view, { table, standing, scope, compute });
  const [count] = await session.query(`SELECT count(*) AS n FROM ${table}`);
  await session.forget(VIEW_RESULT);
  if (done.corrected > 0) {
    env.logger.warn(
      { view: view.name, rows: done.corrected },
      `${view.name}: the full refresh changed ${done.corrected} rows in partitions that no event had touched; partition_by does not fit its SQL`,
    );
  }
  await saveBuiltView(session, view.name, {
    codeHash: codeHashOf(view),
    refreshedAt,
    duration: performance.now() - started,
    rows: Number(count?.['n']),
    changedRows: done.changed,
    partitions: done.partitions,
    fullAt: done.partitions === null ? refreshedAt : (built?.fullAt ?? refreshedAt),
    fullReason: done.reason,
    correctedRows: done.partitions === null ? done.corrected : (built?.correctedRows ?? 0),
    sources: sourcesOf(read, served),
    basis,
  });
  await env.reached('view stored');
}
