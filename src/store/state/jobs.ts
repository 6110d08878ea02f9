import { fromJson, toJson, type OffsetVector, type OffsetVectorJson } from '../../model/offset-vector.js';
import type { SchemaObject, SqlSession } from '../contract.js';

/** Which code wrote the tables of a pipeline that micro-batches feed, and what its setup created. */
export interface StreamJobRecord {
  readonly codeHash: string;
  readonly objects: readonly SchemaObject[];
}

type Side = 'batch' | 'stream';

export type StreamJobRecords = Readonly<Record<Side, ReadonlyMap<string, StreamJobRecord>>>;

/** By side and pipeline; on the batch side stand those whose batch side is another version of the stream job. */
export async function loadFedTables(session: SqlSession): Promise<StreamJobRecords> {
  const rows = await session.query(
    `SELECT 'stream' AS side, pipeline, code_hash, objects_json FROM cutover.stream_jobs
     UNION ALL SELECT 'batch', pipeline, code_hash, objects_json FROM cutover.batch_jobs`,
  );
  const of = (side: Side): ReadonlyMap<string, StreamJobRecord> =>
    new Map(
      rows
        .filter((row) => row['side'] === side)
        .map((row) => [
          String(row['pipeline']),
          { codeHash: String(row['code_hash']), objects: JSON.parse(String(row['objects_json'])) as SchemaObject[] },
        ]),
    );
  return { batch: of('batch'), stream: of('stream') };
}

/** Those of the stream side, by pipeline. */
export async function loadStreamJobs(session: SqlSession): Promise<ReadonlyMap<string, StreamJobRecord>> {
  return (await loadFedTables(session)).stream;
}

export async function saveStreamJob(
  session: SqlSession,
  side: Side,
  pipeline: string,
  job: StreamJobRecord,
  at: Date,
): Promise<void> {
  await session.run(
    `INSERT INTO cutover.${side}_jobs VALUES ($1, $2, $3, CAST($4 AS TIMESTAMPTZ))
     ON CONFLICT (pipeline) DO UPDATE SET code_hash = excluded.code_hash, objects_json = excluded.objects_json, built_at = excluded.built_at`,
    [pipeline, job.codeHash, JSON.stringify(job.objects), at.toISOString()],
  );
}

export async function forgetStreamJob(session: SqlSession, side: Side, pipeline: string): Promise<void> {
  await session.run(`DELETE FROM cutover.${side}_jobs WHERE pipeline = $1`, [pipeline]);
}

/** At which cut, by which code and how long ago a batch side was published. */
export interface BatchResultRecord {
  readonly codeHash: string;
  readonly cut: OffsetVector;
  /** Milliseconds the job took. */
  readonly jobMs: number;
  /** When everything, not only some partitions, was last computed. */
  readonly fullAt: Date;
  /** How many retries from quarantine there had been at the cut (see `countRetries`). */
  readonly retries: number;
}

/** @returns null before the first result */
export async function loadBatchResult(session: SqlSession, pipeline: string): Promise<BatchResultRecord | null> {
  const [row] = await session.query(
    `SELECT code_hash, cut_json, job_ms, CAST(extract(epoch FROM full_at) * 1000 AS BIGINT) AS full_at, retries FROM cutover.batch_results WHERE pipeline = $1`,
    [pipeline],
  );
  if (row === undefined) return null;
  return {
    codeHash: String(row['code_hash']),
    cut: fromJson(JSON.parse(String(row['cut_json'])) as OffsetVectorJson),
    jobMs: Number(row['job_ms']),
    fullAt: new Date(Number(row['full_at'])),
    retries: Number(row['retries'] ?? 0),
  };
}

export async function saveBatchResult(
  session: SqlSession,
  pipeline: string,
  result: BatchResultRecord,
  at: Date,
): Promise<void> {
  await session.run(
    `INSERT INTO cutover.batch_results (pipeline, code_hash, cut_json, job_ms, full_at, published_at, retries)
     VALUES ($1, $2, $3, $4, CAST($5 AS TIMESTAMPTZ), CAST($6 AS TIMESTAMPTZ), $7)
     ON CONFLICT (pipeline) DO UPDATE SET code_hash = excluded.code_hash, cut_json = excluded.cut_json, job_ms = excluded.job_ms,
       full_at = excluded.full_at, published_at = excluded.published_at, retries = excluded.retries`,
    [
      pipeline,
      result.codeHash,
      JSON.stringify(toJson(result.cut)),
      Math.round(result.jobMs),
      result.fullAt.toISOString(),
      at.toISOString(),
      result.retries,
    ],
  );
}
