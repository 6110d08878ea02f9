import type { Evidence } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadStreamJobs } from '../store/state/jobs.js';
import type { ShadowEnvironment } from './environment.js';
import { withOwnStream } from './sides.js';

/** Stands for the code of a table whose pipeline was taken out of the configuration: what is ingested from then on is not in it. */
export const MISSED_EVENTS = 'missed events';

/**
 * Another process may have rebuilt tables by other code since this one started: the events are then no longer this one's to apply, and its comparisons
 * would speak of code that is not its own. To be asked in the transaction of the work. Errors: STREAM_JOB_CHANGED.
 *
 * @param pipelines those that the work touches
 */
export async function requireOwnCode(
  env: ShadowEnvironment,
  session: SqlSession,
  pipelines: readonly Pipeline[],
  evidence: ReadonlyMap<string, Evidence>,
): Promise<void> {
  if (!env.store.capabilities.sharedByProcesses) return;
  const records = await loadStreamJobs(session);
  const other = withOwnStream(pipelines).find(({ name }) => records.get(name)?.codeHash !== evidence.get(name)?.stream);
  if (other !== undefined)
    throw changed(`${other.name}: another process rebuilt its stream table by other code than this one runs`);
  const unknown = [...records].find(
    ([name, { codeHash }]) =>
      codeHash !== MISSED_EVENTS && !withOwnStream(env.pipelines).some((pipeline) => pipeline.name === name),
  );
  if (unknown !== undefined)
    throw changed(`${unknown[0]}: another process configured this pipeline, which this one would not feed`);
}

function changed(what: string): CutoverError {
  return new CutoverError(
    'STREAM_JOB_CHANGED',
    what,
    'Start this process anew with the configuration and the code that are deployed now.',
  );
}
