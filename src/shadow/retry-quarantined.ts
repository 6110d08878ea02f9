import type { EventLog } from '../log/contract.js';
import type { Evidence } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { PartitionState } from '../model/partition.js';
import type { DeclaredColumn } from '../model/project.js';
import { stampText } from '../model/stamp.js';
import type { SqlSession } from '../store/contract.js';
import { loadPartitions, newestStamp, touchPartition } from '../store/state/offsets.js';
import { countOneRetry, recordsFrom, type Quarantined, type QuarantineScope } from '../store/state/quarantine.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS, chunkColumns, landingColumns } from './events-view.js';
import { noteWindows } from './merge.js';
import { requireUnchangedStreams } from './prepare.js';
import { retryingConflicts } from './retry.js';
import type { PreparedStreamJob } from './stream-job.js';

/** The temporary tables in which records stand that were read again, and those of them that fit. */
const REREAD = 'cutover_reread';
const FITTING = 'cutover_fitting';

export interface RetryParts {
  readonly session: SqlSession;
  readonly log: EventLog;
  /** The log's columns. */
  readonly columns: readonly DeclaredColumn[];
  /** In dependency order. */
  readonly jobs: readonly PreparedStreamJob[];
  readonly evidence: ReadonlyMap<string, Evidence>;
}

export interface RetryCounts {
  readonly tried: number;
  readonly landed: number;
}

/**
 * Reads records in quarantine again. What fits now becomes an event that arrives now: it leaves the quarantine, lands with its own partition and offset and
 * goes through every stream job in ONE transaction, a micro-batch for each run of records of a partition. Whatever happens, a record is in quarantine or
 * has landed, never both. Events so landed lie below former cuts: `countRetries` tells cycles of it.
 *
 * Errors: QUARANTINE_NOT_FOUND, RETRY_UNSUPPORTED, STREAM_JOB_CHANGED, those of the log and of the stream jobs.
 */
export async function retryQuarantined(
  env: ShadowEnvironment,
  parts: RetryParts,
  scope: QuarantineScope,
): Promise<RetryCounts> {
  const counts = { tried: 0, landed: 0 };
  const partitions = await loadPartitions(parts.session);
  if (scope !== 'all') {
    const state = partitions.find(({ name }) => name === scope.partition);
    const [record] = state === undefined ? [] : await recordsFrom(parts.session, state.partition, scope.offset, 1);
    if (state === undefined || record?.offset !== scope.offset) throw notFound(scope);
    return { tried: 1, landed: await retryRecords(env, parts, state, [record]) };
  }
  for (const state of partitions) {
    for (let from = 0; ;) {
      const records = await recordsFrom(parts.session, state.partition, from, env.ingest.maxEvents);
      const last = records.at(-1);
      if (last === undefined) break;
      counts.landed += await retryRecords(env, parts, state, records);
      counts.tried += records.length;
      from = last.offset + 1;
      env.progress.update('retry', counts.tried);
    }
  }
  return counts;
}

/** Returns how many of the records landed. */
async function retryRecords(
  env: ShadowEnvironment,
  parts: RetryParts,
  state: PartitionState,
  records: readonly Quarantined[],
): Promise<number> {
  const { session, log } = parts;
  if (log.retry === undefined) {
    throw new CutoverError(
      'RETRY_UNSUPPORTED',
      `a log of kind ${log.kind} cannot read single records again`,
      'Send the corrected records to the log anew.',
    );
  }
  const reread = await log.retry(state, records);
  try {
    await session.load(REREAD, reread.source, chunkColumns(parts.columns));
    await env.reached('retry staged');
    const landed = await retryingConflicts(env.clock, () =>
      session.transaction(() => apply(env, parts, state), 'current'),
    );
    await env.reached('retry committed');
    return landed;
  } finally {
    await session.forget(REREAD).catch(() => undefined);
    await session.forget(FITTING).catch(() => undefined);
    await reread.release();
  }
}

/** The work of one retry, in its transaction. */
async function apply(env: ShadowEnvironment, parts: RetryParts, { partition }: PartitionState): Promise<number> {
  const { session } = parts;
  // As a micro-batch: one after the other, so that the stream jobs see events in the order of their stamps. Another retry may have
  // landed some of the records meanwhile: only what is still in quarantine counts.
  await session.lock('apply');
  await requireUnchangedStreams(env, session, parts.evidence);
  await session.run(
    `UPDATE cutover.quarantine SET reason = r._error FROM ${REREAD} AS r
     WHERE cutover.quarantine.partition = ${partition} AND cutover.quarantine."offset" = r._offset AND r._error IS NOT NULL`,
  );
  const fitting = await session.materialize(
    FITTING,
    `SELECT r.* FROM ${REREAD} AS r WHERE r._error IS NULL
     AND r._offset IN (SELECT "offset" FROM cutover.quarantine WHERE partition = ${partition})`,
  );
  if (fitting === 0) return 0;
  const at = Math.max(env.clock.now().getTime() * 1000, (await newestStamp(session)) + 1);
  const stamp = stampText(at);
  const columns = landingColumns(env.store.dialect, parts.columns);
  await session.materialize(
    BATCH_EVENTS,
    `SELECT ${columns} FROM (
       SELECT *, CAST(${partition} AS INTEGER) AS _partition, CAST('${stamp}' AS TIMESTAMPTZ) AS _ingested_at FROM ${FITTING}
     ) t ORDER BY _offset`,
  );
  await session.run(`INSERT INTO cutover.landing (${columns}) SELECT ${columns} FROM ${BATCH_EVENTS}`);
  await session.run(
    `DELETE FROM cutover.quarantine WHERE partition = ${partition} AND "offset" IN (SELECT _offset FROM ${FITTING})`,
  );
  await session.searchPath([env.schemas.stream]);
  for (const job of parts.jobs) await job.apply(session, env.schemas.stream);
  await noteWindows(env, session, { at, landed: fitting });
  await touchPartition(session, partition, stamp);
  await countOneRetry(session);
  await env.reached('retry applied');
  return fitting;
}

function notFound({ partition, offset }: { readonly partition: string; readonly offset: number }): CutoverError {
  return new CutoverError(
    'QUARANTINE_NOT_FOUND',
    `there is no record of ${partition} with offset ${offset} in quarantine`,
    '`cutover quarantine list` shows what is there; it may have landed already.',
  );
}
