import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { stopped, type Started } from '../crash/world.js';
import { createDatabase } from '../parts/postgres.js';
import { StoreWorld } from '../postgres/store-world.js';
import { Feed, PARTITIONS } from './e2e-feed.js';
import { endsOf, readTopic, tablesOf } from './e2e-verifier.js';
import { createTopic } from './topics.js';

/** Of each id the first to arrive. */
const firstOf = (events: string): string => `SELECT event_id, user_id, amount, seq, _partition, _offset
FROM (SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY _ingested_at, _partition, _offset) AS nth
      FROM ${events} WHERE event_id IS NOT NULL) AS numbered
WHERE nth = 1`;
const FIRST_SETUP = `CREATE TABLE first_events (event_id TEXT PRIMARY KEY, user_id TEXT, amount NUMERIC(18,2), seq BIGINT,
  _partition INTEGER NOT NULL, _offset BIGINT NOT NULL);
CREATE INDEX first_events_place ON first_events (_partition, _offset);`;
const FIRST_STREAM = `INSERT INTO first_events (event_id, user_id, amount, seq, _partition, _offset)
${firstOf('batch_events')}
ON CONFLICT (event_id) DO NOTHING;`;
/** Reads the other pipeline, each on its own side. What is new there stands at the offsets of the micro-batch. */
const TOTALS_BATCH = `SELECT user_id, count(*) AS events, CAST(sum(amount) AS NUMERIC(38,2)) AS total, max(seq) AS newest
FROM first_events GROUP BY user_id`;
const TOTALS_STREAM = `INSERT INTO user_totals AS t (user_id, events, total, newest)
SELECT user_id, count(*), sum(f.amount), max(f.seq) FROM first_events AS f JOIN batch_events AS b USING (_partition, _offset, user_id)
GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET events = t.events + excluded.events, total = t.total + excluded.total, newest = greatest(t.newest, excluded.newest);`;

export interface KafkaWorldOptions {
  readonly brokers: readonly string[];
  /** A URL of a PostgreSQL server; a fresh database on it is the store. */
  readonly server: string;
  readonly every?: string;
  readonly maxEvents?: number;
  /** Added to the last stream job, for example to make it slow. */
  readonly streamSuffix?: string;
}

/**
 * A topic, a store and a project of two pipelines, one of which reads the other. What runs on it, and with which faults, is the test's; at the end `sound`
 * holds the store against what an independent consumer reads from the topic.
 */
export class KafkaWorld extends StoreWorld {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly feed: Feed;

  private constructor(database: string, brokers: readonly string[], topic: string, feed: Feed) {
    super(database);
    this.brokers = brokers;
    this.topic = topic;
    this.feed = feed;
  }

  static async make(options: KafkaWorldOptions): Promise<KafkaWorld> {
    const { brokers, server } = options;
    const topic = await createTopic(brokers, PARTITIONS);
    const feed = await Feed.to(brokers, topic);
    const world = new KafkaWorld(await createDatabase(server), brokers, topic, feed);
    world.#configure(options);
    return world;
  }

  #configure({ every = '1ms', maxEvents = 100, streamSuffix = '' }: KafkaWorldOptions): void {
    const pipeline = (key: string, batch: string, stream: object, more: object = {}): object => ({
      key: [key],
      batch: { sql: batch, every },
      stream,
      ...more,
    });
    writeFileSync(
      this.config,
      JSON.stringify({
        version: 1,
        store: { kind: 'postgres', url: '${STORE_URL}' },
        log: {
          kind: 'kafka',
          brokers: this.brokers,
          topics: [this.topic],
          group: this.topic,
          schema: { event_id: 'text', user_id: 'text', amount: 'decimal(18,2)', seq: 'bigint' },
          session_timeout: '6s',
        },
        ingest: { max_events: maxEvents, max_wait: '20ms', max_quarantined: 1_000_000 },
        pipelines: {
          first_events: pipeline('event_id', firstOf('events'), { setup: FIRST_SETUP, sql: FIRST_STREAM }),
          user_totals: pipeline(
            'user_id',
            TOTALS_BATCH,
            { sql: `${TOTALS_STREAM}\n${streamSuffix}` },
            { after: ['first_events'] },
          ),
        },
      }),
    );
  }

  /** Waits until so many more records are in the store than now. */
  async progress(more: number, ms = 60_000): Promise<void> {
    const before = await this.landed();
    await this.until(async () => (await this.landed()) >= before + more, `${more} more records are in the store`, ms);
  }

  /** Waits until each partition has moved on, by whoever reads it now. */
  async advanced(ms = 60_000): Promise<void> {
    const offsets = async (): Promise<number[]> =>
      (await this.ask<{ at: string }>('SELECT next_offset AS at FROM cutover.offsets ORDER BY partition')).map(
        ({ at }) => Number(at),
      );
    const before = await offsets();
    const after = async (): Promise<boolean> => (await offsets()).every((at, n) => at > (before[n] ?? 0));
    await this.until(after, 'each partition has moved on', ms);
  }

  /** Ends the feed, and waits until all of it is in the store and was compared, by whoever runs. */
  async settled(ms = 60_000): Promise<void> {
    await this.feed.finish();
    const ends = await endsOf(this.brokers, this.topic);
    const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
    const stored = async (): Promise<number> =>
      Number((await this.ask<{ n: string }>('SELECT sum(next_offset) AS n FROM cutover.offsets'))[0]?.n);
    await this.until(async () => (await stored()) === total, 'the store is at the end of the topic', ms);
    await this.until(async () => (await this.comparedAt(total)) === 2, 'both pipelines were compared there', ms);
  }

  /** Holds the store against the topic: every record once, the tables of both sides as they follow from the records, no comparison that differs. */
  async sound(): Promise<{ readonly records: number }> {
    const ends = await endsOf(this.brokers, this.topic);
    const records = await readTopic(this.brokers, this.topic, ends);
    const stored = await this.ask<{ name: string; at: string; value: string | null; misfit: boolean }>(
      `SELECT o.name, l._offset AS at, l._value AS value, false AS misfit
       FROM cutover.landing l JOIN cutover.offsets o ON o.partition = l._partition
       UNION ALL SELECT o.name, q."offset", q.raw, true FROM cutover.quarantine q JOIN cutover.offsets o USING (partition)`,
    );
    const place = (name: string, offset: number | string, value: string | null): string =>
      `${name} ${offset} ${value ?? 'NULL'}`;
    const inTopic = records.map(({ partition, offset, value }) => place(`${this.topic}/${partition}`, offset, value));
    // Together, for a difference of thousands of lines says nothing.
    expect(
      differing(
        stored.map(({ name, at, value }) => place(name, at, value)),
        inTopic,
      ),
    ).toEqual([]);
    expect(stored.filter(({ misfit }) => misfit).every(({ value }) => value === 'this is no JSON')).toBe(true);
    for (const [table, rows] of Object.entries(tablesOf(records))) {
      for (const side of ['batch', 'stream']) {
        const columns = table === 'first_events' ? 'event_id, user_id, amount, seq' : 'user_id, events, total, newest';
        const found = await this.ask<{ t: string }>(
          `SELECT concat_ws(' ', ${columns}) AS t FROM cutover_${side}.${table}`,
        );
        expect([
          side,
          table,
          ...differing(
            found.map(({ t }) => t),
            rows,
          ),
        ]).toEqual([side, table]);
      }
    }
    expect(await this.#falsehoods()).toEqual([]);
    return { records: records.length };
  }

  /** What no comparison may say, for the jobs agree at every cut. */
  async #falsehoods(): Promise<string[]> {
    const count = (name: string): string => `CAST(result_json::json ->> '${name}' AS BIGINT)`;
    const kinds = ['missing_in_stream', 'missing_in_batch', 'value_mismatch', 'duplicate_key', 'null_key', 'tolerated'];
    return [
      ...(await this.none('discrepancies', 'SELECT * FROM cutover.discrepancies')),
      ...(await this.none(
        'comparisons that differ',
        `SELECT id, pipeline, result_json FROM cutover.comparisons WHERE ${kinds.map(count).join(' + ')} > 0`,
      )),
      ...(await this.none(
        'comparisons that do not pass',
        // Nothing is in the tables before the first micro-batch.
        `SELECT id, pipeline, verdict, cut_json, result_json::json ->> 'reasons' AS reasons FROM cutover.comparisons
         WHERE verdict <> 'pass' AND NOT (verdict = 'inconclusive' AND keys_compared = 0)`,
      )),
    ];
  }

  override async remove(): Promise<void> {
    await this.feed.close();
    await super.remove();
  }
}

/** The first texts that one list has and the other has not, each as often as it stands there. */
function differing(found: readonly string[], expected: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of expected) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const text of found) counts.set(text, (counts.get(text) ?? 0) - 1);
  return [...counts]
    .filter(([, n]) => n !== 0)
    .map(([text, n]) => `${n > 0 ? 'missing' : 'too many'}: ${text}`)
    .slice(0, 10);
}

/** Stops runs as users do; each must end in time and say nothing of an error. Returns what they wrote to standard error. */
export async function stoppedWell(...runs: readonly Started[]): Promise<string[]> {
  const said: string[] = [];
  for (const run of runs) {
    const { code, signal, stderr } = await stopped(run);
    expect({ code, signal, errors: stderr.match(/error\[.*/) }).toEqual({ code: 0, signal: null, errors: null });
    said.push(stderr);
  }
  return said;
}
