import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import type { QuarantineResult } from '../model/results.js';
import { prepareTables } from '../shadow/prepare.js';
import { retryingConflicts } from '../shadow/retry.js';
import { retryQuarantined, type RetryCounts } from '../shadow/retry-quarantined.js';
import { withOwnStream } from '../shadow/sides.js';
import { prepareStreamJob } from '../shadow/stream-job.js';
import type { SqlSession } from '../store/contract.js';
import { countQuarantined, ensureLanding } from '../store/state/landing.js';
import { claimForLog } from '../store/state/meta.js';
import { loadPartitions } from '../store/state/offsets.js';
import { newestRecords, type QuarantineScope } from '../store/state/quarantine.js';

/** `cutover quarantine list`: how many records do not fit the schema, and the newest of them. */
export function listQuarantine(ctx: AppContext, options: { limit: number }): Promise<QuarantineResult> {
  return withProject(ctx, (open) => resultOf(open, 'list', { tried: 0, landed: 0 }, options.limit));
}

/**
 * `cutover quarantine retry`: reads records again by the schema that is deployed now; what fits becomes an event.
 * Errors: QUARANTINE_NOT_FOUND, RETRY_UNSUPPORTED, LOG_SCHEMA_MISMATCH, STREAM_JOB_CHANGED, those of the log and of the stream jobs.
 */
export function retryQuarantine(
  ctx: AppContext,
  scope: QuarantineScope,
  options: { limit: number },
): Promise<QuarantineResult> {
  return withProject(ctx, async (open) =>
    resultOf(open, 'retry', await retryWithin(open, open.session, scope), options.limit),
  );
}

/**
 * The retry itself. Cycles may run beside it by other sessions. A run of the same process may not: where no other process can write the store, it takes
 * for granted that only its own ingest does.
 */
export async function retryWithin(
  open: OpenProject,
  session: SqlSession,
  scope: QuarantineScope,
): Promise<RetryCounts> {
  const { env, store, project, evidence } = open;
  const log = await open.openLog(null);
  const columns = await log.columns(await loadPartitions(session));
  await retryingConflicts(env.clock, () =>
    session.transaction(async () => {
      await claimForLog(session, log.identity);
      await ensureLanding(session, store.dialect, columns);
    }, 'current'),
  );
  // As a run does before its first event: every pipeline's table takes the retried events too.
  await prepareTables(env, session, evidence, open.refreshServed);
  const jobs = await Promise.all(
    withOwnStream(project.pipelines).map((pipeline) => prepareStreamJob(pipeline, open.env)),
  );
  return retryQuarantined(env, { session, log, columns, jobs, evidence }, scope);
}

async function resultOf(
  { session }: OpenProject,
  action: QuarantineResult['action'],
  { tried, landed }: RetryCounts,
  limit: number,
): Promise<QuarantineResult> {
  const records = await newestRecords(session, limit);
  return {
    schema: 'cutover.quarantine/v1',
    action,
    quarantined: await countQuarantined(session),
    tried,
    landed,
    records,
    records_listed: records.length,
  };
}
