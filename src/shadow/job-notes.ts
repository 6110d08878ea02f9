import type { Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession, TableRead } from '../store/contract.js';
import { batchReads } from './batch-job.js';
import type { ShadowEnvironment } from './environment.js';
import { LANDING } from './job-reads.js';
import { tokensOf } from './sql-tokens.js';

/**
 * What a comparison has to say of jobs that may agree without showing much: their output does not depend on what arrived, or the stream job never met a row
 * of its own. Errors: those of `batchReads`.
 */
export async function jobNotes(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  evidence: Evidence,
): Promise<string[]> {
  const { batch, stream } = pipeline;
  const tables = await batchReads(env, session, pipeline);
  const notes: string[] = [];
  if (batch.kind === 'sql' && tables !== null && !tables.some((table) => dependsOnEvents(pipeline, table)))
    notes.push('the batch job does not read `events`: its result does not depend on what arrived');
  if (stream.kind === 'sql' && pipeline.after.length === 0 && !readsMicroBatch(stream.sql.text))
    notes.push('the stream job does not read `batch_events`: its table does not depend on what arrived');
  if (
    batch.kind === 'stream' &&
    batch.job.kind === 'sql' &&
    pipeline.after.length === 0 &&
    !readsMicroBatch(batch.job.sql.text)
  )
    notes.push(
      'the stream job of the batch side does not read `batch_events`: its table does not depend on what arrived',
    );
  if (batch.kind === 'stream' && evidence.batch === evidence.stream)
    notes.push('both sides run the same version of the stream job: that they agree says nothing of another one');
  if (batch.kind === 'replay') {
    const late = await begunLate(session);
    if (late.length > 0)
      notes.push(
        `the replay begins where the log was first read: ${late.join(', ')}; what came before is on neither side`,
      );
  }
  if (await inOneMicroBatch(session)) {
    notes.push(
      'all events came in one micro-batch: how the stream job changes rows that it wrote before was not tried (ingest.max_events sets the size)',
    );
  }
  return notes;
}

function dependsOnEvents(pipeline: Pipeline, { schema, name }: TableRead): boolean {
  return pipeline.after.includes(name) || (schema === LANDING.schema && name === LANDING.name);
}

function readsMicroBatch(sql: string): boolean {
  return tokensOf(sql).some(({ name }) => name === 'batch_events');
}

/** Reads no further than the first event of another micro-batch. */
async function inOneMicroBatch(session: SqlSession): Promise<boolean> {
  const [row] = await session.query(
    `SELECT EXISTS (SELECT 1 FROM cutover.landing) AS any_event,
       EXISTS (SELECT 1 FROM cutover.landing WHERE _ingested_at <> (SELECT _ingested_at FROM cutover.landing LIMIT 1)) AS several`,
  );
  return row?.['any_event'] === true && row['several'] === false;
}

/** Partitions whose first events the log no longer had, or was not asked for, when they were first read. */
async function begunLate(session: SqlSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT o.name, min(a.first) AS first FROM cutover.offsets AS o JOIN (
       SELECT _partition AS partition, min(_offset) AS first FROM cutover.landing GROUP BY _partition
       UNION ALL SELECT partition, min("offset") FROM cutover.quarantine GROUP BY partition
     ) AS a ON a.partition = o.partition GROUP BY o.name HAVING min(a.first) > 0 ORDER BY o.name`,
  );
  return rows.map((row) => `${String(row['name'])} at offset ${String(row['first'])}`);
}
