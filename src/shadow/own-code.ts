import type { Evidence } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadFedTables } from '../store/state/jobs.js';
import type { ShadowEnvironment } from './environment.js';
import { fedOn, SIDES, type SideName } from './sides.js';

/** Stands for the code of a table whose pipeline was taken out of the configuration: what is ingested from then on is not in it. */
export const MISSED_EVENTS = 'missed events';

/** Stands for the code of a batch side that was fed until its migration was complete: what is ingested from then on is not in it. */
export const RETIRED = 'retired';

/** The code that a side is to be written by. */
export function codeOf(evidence: ReadonlyMap<string, Evidence>, side: SideName, { name }: Pipeline): string {
  return evidence.get(name)?.[side] ?? '';
}

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
  const records = await loadFedTables(session);
  for (const side of SIDES) {
    const other = fedOn(side, pipelines).find((pipeline) => {
      const hash = records[side].get(pipeline.name)?.codeHash;
      return hash !== codeOf(evidence, side, pipeline) && hash !== RETIRED;
    });
    if (other !== undefined)
      throw changed(`${other.name}: another process rebuilt its ${side} table by other code than this one runs`);
    const configured = new Set(fedOn(side, env.pipelines).map(({ name }) => name));
    const unknown = [...records[side]].find(
      ([name, { codeHash }]) => codeHash !== MISSED_EVENTS && codeHash !== RETIRED && !configured.has(name),
    );
    if (unknown !== undefined)
      throw changed(`${unknown[0]}: another process configured this pipeline, which this one would not feed`);
  }
}

/** Pipelines whose batch side takes no more events. */
export async function retiredPipelines(session: SqlSession): Promise<ReadonlySet<string>> {
  const rows = await session.query('SELECT pipeline FROM cutover.batch_jobs WHERE code_hash = $1', [RETIRED]);
  return new Set(rows.map((row) => String(row['pipeline'])));
}

/**
 * In the transaction in which a migration becomes complete: from now on micro-batches pass by the batch side, until a rebuild makes it anew. One that is
 * just being applied may still reach it, which does no harm.
 */
export async function retireBatchSide(session: SqlSession, { name }: Pipeline): Promise<void> {
  await session.run('UPDATE cutover.batch_jobs SET code_hash = $1 WHERE pipeline = $2', [RETIRED, name]);
}

/** A retired batch side is not compared: it stands still. To be asked in the transaction of a cycle. Errors: STREAM_JOB_CHANGED. */
export async function requireFedBatch(session: SqlSession, pipelines: readonly Pipeline[]): Promise<void> {
  const versions = fedOn('batch', pipelines);
  if (versions.length === 0) return;
  const retired = await retiredPipelines(session);
  const found = versions.find(({ name }) => retired.has(name));
  if (found === undefined) return;
  throw new CutoverError(
    'STREAM_JOB_CHANGED',
    `${found.name}: its batch side was retired when the migration was complete, and lacks the events since`,
    `Run \`cutover rebuild ${found.name}\`: it builds the version that is configured as its batch side.`,
  );
}

function changed(what: string): CutoverError {
  return new CutoverError(
    'STREAM_JOB_CHANGED',
    what,
    'Start this process anew with the configuration and the code that are deployed now.',
  );
}
