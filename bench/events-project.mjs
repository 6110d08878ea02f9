/** A project that reads events from Kafka and keeps daily metrics of them in PostgreSQL. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Applied to each micro-batch, by cutover and by the hand-written loop alike. */
export const UPSERT = `
INSERT INTO daily_metrics AS d (event_date, event_type, event_count, total_amount, amount_count, first_event, last_event)
SELECT CAST("timestamp" AT TIME ZONE 'UTC' AS DATE), event_type, count(*), coalesce(sum(amount), 0), count(amount), min("timestamp"), max("timestamp")
FROM batch_events GROUP BY 1, 2
ON CONFLICT (event_date, event_type) DO UPDATE SET
  event_count = d.event_count + excluded.event_count,
  total_amount = d.total_amount + excluded.total_amount,
  amount_count = d.amount_count + excluded.amount_count,
  first_event = least(d.first_event, excluded.first_event),
  last_event = greatest(d.last_event, excluded.last_event)`;

export const SETUP = `CREATE TABLE daily_metrics (
  event_date DATE, event_type TEXT, event_count BIGINT NOT NULL, total_amount NUMERIC(38, 2) NOT NULL, amount_count BIGINT NOT NULL,
  first_event TIMESTAMPTZ NOT NULL, last_event TIMESTAMPTZ NOT NULL, PRIMARY KEY (event_date, event_type))`;

const BATCH = `
SELECT CAST("timestamp" AT TIME ZONE 'UTC' AS DATE) AS event_date, event_type, count(*) AS event_count,
  CAST(coalesce(sum(amount), 0) AS NUMERIC(38, 2)) AS total_amount, count(amount) AS amount_count,
  min("timestamp") AS first_event, max("timestamp") AS last_event
FROM events GROUP BY 1, 2`;

/** Writes the project and returns the path of its configuration. */
export function writeProject(folder, { brokers, topic, group, url, maxEvents }) {
  mkdirSync(join(folder, 'sql'), { recursive: true });
  writeFileSync(join(folder, 'sql', 'daily_metrics.batch.sql'), BATCH);
  writeFileSync(join(folder, 'sql', 'daily_metrics.stream.sql'), UPSERT);
  writeFileSync(join(folder, 'sql', 'daily_metrics.setup.sql'), SETUP);
  const file = join(folder, 'cutover.yaml');
  writeFileSync(
    file,
    `version: 1
store: { kind: postgres, url: ${JSON.stringify(url)} }
log:
  kind: kafka
  brokers: ${JSON.stringify(brokers)}
  topics: [${JSON.stringify(topic)}]
  group: ${group}
  schema: { event_id: text, user_id: text, event_type: text, amount: "decimal(18,2)", timestamp: timestamptz }
  metadata: []
  event_time: timestamp
ingest: { max_events: ${maxEvents} }
pipelines:
  daily_metrics:
    key: [event_date, event_type]
    batch: { sql: sql/daily_metrics.batch.sql, every: 15m }
    stream: { sql: sql/daily_metrics.stream.sql, setup: sql/daily_metrics.setup.sql }
`,
  );
  return file;
}
