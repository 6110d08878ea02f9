import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { applyAction } from '../../src/app/canary.js';
import { withProject, type OpenProject } from '../../src/app/open.js';
import { retryQuarantine } from '../../src/app/quarantine.js';
import { rebuild } from '../../src/app/rebuild.js';
import { startRun } from '../../src/app/run.js';
import { routingOf, stateOf } from '../../src/app/served.js';
import { createRouter } from '../../src/canary/router.js';
import type { Point } from '../../src/shadow/environment.js';
import { cycleOnce, drain, type RunnerParts } from '../../src/shadow/runner.js';
import type { SqlSession } from '../../src/store/contract.js';
import { failure, perStore, testProjects, type TestProject } from './project.js';

interface Hit {
  readonly id: number;
  readonly k: string;
  readonly ts: string;
}

/** Hours come in order, and then again: two late events touch windows that had closed. */
const HITS: readonly Hit[] = [
  ['10:05', 'a'],
  ['10:50', 'b'],
  ['11:10', 'a'],
  ['10:59', 'a'],
  ['12:00', 'b'],
  ['12:30', 'a'],
  ['10:01', 'b'],
  ['13:15', 'a'],
].map(([time = '', k = ''], id) => ({ id, k, ts: `2026-03-01 ${time}:00` }));

const hourOf = ({ ts }: Hit): string => `${ts.slice(0, 13)}:00:00`;

const LOG = { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', ts: 'timestamp' } };
const BATCH = `SELECT date_trunc('hour', ts) AS hour, k, count(*) AS n, 'batch' AS side FROM events GROUP BY 1, 2`;
const STREAM = `INSERT INTO hits AS t SELECT date_trunc('hour', ts), k, count(*), 'stream' FROM batch_events GROUP BY 1, 2
  ON CONFLICT (hour, k) DO UPDATE SET n = t.n + excluded.n`;
const WINDOW = { window: 'hour', from: `date_trunc('hour', ts)` };

/** Hits by hour and key; each side's rows say whose they are. */
function hits(batch: object = {}, parts: object = {}): Record<string, object> {
  return {
    hits: {
      key: ['hour', 'k'],
      batch: { sql: BATCH, ...batch },
      stream: { sql: STREAM },
      compare: { columns: { side: { ignore: true, because: 'each side says whose it is' } } },
      serve: { merge: WINDOW },
      gate: { consecutive_passes: 1, max_age: '1h' },
      canary: { steps: [50, 100], dwell: { cycles: 0 }, approve: [] },
      ...parts,
    },
  };
}

const newProject = testProjects();

function project(pipelines = hits()): TestProject {
  const made = newProject({ log: LOG, ingest: { max_events: 1 }, pipelines });
  made.ndjson('a.ndjson', []);
  return made;
}

/** A run whose micro-batches and cycles come when the test says so. */
class Played {
  readonly landed: Hit[] = [];
  /** How many had landed at the cut of the batch side; null: there is none. */
  cut: number | null = null;
  /** Those of the last cycle's comparisons. */
  notes: readonly string[] = [];
  /** Called in the next cycle, at the point that it names. */
  meanwhile: { readonly at: Point; readonly run: () => Promise<void> } | null = null;

  #reader: SqlSession | undefined;

  constructor(
    readonly one: TestProject,
    readonly open: OpenProject,
    readonly parts: RunnerParts,
  ) {}

  async land(hit: Hit, file = `${hit.id % 2 === 0 ? 'a' : 'b'}.ndjson`): Promise<void> {
    this.one.append(file, [hit]);
    await drain(this.parts);
    this.landed.push(hit);
  }

  async cycle(): Promise<string[]> {
    const cut = this.landed.length;
    const made = await cycleOnce(this.parts, this.open.project.pipelines, false);
    this.cut = cut;
    this.notes = made.flatMap(({ notes }) => notes);
    return made.map(({ verdict }) => verdict);
  }

  /** What readers see: a line for each row. */
  async served(): Promise<string[]> {
    this.#reader ??= await this.open.store.session();
    const rows = await this.#reader.query('SELECT CAST(hour AS VARCHAR) AS hour, k, n, side FROM main.hits');
    return rows
      .map((row) => `${String(row['hour'])} ${String(row['k'])} ${String(row['n'])} ${String(row['side'])}`)
      .sort();
  }

  /** What they must see: the truth of all that landed, each window from the side that the rule names. */
  expected(onStream: (hit: Hit) => boolean = () => false): string[] {
    const touched = new Set(this.cut === null ? this.landed.map(hourOf) : this.landed.slice(this.cut).map(hourOf));
    const counts = new Map<string, { hit: Hit; n: number }>();
    for (const hit of this.landed) {
      const key = `${hourOf(hit)} ${hit.k}`;
      counts.set(key, { hit, n: (counts.get(key)?.n ?? 0) + 1 });
    }
    return [...counts]
      .map(([key, { hit, n }]) => `${key} ${n} ${touched.has(hourOf(hit)) || onStream(hit) ? 'stream' : 'batch'}`)
      .sort();
  }
}

function played<T>(one: TestProject, work: (play: Played) => Promise<T>): Promise<T> {
  let current: Played | undefined;
  const reached = async (point: Point): Promise<void> => {
    const waiting = current?.meanwhile ?? null;
    if (current === undefined || waiting?.at !== point) return;
    current.meanwhile = null;
    await waiting.run();
  };
  const ctx = one.context({ reached });
  return withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: 100 }, new Map(), false);
    current = new Played(one, open, parts);
    return work(current);
  });
}

const at = (n: number): Hit => {
  const hit = HITS[n];
  if (hit === undefined) throw new Error(`no event ${n}`);
  return hit;
};

/** Every cut of the log; another cycle comes two events later. */
const CUTS = Array.from({ length: HITS.length + 1 }, (_, cut) => cut);

describe.each([
  ['everything computed at each cut', {}],
  ['only the touched hours', { partition_by: { column: 'hour', from: `date_trunc('hour', ts)` } }],
  ['the stream side held by copy', { hold: 'copy' }],
])('merged rows, %s', (_, batch) => {
  it.each(CUTS)('are the truth after every event, with a cut after %i of them', async (cut) => {
    await played(project(hits(batch)), async (play) => {
      for (let n = 0; n <= HITS.length; n++) {
        if (n === cut || n === cut + 2) {
          expect(await play.cycle()).toEqual([n === 0 ? 'inconclusive' : 'pass']);
          expect(await play.served()).toEqual(play.expected());
          expect(play.notes.filter((note) => note.startsWith('serve.merge'))).toEqual([]);
        }
        if (n === HITS.length) break;
        await play.land(at(n));
        expect(await play.served()).toEqual(play.expected());
      }
    });
  });

  it.each<Point>(['cut taken', 'batch job done', 'batch side published', 'sides compared', 'comparison stored'])(
    'hold what lands while a cycle is at "%s"',
    async (point) => {
      await played(project(hits(batch)), async (play) => {
        for (const hit of HITS.slice(0, 3)) await play.land(hit);
        await play.cycle();
        await play.land(at(3));
        play.meanwhile = {
          at: point,
          run: async () => {
            // One into a window that the cycle is closing, one into a closed one.
            await play.land(at(6));
            await play.land(at(2));
          },
        };
        await play.cycle();
        expect(play.meanwhile).toBeNull();
        expect(play.landed).toHaveLength(6);
        play.cut = 4;
        expect(await play.served()).toEqual(play.expected());
        await play.cycle();
        expect(await play.served()).toEqual(play.expected());
        expect((await play.served()).every((row) => row.endsWith('batch'))).toBe(true);
      });
    },
  );
});

describe('merged rows under load', () => {
  it.each([
    ['everything computed', {}],
    ['only the touched hours', { partition_by: { column: 'hour', from: WINDOW.from } }],
  ])('are the truth in every snapshot, while events land and cycles run, %s', async (_, batch) => {
    await played(project(hits(batch)), async (play) => {
      let landing = true;
      const reader = await play.open.store.session();
      const reads: string[] = [];
      const read = async (): Promise<void> => {
        while (landing) {
          // One statement has one snapshot.
          const [row] = await reader.query(
            `SELECT (SELECT coalesce(sum(n), 0) FROM main.hits) AS served, (SELECT count(*) FROM cutover.landing) AS landed,
               (SELECT count(*) FROM (SELECT 1 AS twice FROM main.hits GROUP BY hour, k HAVING count(*) > 1) AS d) AS twice,
               (SELECT count(DISTINCT side) FROM main.hits) AS sides`,
          );
          reads.push([row?.['served'], row?.['landed'], row?.['twice'], row?.['sides']].map(String).join(' '));
        }
      };
      const cycle = async (): Promise<void> => {
        while (landing) await cycleOnce(play.parts, play.open.project.pipelines, false);
      };
      const land = async (): Promise<void> => {
        for (let id = 0; id < 40; id++) {
          const hour = String((id * 7) % 12).padStart(2, '0');
          await play.land({ id, k: `k${id % 3}`, ts: `2026-03-01 ${hour}:30:00` });
        }
      };
      const others = [read(), cycle()];
      await land().finally(() => (landing = false));
      await Promise.all(others);
      expect(reads.filter((line) => !/^(\d+) \1 0 [012]$/.test(line))).toEqual([]);
      // Else nothing of this was put to the test.
      expect(reads.some((line) => line.endsWith(' 2'))).toBe(true);
    });
  });
});

describe('the canary of a pipeline that merges', () => {
  it('moves keys to the stream and back, and the router agrees with the view at every share', async () => {
    await played(project(), async (play) => {
      const { one, open } = play;
      const pipeline = open.pipeline('hits');
      const session = await open.store.session();
      const state = async () =>
        routingOf(open.store, session, pipeline, await stateOf(session, pipeline, one.clock.now()));
      const side = (name: string) => async (key: readonly string[] | null) => {
        const [row] = await session.query(
          `SELECT n FROM cutover_${name}.hits WHERE hour = CAST($1 AS TIMESTAMP) AND k = $2`,
          [...(key ?? [])],
        );
        return Number(row?.['n'] ?? 0);
      };
      const router = createRouter({
        state,
        readBatch: side('batch'),
        readStream: side('stream'),
        clock: one.clock,
        refreshInterval: 0,
      });
      const sides = async (): Promise<string[]> => {
        const rows: string[] = [];
        for (const line of await play.served()) {
          const [day = '', time = '', k = '', n = '', from = ''] = line.split(' ');
          const read = await router.read([`${day} ${time}.000000`, k]);
          expect([String(read.value), read.side, read.fell_back], line).toEqual([n, from, false]);
          rows.push(from);
        }
        return rows;
      };
      for (const hit of HITS.slice(0, 6)) await play.land(hit);
      await play.cycle();
      await play.land(at(6));
      expect(await play.served()).toEqual(play.expected());
      expect(new Set(await sides())).toEqual(new Set(['batch', 'stream']));

      const bucketed = new Map<string, string>();
      for (const { action, share } of [
        { action: 'start', share: 500_000 },
        { action: 'advance', share: 1_000_000 },
        { action: 'rollback', share: 0 },
      ] as const) {
        expect(await applyAction(one.context(), open, pipeline, action, { actor: 'ada', reason: null })).toMatchObject({
          applied: true,
          state: { share_ppm: share, merge: { part: 0 } },
        });
        const { share_ppm: ppm } = await state();
        const moved = async (hit: Hit): Promise<boolean> =>
          ((await router.route([`${hourOf(hit)}.000000`, hit.k]))?.bucket ?? 0) < ppm;
        for (const hit of HITS) bucketed.set(`${hourOf(hit)} ${hit.k}`, (await moved(hit)) ? 'stream' : 'merge');
        const onStream = (hit: Hit): boolean => bucketed.get(`${hourOf(hit)} ${hit.k}`) === 'stream';
        expect(await play.served()).toEqual(play.expected(onStream));
        await sides();
      }
      await play.cycle();
      expect(await play.served()).toEqual(play.expected());
      expect(await router.route(null)).toMatchObject({ side: 'batch', reason: 'no key: reads batch, up to its cut' });
      expect(await router.route(['2026-03-01 10:00:00.000000', 'a'])).toMatchObject({
        side: 'batch',
        window: { value: '2026-03-01 10:00:00.000000', open: false },
      });
    });
  });
});

describe('windows that are not known one by one', () => {
  const unmerged = hits({}, { serve: undefined });

  it('are all read from the stream until the next cycle, where events landed without being noted', async () => {
    const one = project(unmerged);
    await played(one, async (play) => {
      for (const hit of HITS.slice(0, 4)) await play.land(hit);
      await play.cycle();
      await play.land(at(4));
      expect((await play.served()).every((row) => row.endsWith('batch'))).toBe(true);
    });
    const served = async (landed: number, cut: number | null): Promise<void> => {
      await played(one, async (play) => {
        play.landed.push(...HITS.slice(0, landed));
        play.cut = cut;
        expect(await play.served()).toEqual(play.expected());
      });
    };
    // Switched on late: which windows the events since the cut touched was not noted.
    one.configure({ log: LOG, ingest: { max_events: 1 }, pipelines: hits() });
    await served(5, null);
    await one.run();
    await served(5, 5);
    // Nothing was noted while it was switched off, though windows are told of before.
    one.append('a.ndjson', [at(5)]);
    one.configure({ log: LOG, ingest: { max_events: 1 }, pipelines: unmerged });
    await played(one, async (play) => drain(play.parts));
    one.configure({ log: LOG, ingest: { max_events: 1 }, pipelines: hits() });
    await served(6, null);
    await one.run();
    await served(6, 6);
  });

  it('are all read from the stream while another process lands events and notes nothing', async () => {
    const tracking = perStore({ duckdb: 'cutover_serving.merge_tracking', postgres: 'cutover.merge_tracking' });
    await played(project(), async (play) => {
      for (const hit of HITS.slice(0, 4)) await play.land(hit);
      await play.cycle();
      const session = await play.open.store.session();
      await session.run(`UPDATE ${tracking} SET tracked = tracked - 1, since = since - 1`);
      await session.close();
      // The embedded store has one process: it finds out when the next events land.
      expect(new Set((await play.served()).map((row) => row.split(' ').at(-1)))).toEqual(
        new Set([perStore({ duckdb: 'batch', postgres: 'stream' })]),
      );
      await play.land(at(4));
      play.cut = null;
      expect(await play.served()).toEqual(play.expected());
      await play.cycle();
      await play.land(at(5));
      expect(await play.served()).toEqual(play.expected());
    });
  });

  it('are made known by the next cycle even when nothing arrives', async () => {
    const one = project(unmerged);
    one.ndjson('a.ndjson', HITS);
    await one.run();
    one.configure({ log: LOG, ingest: { max_events: 1 }, pipelines: hits() });
    await one.run();
    await played(one, async (play) => {
      play.landed.push(...HITS);
      play.cut = HITS.length;
      expect(await play.served()).toEqual(play.expected());
    });
  });

  it('are all read from the stream after an event whose window no view could read back', async () => {
    const from = `CASE WHEN k = 'odd' THEN CAST('infinity' AS TIMESTAMP) ELSE date_trunc('hour', ts) END`;
    await played(project(hits({}, { serve: { merge: { window: 'hour', from } } })), async (play) => {
      for (const hit of HITS.slice(0, 4)) await play.land(hit);
      await play.cycle();
      expect((await play.served()).map((row) => row.split(' ').at(-1))).toEqual(['batch', 'batch', 'batch']);
      await play.land({ id: 9, k: 'odd', ts: '2026-03-01 09:00:00' });
      expect((await play.served()).map((row) => row.split(' ').at(-1))).toEqual([
        'stream',
        'stream',
        'stream',
        'stream',
      ]);
      await play.cycle();
      expect(await play.served()).toEqual(play.expected());
    });
  });
});

describe('the view of merged rows', () => {
  it('follows a rebuild and a batch table with other columns', async () => {
    const one = project();
    one.ndjson('a.ndjson', HITS.slice(0, 4));
    await one.run();
    const more = (sql: string): string => sql.replace('count(*)', 'count(*) AS twice, count(*)');
    const stream = `INSERT INTO hits AS t SELECT date_trunc('hour', ts), k, count(*), count(*), 'stream' FROM batch_events GROUP BY 1, 2
      ON CONFLICT (hour, k) DO UPDATE SET n = t.n + excluded.n, twice = t.twice + excluded.twice`;
    const pipelines = hits({ sql: more(BATCH) }, { stream: { sql: stream } });
    one.configure({ log: LOG, ingest: { max_events: 1 }, pipelines });
    await rebuild(one.context(), 'hits');
    await played(one, async (play) => {
      play.landed.push(...HITS.slice(0, 4));
      await play.land(at(4), 'a.ndjson');
      play.cut = 4;
      expect(await play.served()).toEqual(play.expected());
      await play.cycle();
      await play.land(at(6), 'a.ndjson');
      expect(await play.served()).toEqual(play.expected());
    });
    expect((await one.query('SELECT sum(twice) AS n FROM main.hits')).map((row) => String(row['n']))).toEqual(['6']);
  });

  it.runIf(perStore({ duckdb: true, postgres: false }))('can be read by who opens the file by itself', async () => {
    const one = project();
    one.ndjson('a.ndjson', HITS);
    await one.run();
    // The file's name makes a catalog `cutover`, which must not hide a schema of that name.
    const instance = await DuckDBInstance.create(join(one.root, '.cutover', 'cutover.duckdb'));
    const connection = await instance.connect();
    const rows = await connection.runAndReadAll('SELECT CAST(sum(n) AS INTEGER) AS n FROM main.hits');
    expect(rows.getRowsJson()).toEqual([[HITS.length]]);
    connection.closeSync();
    instance.closeSync();
  });
});

describe('an event that is retried from quarantine', () => {
  it('opens its window, though it lies below the cut', async () => {
    const log = (amount: string): object => ({ ...LOG, schema: { ...LOG.schema, amount } });
    const ingest = { max_events: 10, max_quarantined: 10 };
    const one = newProject({ log: log('decimal(4,2)'), ingest, pipelines: hits() });
    one.ndjson('a.ndjson', [
      { id: 1, k: 'a', ts: '2026-03-01 10:00:00', amount: '1.00' },
      { id: 2, k: 'b', ts: '2026-03-01 10:00:00', amount: '1000.00' },
      { id: 3, k: 'a', ts: '2026-03-01 11:00:00', amount: '1.00' },
    ]);
    await one.run();
    one.configure({ log: log('decimal(18,2)'), ingest, pipelines: hits() });
    expect(await retryQuarantine(one.context(), 'all', { limit: 10 })).toMatchObject({ landed: 1 });
    const rows = await one.query('SELECT CAST(hour AS VARCHAR) AS hour, k, side FROM main.hits ORDER BY 1, 2');
    expect(rows.map((row) => Object.values(row).map(String).join(' '))).toEqual([
      '2026-03-01 10:00:00 a stream',
      '2026-03-01 10:00:00 b stream',
      '2026-03-01 11:00:00 a batch',
    ]);
  });
});

describe('what a window is', () => {
  it.each([
    ['another type', { window: 'hour', from: 'CAST(ts AS DATE)' }, 'TYPE_MISMATCH'],
    ['a column that no event has', 'hour', 'CONFIG_INVALID'],
  ])('must be what the column holds: %s', async (_, merge, code) => {
    const one = project(hits({}, { serve: { merge } }));
    expect((await failure(one.run())).code).toBe(code);
  });

  it('is told of, where events change windows that `from` does not name', async () => {
    const merge = {
      window: 'hour',
      from: `CASE WHEN id = 3 THEN date_trunc('day', ts) ELSE date_trunc('hour', ts) END`,
    };
    await played(project(hits({}, { serve: { merge } })), async (play) => {
      for (const hit of HITS.slice(0, 3)) await play.land(hit);
      await play.cycle();
      await play.land(at(3));
      await play.cycle();
      expect(play.notes.join()).toContain(
        '1 window changed on the batch side of which no event was noted (2026-03-01 10:00:00.000000)',
      );
      await play.land(at(4));
      await play.cycle();
      expect(play.notes.join()).not.toContain('serve.merge');
    });
  });

  it('must have a type that a view can read back', async () => {
    const doubled = perStore({ duckdb: 'CAST(id AS DOUBLE)', postgres: 'CAST(id AS DOUBLE PRECISION)' });
    const sql = BATCH.replace(`date_trunc('hour', ts) AS hour`, `${doubled} AS hour`);
    const one = project(hits({ sql }, { serve: { merge: { window: 'hour', from: doubled } } }));
    expect((await failure(one.run())).message).toContain('a window is a date, a timestamp, a whole number or a text');
  });
});
