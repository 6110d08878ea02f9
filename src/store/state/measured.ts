import type { Comparison } from '../../model/comparison.js';
import type { Measurements } from '../../model/advice.js';
import type { SqlSession } from '../contract.js';

const DAY_SECONDS = 86_400;
/** Rates are those of the newest month of events: what was a year ago is no measure of today. */
const RATE_DAYS = 30;
/** Comparisons that are looked at. */
const NEWEST = 100;

/** How fast events happen (or, without times of their own, arrive), from the landing as it is now. */
export async function measureRate(session: SqlSession): Promise<NonNullable<Measurements['rate']>> {
  const byEvent = await rateOf(session, '_event_time');
  return byEvent.events > 0
    ? { by: 'event', ...byEvent }
    : { by: 'arrival', ...(await rateOf(session, '_ingested_at')) };
}

async function rateOf(session: SqlSession, column: '_event_time' | '_ingested_at') {
  const seconds = `CAST(extract(epoch FROM ${column}) AS DOUBLE PRECISION)`;
  const [row] = await session.query(
    `WITH newest AS (SELECT max(${seconds}) AS moment FROM cutover.landing),
          hours AS (SELECT floor(${seconds} / 3600) AS hour, count(*) AS n, min(${seconds}) AS begins, max(${seconds}) AS ends
                    FROM cutover.landing WHERE ${seconds} >= (SELECT moment FROM newest) - ${RATE_DAYS * DAY_SECONDS} GROUP BY 1)
     SELECT CAST(coalesce(sum(n), 0) AS BIGINT) AS events, max(n) AS busiest, min(begins) AS begins, max(ends) AS ends FROM hours`,
  );
  return {
    events: Number(row?.['events'] ?? 0),
    busiest: Number(row?.['busiest'] ?? 0),
    first: Number(row?.['begins'] ?? 0) * 1000,
    last: Number(row?.['ends'] ?? 0) * 1000,
  };
}

/** How long after it happened an event had landed, over the newest day of arrivals; null: no event has a time. */
export async function measureLag(session: SqlSession): Promise<Measurements['lag']> {
  const arrived = 'CAST(extract(epoch FROM _ingested_at) AS DOUBLE PRECISION)';
  const lag = `${arrived} - CAST(extract(epoch FROM _event_time) AS DOUBLE PRECISION)`;
  const [row] = await session.query(
    `SELECT count(*) AS events, max(${arrived}) - min(${arrived}) AS span,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY ${lag}) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY ${lag}) AS p95
     FROM cutover.landing WHERE _event_time IS NOT NULL
       AND ${arrived} >= (SELECT max(${arrived}) FROM cutover.landing) - ${DAY_SECONDS}`,
  );
  const events = Number(row?.['events'] ?? 0);
  if (events === 0) return null;
  const milliseconds = (name: string): number => Math.round(Number(row?.[name] ?? 0) * 1000);
  return { events, span: milliseconds('span'), median: milliseconds('median'), p95: milliseconds('p95') };
}

/** Times of the newest comparisons of a pipeline that came to an end, the oldest first. */
export async function measureCycles(
  session: SqlSession,
  pipeline: string,
): Promise<Pick<Measurements, 'jobs' | 'finished'>> {
  const rows = await session.query(
    `SELECT result_json FROM cutover.comparisons WHERE pipeline = $1 AND verdict <> 'error' ORDER BY cutover.comparisons.id DESC LIMIT ${NEWEST}`,
    [pipeline],
  );
  const comparisons = rows.map((row) => JSON.parse(String(row['result_json'])) as Comparison).reverse();
  return {
    jobs: comparisons.filter((one) => one.reused_from === null).map(({ timing }) => timing.batch_job),
    finished: comparisons.map(({ finished_at }) => Date.parse(finished_at)),
  };
}

/** Whether events have landed here at all: a store whose sides are all external has no landing. */
export async function hasLanding(session: SqlSession): Promise<boolean> {
  const [row] = await session.query(`SELECT value FROM cutover.meta WHERE name = 'landing'`);
  return row !== undefined;
}
