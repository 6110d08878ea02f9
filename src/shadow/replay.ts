import type { SqlSession } from '../store/contract.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS } from './events-view.js';
import type { PreparedStreamJob } from './stream-job.js';

/** A run of whole former micro-batches: events with `from <= _ingested_at <= to`. */
interface Range {
  readonly from: string;
  readonly to: string;
  readonly events: number;
}

export interface Replayed {
  readonly events: number;
  /** The moment of the newest micro-batch that is in the tables now. */
  readonly newest: string | null;
}

/**
 * Runs stream jobs over landed events from the first one on, in order of arrival, in micro-batches of about `ingest.max_events`.
 * A job whose result depends on where micro-batches are cut is not a function of the log: replays show it as a difference.
 *
 * @param jobs in dependency order; their tables stand empty in `schema`
 * @param events a relation: the landing, bounded; it must be the same each time it is read
 * @param transaction `each`: a transaction per micro-batch; `caller`: the caller has one open
 * @param after the moment of the newest micro-batch that is already in the tables; null: none is
 */
export async function replayLanding(
  env: ShadowEnvironment,
  session: SqlSession,
  jobs: readonly PreparedStreamJob[],
  schema: string,
  events: string,
  transaction: 'each' | 'caller',
  after: string | null = null,
): Promise<Replayed> {
  const ranges = await rangesOf(session, events, env.ingest.maxEvents, after);
  const total = ranges.reduce((sum, { events }) => sum + events, 0);
  let done = 0;
  for (const range of ranges) {
    const work = async (): Promise<void> => {
      await session.materialize(
        BATCH_EVENTS,
        `SELECT * FROM ${events}
         WHERE _ingested_at BETWEEN CAST('${range.from}' AS TIMESTAMPTZ) AND CAST('${range.to}' AS TIMESTAMPTZ)
         ORDER BY _ingested_at, _partition, _offset`,
      );
      await session.searchPath([schema]);
      for (const job of jobs) await job.apply(session, schema);
    };
    await (transaction === 'each' ? session.transaction(work) : work());
    done += range.events;
    env.progress.update('replay', done, total);
  }
  return { events: done, newest: ranges.at(-1)?.to ?? after };
}

async function rangesOf(
  session: SqlSession,
  events: string,
  maxEvents: number,
  after: string | null,
): Promise<Range[]> {
  const since = after === null ? '' : ` WHERE _ingested_at > CAST('${after}' AS TIMESTAMPTZ)`;
  const rows = await session.query(
    `SELECT CAST(_ingested_at AS VARCHAR) AS at, count(*) AS n FROM ${events}${since} GROUP BY _ingested_at ORDER BY _ingested_at`,
  );
  const ranges: Range[] = [];
  // At least two where there were two: a stream job that met no row of its own yet is not much different from a batch job.
  const most = Math.min(maxEvents, Math.ceil(rows.reduce((sum, row) => sum + Number(row['n']), 0) / 2));
  for (const row of rows) {
    const at = String(row['at']);
    const n = Number(row['n']);
    const last = ranges.at(-1);
    if (last !== undefined && last.events + n <= most)
      ranges[ranges.length - 1] = { from: last.from, to: at, events: last.events + n };
    else ranges.push({ from: at, to: at, events: n });
  }
  return ranges;
}
