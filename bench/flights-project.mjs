/** A project over the three million flights of the package vega-datasets, for the benchmarks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const FLIGHTS = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));

/** Applied to each micro-batch, by cutover and by the hand-written script alike. */
export const UPSERT = `
INSERT INTO daily (flight_date, origin, flights, total_delay, max_delay)
SELECT CAST(date AS DATE), origin, count(*), CAST(sum(delay) AS BIGINT), max(delay) FROM batch_events GROUP BY ALL
ON CONFLICT (flight_date, origin) DO UPDATE SET
  flights = daily.flights + excluded.flights,
  total_delay = daily.total_delay + excluded.total_delay,
  max_delay = greatest(daily.max_delay, excluded.max_delay)`;

export const SETUP = `CREATE TABLE daily (
  flight_date DATE, origin VARCHAR, flights BIGINT, total_delay BIGINT, max_delay BIGINT, PRIMARY KEY (flight_date, origin))`;

export const BATCH = `
SELECT CAST(date AS DATE) AS flight_date, origin, count(*) AS flights, CAST(sum(delay) AS BIGINT) AS total_delay, max(delay) AS max_delay
FROM events GROUP BY ALL`;

/** Writes the project and returns the path of its configuration. `extra` is added to the batch job. */
export function writeProject(folder, { maxEvents = 10_000, batch = '', path = FLIGHTS } = {}) {
  mkdirSync(join(folder, 'sql'), { recursive: true });
  writeFileSync(join(folder, 'sql', 'daily.batch.sql'), BATCH);
  writeFileSync(join(folder, 'sql', 'daily.stream.sql'), UPSERT);
  writeFileSync(join(folder, 'sql', 'daily.setup.sql'), SETUP);
  const file = join(folder, 'cutover.yaml');
  writeFileSync(
    file,
    `version: 1
store: { kind: duckdb, path: store.duckdb }
log: { kind: file, path: ${JSON.stringify(path)}, event_time: date }
ingest: { max_events: ${maxEvents} }
pipelines:
  daily:
    key: [flight_date, origin]
    batch: { sql: sql/daily.batch.sql, every: 15m${batch} }
    stream: { sql: sql/daily.stream.sql, setup: sql/daily.setup.sql }
`,
  );
  return file;
}

/** A context for use cases called in this process. */
export function contextFor(configFile, signal = new AbortController().signal) {
  const nothing = () => undefined;
  return {
    configFile,
    env: process.env,
    clock: { now: () => new Date(), sleep: (ms) => new Promise((ok) => setTimeout(ok, ms)) },
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    progress: { update: nothing },
    actor: 'bench',
    signal,
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
