import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import { loadReducer } from './reducer-module.js';
import { reduceBatch } from './reducer.js';
import { runScript, splitStatements } from './sql-script.js';

/** A stream job ready to run: applies the session's `batch_events` to its tables in `schema`, in the caller's transaction. */
export interface PreparedStreamJob {
  readonly pipeline: Pipeline;
  apply(session: SqlSession, schema: string): Promise<void>;
}

/** Parses or loads a pipeline's stream job once. Errors: STREAM_JOB_FAILED; `apply` also SQL_FAILED. */
export async function prepareStreamJob(pipeline: Pipeline, dialect: SqlDialect): Promise<PreparedStreamJob> {
  const { stream } = pipeline;
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
    return { pipeline, apply: (session) => runScript(session, stream.sql, statements) };
  }
  const reducer = await loadReducer(stream.module);
  return {
    pipeline,
    apply: (session, schema) => reduceBatch(session, dialect, pipeline, reducer, stream.module, schema),
  };
}
