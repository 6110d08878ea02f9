import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import type { ShadowEnvironment } from './environment.js';
import { loadReducer } from './reducer-module.js';
import { reduceBatch } from './reducer.js';
import { refuseForeignReads } from './job-reads.js';
import { retiredPipelines } from './own-code.js';
import { fedOn, ownStream, SIDES, type SideName } from './sides.js';
import { runScript, splitStatements, type Statement } from './sql-script.js';

/** A stream job ready to run: applies the session's `batch_events` to its tables in `schema`, in the caller's transaction. */
export interface PreparedStreamJob {
  readonly pipeline: Pipeline;
  apply(session: SqlSession, schema: string): Promise<void>;
}

/** The jobs that every micro-batch goes through, by the side that they write; each in dependency order. */
export type PreparedJobs = Readonly<Record<SideName, readonly PreparedStreamJob[]>>;

type JobEnvironment = Pick<ShadowEnvironment, 'store' | 'pipelines' | 'schemas'>;

/** Errors: those of `prepareStreamJob`. */
export async function prepareAllJobs(env: JobEnvironment): Promise<PreparedJobs> {
  const of = (side: SideName): Promise<PreparedStreamJob[]> =>
    Promise.all(fedOn(side, env.pipelines).map((pipeline) => prepareStreamJob(pipeline, env)));
  return { stream: await of('stream'), batch: await of('batch') };
}

/** In a micro-batch's transaction: runs all jobs over `batch_events`, but for batch sides that were retired. Errors: those of the jobs. */
export async function applyJobs(env: JobEnvironment, session: SqlSession, jobs: PreparedJobs): Promise<void> {
  const retired = jobs.batch.length === 0 ? new Set<string>() : await retiredPipelines(session);
  for (const side of SIDES) {
    const fed = side === 'stream' ? jobs.stream : jobs.batch.filter(({ pipeline }) => !retired.has(pipeline.name));
    if (fed.length === 0) continue;
    await session.searchPath([env.schemas[side]]);
    for (const job of fed) await job.apply(session, env.schemas[side]);
  }
}

/** Parses or loads a pipeline's stream job once. Errors: STREAM_JOB_FAILED, EXTERNAL_SIDE; `apply` also SQL_FAILED. */
export async function prepareStreamJob(pipeline: Pipeline, env: JobEnvironment): Promise<PreparedStreamJob> {
  const stream = ownStream(pipeline);
  const { dialect } = env.store;
  if (stream.kind === 'sql') {
    const statements = splitStatements(stream.sql.text);
    if (statements.length === 0) {
      throw new CutoverError(
        'STREAM_JOB_FAILED',
        `${pipeline.name}: the stream job holds no statement`,
        'Write the statements that apply batch_events.',
        {
          place: { file: stream.sql.path },
        },
      );
    }
    // Names lead to the same tables every time: one look a statement is enough.
    const looked = new Set<Statement>();
    return {
      pipeline,
      apply: (session, schema) =>
        runScript(session, stream.sql, statements, async (statement) => {
          if (looked.has(statement)) return;
          const job = { pipeline, part: 'stream', source: stream.sql, statement, schema } as const;
          await refuseForeignReads(env, session, job);
          looked.add(statement);
        }),
    };
  }
  const reducer = await loadReducer(stream.module);
  return {
    pipeline,
    apply: (session, schema) => reduceBatch(session, dialect, pipeline, reducer, stream.module, schema),
  };
}
