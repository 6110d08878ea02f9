import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN } from '../crash/world.js';
import { createDatabase } from '../parts/postgres.js';
import { StoreWorld } from './store-world.js';

/** Amounts add up exactly; keys come again and again. */
export function eventsOf(count: number, from = 0): object[] {
  return Array.from({ length: count }, (_, n) => {
    const id = from + n;
    return { id, k: `k${(id * 7) % 23}`, amount: `${id % 13}.${String(id % 100).padStart(2, '0')}` };
  });
}

const BATCH =
  'SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total, max(id) AS last FROM events GROUP BY k';
const STREAM = `INSERT INTO totals AS t (k, n, total, last)
SELECT k, count(*), sum(amount), max(id) FROM batch_events GROUP BY k
ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, last = greatest(t.last, excluded.last);`;
/** Reads another pipeline, each on its own side. */
const TOP_BATCH =
  'SELECT n % 5 AS rest, count(*) AS keys, CAST(sum(total) AS DECIMAL(38,2)) AS total FROM totals GROUP BY 1';
const TOP_STREAM = `DELETE FROM rests; INSERT INTO rests (rest, keys, total)
SELECT n % 5, count(*), sum(total) FROM totals GROUP BY 1;`;

export interface WorldOptions {
  readonly every?: string;
  readonly maxEvents?: number;
  /** Added to each job's statement, for example to make it slow. */
  readonly batchWhere?: string;
  readonly streamSuffix?: string;
}

/**
 * A project on a shared store: two pipelines, one of which reads the other, over a log of files. What runs on it, and with which faults, is the test's;
 * afterwards `broken` says what is wrong and `tables` is to be held against those of a run without faults.
 */
export class SharedWorld extends StoreWorld {
  #written = 0;

  private constructor(database: string) {
    super(database);
    mkdirSync(join(this.root, 'data'));
  }

  /** @param server a URL of a server; a fresh database on it is the store */
  static async make(server: string, options: WorldOptions = {}): Promise<SharedWorld> {
    const world = new SharedWorld(await createDatabase(server));
    world.configure(options);
    return world;
  }

  configure({ every = '100ms', maxEvents = 50, batchWhere = '', streamSuffix = '' }: WorldOptions): void {
    const pipeline = (key: string, batch: string, stream: string, more: object = {}): object => ({
      key: [key],
      batch: { sql: `SELECT * FROM (${batch}) AS j ${batchWhere}`, every },
      stream: { sql: `${stream}\n${streamSuffix}` },
      gate: { consecutive_passes: 1, max_age: '1h' },
      ...more,
    });
    writeFileSync(
      this.config,
      JSON.stringify({
        version: 1,
        store: { kind: 'postgres', url: '${STORE_URL}' },
        log: { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', amount: 'decimal(18,2)' } },
        ingest: { max_events: maxEvents, max_wait: '20ms' },
        pipelines: {
          totals: pipeline('k', BATCH, STREAM),
          rests: pipeline('rest', TOP_BATCH, TOP_STREAM, { after: ['totals'] }),
        },
      }),
    );
  }

  /** More events at the end of a file. */
  produce(count: number, file = 'a.ndjson'): void {
    const lines = eventsOf(count, this.#written).map((event) => `${JSON.stringify(event)}\n`);
    this.#written += count;
    appendFileSync(join(this.root, 'data', file), lines.join(''));
  }

  get events(): number {
    return this.#written;
  }

  /** Waits until everything produced has landed and was compared, by whoever runs. */
  async settled(ms = 150_000): Promise<void> {
    await this.until(async () => (await this.landed()) === this.events, 'all events have landed', ms);
    // A cycle that began before the last of them landed may end after it: the comparisons must have that very cut.
    await this.until(
      async () => (await this.comparedAt(this.events)) === 2,
      'both pipelines were compared at the cut of all events',
      ms,
    );
  }

  /** What must hold whatever happened; returns what does not. */
  async broken(): Promise<string[]> {
    const wrong: string[] = [];
    const none = async (what: string, sql: string): Promise<void> => {
      wrong.push(...(await this.none(what, sql)));
    };
    await none(
      'offsets landed more than once',
      'SELECT _partition, _offset FROM cutover.landing GROUP BY 1, 2 HAVING count(*) > 1',
    );
    await none('events landed more than once', 'SELECT id FROM cutover.landing GROUP BY 1 HAVING count(*) > 1');
    await none(
      'partitions whose events are not those below their offset',
      `SELECT * FROM (SELECT _partition AS p, count(*) AS n, max(_offset) + 1 AS top FROM cutover.landing GROUP BY 1) a
       FULL JOIN cutover.offsets s ON a.p = s.partition WHERE n IS DISTINCT FROM next_offset OR top IS DISTINCT FROM next_offset`,
    );
    await none(
      'comparisons that do not pass',
      `SELECT id, pipeline, verdict, result_json::json ->> 'reasons' AS reasons FROM cutover.comparisons
       WHERE verdict <> 'pass' AND NOT (verdict = 'inconclusive' AND NOT EXISTS (SELECT FROM json_each(cut_json::json)))`,
    );
    await none('discrepancies', 'SELECT * FROM cutover.discrepancies');
    await none('quarantined', 'SELECT * FROM cutover.quarantine');
    return wrong;
  }

  /** Both sides' tables, the landing and the offsets. */
  async tables(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const side of ['batch', 'stream']) {
      for (const table of ['totals', 'rests'])
        found[`${side} ${table}`] = await this.ask(`SELECT * FROM cutover_${side}.${table} ORDER BY 1`);
    }
    found['landing'] = await this.ask(
      // A partition's number tells in which order files were found.
      'SELECT l.id, l.k, l.amount, o.name, l._offset FROM cutover.landing l JOIN cutover.offsets o ON o.partition = l._partition ORDER BY l.id',
    );
    found['offsets'] = await this.ask('SELECT name, next_offset FROM cutover.offsets ORDER BY 1');
    return found;
  }

  /** What a run without faults makes of the same events in a database of its own. */
  async expected(server: string): Promise<Record<string, unknown>> {
    const calm = new SharedWorld(await createDatabase(server));
    try {
      const { code, stderr } = await calm.started([BIN, 'run', '--once', '--config', this.config], calm.database).ended;
      if (code !== 0) throw new Error(`the run without faults ended with ${String(code)}: ${stderr}`);
      const wrong = await calm.broken();
      if (wrong.length > 0) throw new Error(`the run without faults: ${wrong.join('; ')}`);
      return await calm.tables();
    } finally {
      await calm.remove();
    }
  }
}
