import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { withProject } from '../../src/app/open.js';
import { rebuild } from '../../src/app/rebuild.js';
import { startRun } from '../../src/app/run.js';
import { refreshNow } from '../../src/app/views.js';
import type { CanaryAction } from '../../src/model/canary.js';
import type { ViewReport } from '../../src/model/view.js';
import { drain } from '../../src/shadow/runner.js';
import { events, HandClock, MINUTE, only, testProjects, type Event, type TestProject } from './project.js';

const newProject = testProjects();

const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 2);

const DAILY = {
  daily: {
    key: ['day', 'k'],
    batch: {
      sql: 'SELECT day, k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY day, k',
    },
    stream: {
      sql: `INSERT INTO daily AS t (day, k, n, total) SELECT day, k, count(*), sum(amount) FROM batch_events GROUP BY day, k
            ON CONFLICT (day, k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total`,
    },
    gate: { consecutive_passes: 1, max_age: '30d' },
    canary: { steps: [25, 60, 100], dwell: { cycles: 0 } },
  },
};
const STREAM = {
  ...DAILY.daily.stream,
  setup: 'CREATE TABLE daily (day DATE, k TEXT, n BIGINT, total DECIMAL(38,2), UNIQUE (day, k))',
};

/** The newest days change with every event, whatever its day. */
const BACK = {
  daily: {
    ...DAILY.daily,
    batch: {
      sql: `SELECT day, k, CASE WHEN day > (SELECT max(day) FROM events) - 2 THEN (SELECT count(*) FROM events) ELSE count(*) END AS n,
              CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY day, k`,
      partition_by: { column: 'day', from: 'day', lookback: 2 },
    },
    compare: { columns: { n: { ignore: true, because: 'the newest days count otherwise' } } },
  },
};

/** Pipelines whose served rows change in ways of their own. */
const KINDS: Readonly<Record<string, typeof DAILY | { readonly daily: object }>> = {
  'a batch job and a stream job': DAILY,
  'two versions of a stream job': { daily: { ...DAILY.daily, batch: { stream: STREAM }, stream: STREAM } },
  'merged reads': { daily: { ...DAILY.daily, serve: { merge: { window: 'day', from: 'day' } } } },
  'a batch job that looks back': BACK,
};

const BY_DAY = 'SELECT day, count(*) AS keys, sum(n) AS n, sum(total) AS total FROM daily GROUP BY day';

function project(view: object, clock = new HandClock(), pipelines: (typeof KINDS)[string] = DAILY): TestProject {
  const one = newProject({ pipelines, views: { days: { sql: BY_DAY, partition_by: 'day', ...view } } }, clock);
  one.ndjson('a.ndjson', events(30));
  return one;
}

const refresh = async (one: TestProject, full = false): Promise<ViewReport> =>
  only((await refreshNow(one.context(), 'days', { full })).views);

/** Takes events in, without a cycle: the stream side is then ahead of the batch side. */
const ingest = (one: TestProject): Promise<void> =>
  withProject(one.context(), async (open) => {
    await drain(await startRun(one.context(), open, { limit: 1 }, new Map(), true));
  });

/** The view's rows are those that its query gives now. */
async function expectExact(one: TestProject): Promise<void> {
  const sorted = (relation: string) => one.query(`SELECT * FROM ${relation} ORDER BY 1`);
  expect(await sorted('main.days')).toEqual(await sorted(`(${BY_DAY.replace('daily', 'main.daily')}) AS q`));
}

const day = fc.constantFrom('2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-09');

type Step =
  | { readonly kind: 'events'; readonly days: readonly string[] }
  | { readonly kind: 'canary'; readonly action: CanaryAction }
  | { readonly kind: 'cycle' }
  | { readonly kind: 'rebuild' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(day, { minLength: 1, maxLength: 4 }).map((days) => ({ kind: 'events' as const, days })),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'cycle' as const }) },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom<CanaryAction>('start', 'advance', 'advance', 'rollback')
        .map((action) => ({ kind: 'canary' as const, action })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'rebuild' as const }) },
  ),
  { minLength: 8, maxLength: 12, size: 'max' },
);

describe('a view by partitions', () => {
  it.each(Object.entries(KINDS))(
    'is what a full refresh would make it, whatever came late, moved or was rebuilt: %s',
    async (kind, pipelines) => {
      let partial = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          const one = project({}, new HandClock(), pipelines);
          await one.run();
          await refresh(one);
          let id = 100;
          const act = async (step: Step): Promise<void> => {
            if (step.kind === 'events') {
              one.append(
                'a.ndjson',
                step.days.map((on, i): Event => ({ id: id++, k: `k${i}`, day: on, amount: '1.25' })),
              );
              await ingest(one);
            }
            if (step.kind === 'cycle') await one.compare('daily');
            if (step.kind === 'rebuild') await rebuild(one.context(), 'daily');
            if (step.kind === 'canary') await canaryAction(one.context(), 'daily', step.action, {});
          };
          // At 25% both sides are read; then whatever comes.
          for (const step of [{ kind: 'canary', action: 'start' } as const, ...given]) {
            await act(step);
            const { partitions } = await refresh(one);
            partial += partitions === null ? 0 : 1;
            await expectExact(one);
          }
          one.remove();
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      expect(partial).toBeGreaterThan(kind === 'merged reads' ? -1 : RUNS);
    },
    600_000,
  );

  it('computes the days that events touched, late ones too, and says so', async () => {
    const one = project({});
    await one.run();
    expect(await refresh(one)).toMatchObject({ partitions: 0, changed_rows: 0, full_reason: null });
    one.append('a.ndjson', [{ id: 900, k: 'k1', day: '2026-01-02', amount: '2.00' }]);
    await ingest(one);
    // Readers read the batch side, which does not have the event yet.
    expect(await refresh(one)).toMatchObject({ partitions: 0, changed_rows: 0 });
    await one.compare('daily');
    expect(await refresh(one)).toMatchObject({ partitions: 1, changed_rows: 2, full_reason: null });
    await expectExact(one);
    await canaryAction(one.context(), 'daily', 'start', {});
    const moved = await refresh(one);
    expect(moved).toMatchObject({ partitions: null });
    expect(moved.full_reason).toMatch(/its canary moved/);
    expect(await refresh(one, true)).toMatchObject({ partitions: null, full_reason: 'it was asked for' });
  });

  it('has a partition for events without one', async () => {
    const one = project({});
    await one.run();
    one.configure({
      pipelines: {
        daily: {
          ...DAILY.daily,
          stream: {
            ...DAILY.daily.stream,
            setup: 'CREATE TABLE daily (day DATE, k TEXT, n BIGINT, total DECIMAL(38,2), UNIQUE (day, k))',
          },
        },
      },
      views: { days: { sql: BY_DAY, partition_by: 'day' } },
    });
    await rebuild(one.context(), 'daily');
    await one.run();
    await refresh(one);
    one.append('a.ndjson', [{ id: 901, k: 'k1', day: null, amount: '2.00' }]);
    await ingest(one);
    await one.compare('daily').catch(() => undefined);
    expect(await refresh(one)).toMatchObject({ partitions: 1 });
    await expectExact(one);
  });

  it('is done anew every full_every, and tells where its partitions did not fit', async () => {
    const clock = new HandClock();
    const one = project({ partition_by: { column: 'day', full_every: '1h' } }, clock);
    await one.run();
    // No event tells of this.
    await one.execute(
      `UPDATE cutover_batch.daily SET n = n + 1 WHERE day = DATE '2026-01-01' AND k = (SELECT min(k) FROM cutover_batch.daily WHERE day = DATE '2026-01-01')`,
    );
    expect(await refresh(one)).toMatchObject({ partitions: 0, changed_rows: 0, corrected_rows: 0 });
    clock.advance(61 * MINUTE);
    expect(await refresh(one)).toMatchObject({ partitions: null, changed_rows: 2, corrected_rows: 2 });
    await expectExact(one);
  });

  it('looks back over the newest days, touched or not', async () => {
    const one = project({ partition_by: { column: 'day', lookback: '1d' } });
    await one.run();
    const raise = (on: string): Promise<number> =>
      one.execute(`UPDATE cutover_batch.daily SET n = n + 1 WHERE day = DATE '${on}'`);
    await raise('2026-01-01');
    await raise('2026-01-03');
    await raise('2026-01-04');
    await refresh(one);
    const rows = await one.query(
      'SELECT CAST(q.day AS VARCHAR) AS day FROM main.days v JOIN (' +
        BY_DAY.replace('daily', 'main.daily') +
        ') q ON q.day = v.day WHERE q.n = v.n ORDER BY 1',
    );
    expect(rows.map((row) => row['day'])).toEqual(['2026-01-02', '2026-01-03', '2026-01-04']);
  });

  it('is computed whole where its batch side becomes another kind of job', async () => {
    const views = { days: { sql: BY_DAY, partition_by: 'day' } };
    const one = project({}, new HandClock(), KINDS['two versions of a stream job']);
    await one.run();
    await refresh(one);
    one.append('a.ndjson', [{ id: 903, k: 'k1', day: '2026-01-02', amount: '2.00' }]);
    await ingest(one);
    // What its micro-batches brought since is told by no result of a batch job.
    one.configure({ pipelines: { daily: { ...DAILY.daily, stream: STREAM } }, views });
    await ingest(one);
    await refresh(one);
    await expectExact(one);
  });

  it('is computed whole where its batch job looks back no more', async () => {
    const { daily } = BACK;
    const one = project({}, new HandClock(), BACK);
    await one.run();
    await refresh(one);
    one.append('a.ndjson', [{ id: 904, k: 'k1', day: '2026-01-01', amount: '2.00' }]);
    await one.run();
    one.configure({
      pipelines: { daily: { ...daily, batch: { ...daily.batch, partition_by: 'day' } } },
      views: { days: { sql: BY_DAY, partition_by: 'day' } },
    });
    await refresh(one);
    await expectExact(one);
  });

  it('is computed whole where a job that it rests on changes days of which no event came', async () => {
    const one = newProject({
      pipelines: {
        base: {
          ...BACK.daily,
          stream: { sql: DAILY.daily.stream.sql.replace('daily', 'base') },
        },
        daily: {
          ...DAILY.daily,
          after: ['base'],
          batch: { sql: 'SELECT * FROM base' },
          stream: { sql: DAILY.daily.stream.sql },
          compare: { columns: { n: { ignore: true, because: 'the newest days count otherwise' } } },
        },
      },
      views: { days: { sql: BY_DAY, partition_by: 'day' } },
    });
    one.ndjson('a.ndjson', events(30));
    await one.run();
    await refresh(one);
    one.append('a.ndjson', [{ id: 905, k: 'k1', day: '2026-01-01', amount: '2.00' }]);
    await one.run();
    expect((await refresh(one)).full_reason).toMatch(/the batch job of base looks back/);
    await expectExact(one);
  });

  it('is computed whole where no event tells what changes of what it reads', async () => {
    const align = { window: { column: 'day', watermark: { column: 'day' } } };
    const one = newProject({
      pipelines: {
        ...DAILY,
        given: {
          key: ['day', 'k'],
          batch: { external: { table: 'ext.given_batch', align } },
          stream: { external: { table: 'ext.given_stream', align } },
        },
      },
      views: { days: { sql: 'SELECT day, n FROM days_given', partition_by: 'day' } },
    });
    one.ndjson('a.ndjson', events(30));
    await one.execute('CREATE SCHEMA ext');
    for (const name of ['given_batch', 'given_stream'])
      await one.execute(
        `CREATE TABLE ext.${name} AS SELECT DATE '2026-01-01' AS day, CAST('a' AS TEXT) AS k, CAST(1 AS BIGINT) AS n`,
      );
    await one.run();
    // Its SQL does not name the pipeline.
    await one.execute('CREATE VIEW main.days_given AS SELECT * FROM main.given');
    await refresh(one);
    await one.execute('UPDATE ext.given_batch SET n = 2');
    expect((await refresh(one)).full_reason).toMatch(/somebody else writes a side of given/);
    expect(await one.query('SELECT n FROM main.days')).toEqual([{ n: '2' }]);
  });

  it('is computed whole where its partitions cannot be told', async () => {
    const one = project({ partition_by: { column: 'day', from: "DATE '1999-01-01'" } });
    await one.run();
    one.append('a.ndjson', [{ id: 902, k: 'k1', day: '2026-01-02', amount: '2.00' }]);
    await one.run();
    expect(await refresh(one)).toMatchObject({ full_reason: 'a partition that events touched has no rows' });
    await expectExact(one);
    one.configure({ pipelines: DAILY, views: { days: { sql: BY_DAY, partition_by: 'nothing' } } });
    await expect(refresh(one)).rejects.toMatchObject({ code: 'VIEW_INVALID' });
    one.configure({
      pipelines: DAILY,
      views: { days: { sql: BY_DAY, partition_by: { column: 'keys', from: '1', lookback: '1d' } } },
    });
    await expect(refresh(one)).rejects.toMatchObject({ code: 'VIEW_INVALID' });
  });
});
