import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { OffsetVector } from '../model/offset-vector.js';
import type { SqlSession, TableRead } from '../store/contract.js';
import { withAncestors, type ShadowEnvironment } from './environment.js';
import { runCommand } from './command.js';
import { refuseForeignReads } from './job-reads.js';
import { replayLanding } from './replay.js';
import { singleStatement, sqlFailed } from './sql-script.js';
import { prepareStreamJob } from './stream-job.js';
import { createStreamTables, RESULT, tableName } from './tables.js';
import { closeWorkSchema, openWorkSchema } from './work-schema.js';

/** The schema in which a `replay` builds its tables; it is dropped when the job ends. */
export const REPLAY_SCHEMA = 'cutover_replay';

/**
 * Runs a pipeline's batch job over the session's view `events` (bounded to the cut) into the table `cutover_result` of the place `store`.
 * What the query reads of other pipelines stands on the batch side, at the same cut. Errors: SQL_FAILED, BATCH_JOB_FAILED, BATCH_OUTPUT_MISSING.
 *
 * @param partitions SQL literals of the partitions to compute; undefined: everything
 */
export async function runBatchJob(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  cut: OffsetVector,
  partitions: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { batch } = pipeline;
  const { dialect } = env.store;
  const scope = partitionPredicate(env, pipeline, partitions);
  switch (batch.kind) {
    case 'sql': {
      const statement = singleStatement(batch.sql);
      await session.searchPath([env.schemas.batch]);
      try {
        await session.materialize(
          RESULT,
          `SELECT * FROM (\n${statement.text}\n) AS cutover_job${scope === undefined ? '' : ` WHERE ${scope}`}`,
          'store',
        );
      } catch (error) {
        throw sqlFailed(error, batch.sql, statement, 1);
      }
      break;
    }
    case 'command':
      await runCommand(env, session, pipeline, batch, cut, signal);
      break;
    case 'external':
    case 'stream':
      throw new CutoverError('INTERNAL', `${pipeline.name} has no batch job of its own`, 'Please report this defect.');
    case 'replay': {
      const chain = withAncestors(env.pipelines, [pipeline.name]);
      // With hold `copy` there is no transaction around it: a run that was ended in the middle leaves its tables here.
      await openWorkSchema(session, dialect, REPLAY_SCHEMA);
      for (const one of chain) await createStreamTables(session, dialect, one, env.schemas, REPLAY_SCHEMA);
      const jobs = await Promise.all(chain.map((one) => prepareStreamJob(one, env)));
      await replayLanding(env, session, jobs, REPLAY_SCHEMA, 'events', 'caller');
      // The replay's own columns: the batch table may still have those of former code, and `publish` gives it these.
      await session.materialize(
        RESULT,
        `SELECT * FROM ${tableName(dialect, REPLAY_SCHEMA, pipeline.name)}${scope === undefined ? '' : ` WHERE ${scope}`}`,
        'store',
      );
      await closeWorkSchema(session, dialect, REPLAY_SCHEMA);
      break;
    }
  }
  const columns = await dialect.columns(session, dialect.stored(RESULT));
  const absent = pipeline.key.filter((name) => !columns.some((column) => column.name === name));
  if (absent.length > 0) {
    throw new CutoverError(
      'KEY_COLUMN_MISSING',
      `${pipeline.name}: key column ${absent.join(', ')} is not among the columns of the batch result (${columns.map(({ name }) => name).join(', ')})`,
      `Name an existing column in pipelines.${pipeline.name}.key, or add it to the batch job's output.`,
    );
  }
}

/** The tables that a batch query reads; null for a job that is no query. Errors: those of `refuseForeignReads`. */
export async function batchReads(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
): Promise<readonly TableRead[] | null> {
  const { batch } = pipeline;
  if (batch.kind !== 'sql') return null;
  const statement = singleStatement(batch.sql);
  const schema = env.schemas.batch;
  await session.searchPath([schema]);
  return refuseForeignReads(env, session, { pipeline, part: 'batch', source: batch.sql, statement, schema });
}

/** `column IN (...)` over the partitions of a scope; undefined for everything. */
export function partitionPredicate(
  env: ShadowEnvironment,
  pipeline: Pipeline,
  partitions: readonly string[] | undefined,
): string | undefined {
  const by = pipeline.batch.partitionBy;
  if (by === undefined || partitions === undefined) return undefined;
  return partitions.length === 0 ? 'FALSE' : `${env.store.dialect.quote(by.column)} IN (${partitions.join(', ')})`;
}
