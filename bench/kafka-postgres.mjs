/**
 * Kafka -> PostgreSQL, landing and a stream job, against a hand-written loop over the same topic: kafkajs, COPY, one upsert and the offsets in
 * one transaction for each micro-batch of the same size. Both begin with a connection and end with the last commit; the batch job is not part of it.
 * Run: npm run build && node bench/kafka-postgres.mjs [records] [rounds] (KAFKA_BROKERS and DATABASE_URL where set, else servers of its own)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { withProject } from '../dist/app/open.js';
import { startRun } from '../dist/app/run.js';
import { drain } from '../dist/shadow/runner.js';
import { SETUP, UPSERT, writeProject } from './events-project.mjs';
import { contextFor } from './flights-project.mjs';
import { client, deleteTopic, fill, newTopic, withBrokers } from './kafka-server.mjs';
import { median, withDatabase } from './postgres-server.mjs';

const SIZE = 10_000;

async function cutover({ brokers, topic, group, url }) {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-bench-'));
  try {
    const ctx = contextFor(writeProject(folder, { brokers, topic, group, url, maxEvents: SIZE }));
    const started = performance.now();
    return await withProject(ctx, async (open) => {
      const parts = await startRun(ctx, open, { limit: 100 }, new Map(), true);
      await drain(parts);
      return { seconds: (performance.now() - started) / 1000, events: parts.ingest.counts.events };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const quoted = (text) => (text === null || text === undefined ? '' : `"${String(text).replaceAll('"', '""')}"`);

async function byHand({ brokers, topic, group, url, records }) {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  await db.query(`CREATE SCHEMA hand; SET search_path TO hand; SET TimeZone = 'UTC';
    CREATE TABLE landing (event_id TEXT, user_id TEXT, event_type TEXT, amount NUMERIC(18, 2), "timestamp" TIMESTAMPTZ,
      _partition INTEGER NOT NULL, _offset BIGINT NOT NULL, _event_time TIMESTAMPTZ, _ingested_at TIMESTAMPTZ NOT NULL);
    CREATE INDEX ON landing USING brin (_ingested_at, _partition, _offset) WITH (pages_per_range = 32);
    CREATE TABLE offsets (partition INTEGER PRIMARY KEY, next_offset BIGINT NOT NULL);
    ${SETUP};
    CREATE TEMPORARY TABLE batch_events (LIKE landing)`);
  const started = performance.now();
  const consumer = client(brokers).consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let done = 0;
  let lines = [];
  let next = new Map();
  const commit = async () => {
    await db.query('BEGIN; TRUNCATE batch_events');
    const copy = db.query(copyFrom('COPY batch_events FROM STDIN (FORMAT csv)'));
    copy.end(lines.join(''));
    await once(copy, 'finish');
    await db.query('INSERT INTO landing SELECT * FROM batch_events');
    await db.query(UPSERT);
    const offsets = [...next].map(([partition, offset]) => `(${partition}, ${offset})`).join(', ');
    await db.query(
      `INSERT INTO offsets VALUES ${offsets} ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset; COMMIT`,
    );
    done += lines.length;
    lines = [];
    next = new Map();
  };
  await new Promise((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          try {
            const now = new Date().toISOString();
            for (const { value, offset } of batch.messages) {
              const e = JSON.parse(value.toString());
              lines.push(
                `${quoted(e.event_id)},${quoted(e.user_id)},${quoted(e.event_type)},${quoted(e.amount)},${quoted(e.timestamp)},${batch.partition},${offset},${quoted(e.timestamp)},${now}\n`,
              );
              next.set(batch.partition, Number(offset) + 1);
              if (lines.length === SIZE || done + lines.length === records) await commit();
            }
            if (done === records) resolve();
          } catch (error) {
            reject(error);
          }
        },
      })
      .catch(reject);
  });
  const seconds = (performance.now() - started) / 1000;
  await consumer.disconnect();
  await db.end();
  return { seconds, events: done };
}

/** In a process of its own, as both would run. */
async function measured(mode, options) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), mode, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${mode} ended with ${code}`);
  const result = JSON.parse(text);
  if (result.events !== options.records) throw new Error(`${mode} took ${result.events} of ${options.records} records`);
  return result.seconds;
}

async function check(url) {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  const { rows } = await db.query(`
    SELECT (SELECT count(*) FROM (SELECT event_date, event_type, event_count, total_amount, first_event, last_event FROM cutover_stream.daily_metrics
              EXCEPT ALL SELECT event_date, event_type, event_count, total_amount, first_event, last_event FROM hand.daily_metrics) t) AS differ,
           (SELECT count(*) FROM cutover_stream.daily_metrics) AS keys, (SELECT count(*) FROM cutover.landing) - (SELECT count(*) FROM hand.landing) AS landed`);
  await db.end();
  if (rows[0].differ !== '0' || rows[0].landed !== '0')
    throw new Error(`the tables differ: ${JSON.stringify(rows[0])}`);
}

async function main(records, rounds) {
  await withBrokers(async (brokers) => {
    const topic = await newTopic(brokers);
    const ratios = [];
    try {
      await fill(brokers, topic, 0, records);
      for (let round = 1; round <= rounds; round += 1) {
        await withDatabase(async (url) => {
          const options = { brokers, topic, url, records };
          const hand = await measured('by-hand', { ...options, group: `hand-${process.pid}-${round}` });
          const own = await measured('cutover', { ...options, group: `cutover-${process.pid}-${round}` });
          await check(url);
          ratios.push(hand / own);
          const rate = (seconds) => `${seconds.toFixed(2)} s (${(records / seconds / 1000).toFixed(1)}k records/s)`;
          console.log(
            `round ${round}: cutover ${rate(own)}, by hand ${rate(hand)}, speed ${(hand / own).toFixed(2)} x`,
          );
        });
      }
    } finally {
      await deleteTopic(brokers, topic);
    }
    console.log(`speed of cutover / by hand: ${median(ratios).toFixed(2)} x (target >= 0.70)`);
  });
}

const [mode, options] = process.argv.slice(2);
if (mode === 'cutover' || mode === 'by-hand') {
  const result = await (mode === 'cutover' ? cutover : byHand)(JSON.parse(options));
  process.stdout.write(JSON.stringify(result));
} else await main(Number(mode ?? 500_000), Number(options ?? 3));
