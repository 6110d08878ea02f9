import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRun } from '../../src/app/run.js';
import { withProject } from '../../src/app/open.js';
import { systemClock } from '../../src/cli/clock.js';
import { discrepancyCount, type Comparison } from '../../src/model/comparison.js';
import { runUntilStopped } from '../../src/shadow/runner.js';
import { bothExternal, WINDOW_MS, withWriters, type Lags, type Writers } from './external-world.js';
import { events, SCHEMA, testProjects, totals, type ConfigInput, type TestProject } from './project.js';

const newProject = testProjects();

const SECONDS = Number(process.env['CUTOVER_LOAD_SECONDS'] ?? 4);

const LAGS: Readonly<Record<'batch' | 'stream', Lags>> = {
  batch: { lag: 60, most: 40 },
  stream: { lag: 5, most: 7 },
};

interface Manner {
  readonly align: (side: 'batch' | 'stream') => object;
  readonly keys: number;
  /** Between bursts of events. */
  readonly pause: number;
  readonly windowed: boolean;
  /** Events that a side may be behind. */
  readonly backlog?: number;
  readonly lags?: typeof LAGS;
  /** What the log of these jobs does where cutover watches it. */
  readonly watched?: boolean;
}

const watermark = (side: string): object => ({ watermark: { sql: `SELECT reached FROM ext.${side}_watermark` } });

const MANNERS: Readonly<Record<string, Manner>> = {
  progress: {
    align: (side) => ({
      progress: { table: `ext.${side}_progress`, partition: 'part', offset: 'upto', wait: '2s' },
    }),
    keys: 30,
    pause: 250,
    windowed: false,
  },
  quiescent: {
    align: () => ({ quiescent: { settle: '150ms', wait: '3s' } }),
    keys: 30,
    pause: 700,
    windowed: false,
    watched: true,
  },
  window: {
    align: (side) => ({ window: { column: 'w', size: `${WINDOW_MS}ms`, ...watermark(side) } }),
    keys: 30,
    pause: 0,
    windowed: true,
  },
  // A fixed delay holds only while no writer lags for longer: a busy machine makes them.
  settle: { align: () => ({ settle: { delay: '2500ms', rounds: 3 } }), keys: 2000, pause: 0, windowed: false },
  'settle by the measured lag': {
    align: (side) => ({ settle: { delay: '50ms', rounds: 6, ...watermark(side) } }),
    keys: 2000,
    pause: 0,
    windowed: false,
    // It lags by more than the delay.
    lags: { batch: { lag: 400, most: 40 }, stream: { lag: 5, most: 40 } },
    backlog: 1000,
  },
};

function projectOf({ align, watched }: Manner): TestProject {
  const log = watched === true ? { log: { path: 'data/*.ndjson', schema: SCHEMA } } : { log: undefined };
  const one = newProject({ ...bothExternal(align), ...log } as unknown as ConfigInput);
  one.ndjson('a.ndjson', []);
  return one;
}

/** Runs comparisons while events come; `plant` changes a side behind the jobs' back first. */
async function underLoad(
  manner: Manner,
  plant: string | null,
): Promise<{ made: Comparison[]; events: number; after: Comparison }> {
  const one = projectOf(manner);
  return withWriters(one, manner.backlog ?? 200, async (writers: Writers, compare, open) => {
    writers.start(manner.lags ?? LAGS, manner.windowed);
    let over = false;
    const seen = { events: 0 };
    const producing = writers.produce(
      () => {
        // What cutover knows of the log: it grows with the events.
        if (manner.watched === true && writers.events.length > seen.events) {
          seen.events = writers.events.length;
          appendFileSync(join(one.root, 'data', 'a.ndjson'), '{"id":1}\n');
        }
        return over;
      },
      manner.keys,
      manner.pause,
    );
    try {
      while (writers.events.length < 300) await new Promise((resolve) => setTimeout(resolve, 10));
      if (plant !== null) await open.session.script(plant);
      const made: Comparison[] = [];
      for (const end = Date.now() + SECONDS * 1000; Date.now() < end || made.length < 3;) made.push(await compare());
      over = true;
      await producing;
      await writers.caughtUp();
      return { made, events: writers.events.length, after: await compare() };
    } finally {
      over = true;
      await producing.catch(() => undefined);
      await writers.stop();
    }
  });
}

const BATCH = `SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY k`;

const ODD = `'1999-01-01T00:00:00Z'`;

describe.each(Object.entries(MANNERS))('two writers that lag differently, aligned by %s', (_, manner) => {
  it('make not one discrepancy', { timeout: (SECONDS + 60) * 1000 }, async () => {
    const { made, events, after } = await underLoad(manner, null);
    for (const comparison of made) expect([comparison.verdict, discrepancyCount(comparison)]).not.toContain('fail');
    expect(made.reduce((sum, one) => sum + discrepancyCount(one), 0)).toBe(0);
    expect(events).toBeGreaterThan(300);
    // Something was compared while events came, not only at the end.
    expect(made.filter(({ keys_compared: keys }) => keys > 0).length).toBeGreaterThan(0);
    expect(after).toMatchObject({ verdict: 'pass', in_flux: 0 });
    expect(after.keys_compared).toBeGreaterThan(0);
  });

  it('do not hide what differs for good', { timeout: (SECONDS + 60) * 1000 }, async () => {
    const { made, after } = await underLoad(
      manner,
      `INSERT INTO ext.batch VALUES ('only batch', ${ODD}, 1, 1), ('both', ${ODD}, 1, 1);
       INSERT INTO ext.stream VALUES ('only stream', ${ODD}, 1, 1), ('both', ${ODD}, 1, 2)`,
    );
    const planted = { missing_in_stream: 1, missing_in_batch: 1, value_mismatch: 1, duplicate_key: 0, null_key: 0 };
    const compared = made.filter(({ keys_compared: keys }) => keys > 0);
    // Never anything else, never an agreement, and found while events come.
    for (const comparison of compared) {
      expect(comparison.verdict).not.toBe('pass');
      if (comparison.verdict === 'fail') expect(comparison).toMatchObject(planted);
      else expect(discrepancyCount(comparison)).toBe(0);
    }
    expect(compared.map(({ verdict }) => verdict)).toContain('fail');
    expect(after).toMatchObject({ verdict: 'fail', in_flux: 0, ...planted });
  });
});

describe('an external stream that names its progress, beside a running ingest', () => {
  it(
    'is compared at exactly its offsets, however far cutover has read',
    { timeout: (SECONDS + 60) * 1000 },
    async () => {
      const external = { table: 'ext.totals', align: { progress: { table: 'ext.progress', wait: '5s' } } };
      const one = newProject(
        { pipelines: totals({ stream: { external }, batch: { sql: BATCH, every: '1ms' } }) },
        systemClock,
      );
      one.ndjson('a.ndjson', events(50));
      const stop = new AbortController();
      const ctx = one.context({ signal: stop.signal });
      const made: Comparison[] = [];
      await withProject(ctx, async (open) => {
        await open.session
          .script(`CREATE SCHEMA ext; CREATE TABLE ext.totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2));
        CREATE TABLE ext.progress AS SELECT 'data/a.ndjson' AS partition, 0 AS next_offset`);
        const writer = await open.store.session();
        let applied = 0;
        let written = 50;
        const apply = async (): Promise<void> => {
          const due = events(Math.min(written - applied, 1 + (applied % 17)), applied);
          const values = due.map(({ k, amount }) => `('${k}', CAST('${amount}' AS DECIMAL(18,2)))`).join(', ');
          await writer.transaction(async () => {
            await writer.run(`INSERT INTO ext.totals AS t SELECT k, count(*), sum(amount) FROM (VALUES ${values}) v (k, amount) GROUP BY k
            ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total`);
            await writer.run(`UPDATE ext.progress SET next_offset = ${applied + due.length}`);
          });
          applied += due.length;
        };
        const parts = await startRun(
          ctx,
          open,
          { limit: 10, onComparison: (found) => void made.push(found) },
          new Map(),
          false,
        );
        const running = runUntilStopped(parts);
        try {
          for (const end = Date.now() + SECONDS * 1000; Date.now() < end || made.length < 5;) {
            one.append('a.ndjson', events(6, written));
            written += 6;
            if (applied < written) await apply();
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        } finally {
          stop.abort();
          await running;
        }
      });
      const compared = made.filter(({ keys_compared: keys }) => keys > 0);
      expect(made.reduce((sum, comparison) => sum + discrepancyCount(comparison), 0)).toBe(0);
      expect(new Set(made.map(({ verdict }) => verdict))).not.toContain('error');
      // At many cuts, which are the stream's.
      expect(new Set(compared.map(({ cut }) => cut['0'])).size).toBeGreaterThan(3);
      expect(compared.every(({ verdict, alignment }) => verdict === 'pass' && alignment.exact)).toBe(true);
    },
  );
});
