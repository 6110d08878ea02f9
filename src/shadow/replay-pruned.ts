import type { Chunk, EventLog } from '../log/contract.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { PartitionState } from '../model/partition.js';
import type { DeclaredColumn } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadPartitions } from '../store/state/offsets.js';
import { loadPruned, type Pruned } from '../store/state/pruned.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS, chunkColumns, landingColumns } from './events-view.js';
import type { PreparedStreamJob } from './stream-job.js';

/** Offsets read from the log at once. */
const CHUNK_EVENTS = 250_000;

/** The temporary table in which they stand. */
const PAST = 'cutover_past';

/**
 * Runs stream jobs over the events that were pruned from the landing, read from the log again: before the landing is replayed, partition by partition, in
 * order of their offsets. (In which order events of different partitions arrived is no longer known.) Returns their number, which must be that of
 * the pruned ones. Errors: LOG_RANGE_GONE, and those of the stream jobs.
 *
 * @param jobs in dependency order; their tables stand empty in `schema`
 */
export async function replayPruned(
  env: ShadowEnvironment,
  session: SqlSession,
  jobs: readonly PreparedStreamJob[],
  schema: string,
): Promise<number> {
  const pruned = await loadPruned(session);
  if (pruned.length === 0) return 0;
  const states = await loadPartitions(session);
  const log = await env.openLog();
  const columns = await log.columns();
  const total = pruned.reduce((sum, { events }) => sum + events, 0);
  let replayed = 0;
  for (const part of pruned) {
    const state = states.find(({ partition }) => partition === part.partition);
    if (state === undefined) throw new Error(`no offsets of partition ${part.partition}`);
    let found = 0;
    for await (const chunk of chunksOf(log, state, part)) {
      try {
        await session.load(PAST, chunk.source, chunkColumns(columns));
        found += await replayChunk(env, session, jobs, schema, columns, part, chunk);
      } finally {
        await session.forget(PAST).catch(() => undefined);
        await chunk.release();
      }
      env.progress.update('replay', replayed + found, total);
    }
    if (found !== part.events) throw gone(state, part, `${found} of ${part.events} events are there`);
    replayed += found;
  }
  return replayed;
}

async function* chunksOf(log: EventLog, state: PartitionState, part: Pruned): AsyncIterable<Chunk> {
  if (log.read === undefined)
    throw gone(state, part, `a log of kind ${log.kind} cannot be read from an earlier offset`);
  const chunks = log.read(state, part.first, part.below, CHUNK_EVENTS)[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw gone(state, part, messageOf(error), error);
    });
    if (next.done === true) return;
    yield next.value;
  }
}

/** Micro-batches of the events of a chunk that were pruned: not those that are still in the landing, or in quarantine. */
async function replayChunk(
  env: ShadowEnvironment,
  session: SqlSession,
  jobs: readonly PreparedStreamJob[],
  schema: string,
  columns: readonly DeclaredColumn[],
  { partition, through }: Pruned,
  chunk: Chunk,
): Promise<number> {
  const names = landingColumns(env.store.dialect, columns);
  let replayed = 0;
  for (let from = chunk.from; from < chunk.to; from += env.ingest.maxEvents) {
    const to = Math.min(chunk.to, from + env.ingest.maxEvents);
    const range = (column: string): string => `${column} >= ${from} AND ${column} < ${to}`;
    await session.transaction(async () => {
      replayed += await session.materialize(
        BATCH_EVENTS,
        `SELECT ${names} FROM (
           SELECT *, CAST(${partition} AS INTEGER) AS _partition, CAST('${through}' AS TIMESTAMPTZ) AS _ingested_at
           FROM ${PAST} WHERE ${range('_offset')} AND _error IS NULL
             AND _offset NOT IN (SELECT _offset FROM cutover.landing WHERE _partition = ${partition} AND ${range('_offset')})
             AND _offset NOT IN (SELECT "offset" FROM cutover.quarantine WHERE partition = ${partition} AND ${range('"offset"')})
         ) t ORDER BY _offset`,
      );
      await session.searchPath([schema]);
      for (const job of jobs) await job.apply(session, schema);
    });
  }
  return replayed;
}

function gone({ name }: PartitionState, { first, below }: Pruned, why: string, cause?: unknown): CutoverError {
  return new CutoverError(
    'LOG_RANGE_GONE',
    `${name}: events of the offsets ${first} to ${below - 1} were pruned from the landing, and the log no longer gives them all: ${why}`,
    'Keep the former stream job: its table holds them. Or start a new store, whose stream tables begin with what the log has now.',
    { cause },
  );
}
