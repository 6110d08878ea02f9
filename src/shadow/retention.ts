import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadPruned, pruneLanding } from '../store/state/pruned.js';
import { withAncestors, type ShadowEnvironment } from './environment.js';
import { retryingConflicts } from './retry.js';

/** Whether a batch job may read the landing; of a command only its configuration tells. */
function needsLanding({ batch }: Pipeline): boolean {
  if (batch.kind === 'external' || batch.kind === 'stream') return false;
  return batch.kind !== 'command' || batch.events;
}

/** The pipelines whose batch jobs need the whole landing: as long as there is one, nothing may be pruned. */
export function readersOfLanding(pipelines: readonly Pipeline[], active: readonly Pipeline[]): Pipeline[] {
  return withAncestors(
    pipelines,
    active.map(({ name }) => name),
  ).filter(needsLanding);
}

/**
 * Takes events out of the landing that arrived more than `keep` milliseconds ago, unless a batch job needs them: a job that computes from what is left would
 * give another result than the stream, or both would be wrong alike. Returns how many events those were.
 *
 * @param active pipelines whose batch job still runs
 */
export async function pruneOld(
  env: ShadowEnvironment,
  session: SqlSession,
  active: readonly Pipeline[],
  keep: number,
): Promise<number> {
  const readers = readersOfLanding(env.pipelines, active);
  if (readers.length > 0) {
    env.logger.debug(
      { pipelines: readers.map(({ name }) => name) },
      'nothing is pruned: these batch jobs compute from the whole landing',
    );
    return 0;
  }
  const before = new Date(env.clock.now().getTime() - keep).toISOString();
  const pruned = await retryingConflicts(env.clock, () =>
    session.transaction(() => pruneLanding(session, before), 'snapshot'),
  );
  if (pruned > 0) env.logger.info({ events: pruned, before }, 'pruned the landing');
  return pruned;
}

/** No batch job computes from a landing that lacks events, whatever stage its pipeline came back from. Errors: LANDING_PRUNED. */
export async function requireWholeLanding(session: SqlSession, pipelines: readonly Pipeline[]): Promise<void> {
  const readers = pipelines.filter(needsLanding);
  if (readers.length === 0) return;
  const pruned = await loadPruned(session);
  if (pruned.length === 0) return;
  const events = pruned.reduce((sum, one) => sum + one.events, 0);
  throw new CutoverError(
    'LANDING_PRUNED',
    `the batch job of ${readers.map(({ name }) => name).join(', ')} would compute from part of the events: ${events} were pruned from the landing`,
    'To compare again, read the log into a new store. The stream tables go on without it.',
  );
}
