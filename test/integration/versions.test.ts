import { describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { rebuild } from '../../src/app/rebuild.js';
import { retryQuarantine } from '../../src/app/quarantine.js';
import type { CanaryAction } from '../../src/model/canary.js';
import type { Point } from '../../src/shadow/environment.js';
import type { Row } from '../../src/store/contract.js';
import {
  BATCH_SQL,
  events,
  expectedTotals,
  failure,
  only,
  SETUP_SQL,
  STREAM_SQL,
  testProjects,
  totals,
  type Event,
  type TestProject,
} from './project.js';

const newProject = testProjects();

const V1 = { sql: STREAM_SQL, setup: SETUP_SQL };

/** The same table, written in another way: a helper table holds every amount, and rows are made anew from it. */
const V2 = {
  setup: `${SETUP_SQL}; CREATE TABLE totals_parts (k TEXT, amount DECIMAL(18,2))`,
  sql: `
INSERT INTO totals_parts SELECT k, amount FROM batch_events;
DELETE FROM totals WHERE k IN (SELECT k FROM batch_events);
INSERT INTO totals SELECT k, count(*), CAST(sum(amount) AS DECIMAL(38,2)) FROM totals_parts WHERE k IN (SELECT k FROM batch_events) GROUP BY k;`,
};

/** As V1, with a column more. */
const V3 = {
  setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2), largest DECIMAL(18,2))',
  sql: `INSERT INTO totals AS t SELECT k, count(*), sum(amount), max(amount) FROM batch_events GROUP BY k
ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total, largest = GREATEST(t.largest, excluded.largest)`,
};

/** Loses the events of one key that come after its first. */
const FORGETFUL = { ...V1, sql: STREAM_SQL.replace('GROUP BY k', `WHERE NOT (k = 'k3' AND id > 10) GROUP BY k`) };

const CANARY = { canary: { steps: [100], dwell: { cycles: 0 } } };

function versions(batch: object, stream: object, parts: object = {}): Record<string, object> {
  return totals({ batch: { stream: batch }, stream, ...CANARY, ...parts });
}

function project(batch: object = V1, stream: object = V2): TestProject {
  return newProject({ pipelines: versions(batch, stream) });
}

const SIZES_SETUP = 'CREATE TABLE sizes (n BIGINT PRIMARY KEY, k BIGINT)';
const SIZES_SQL = 'DELETE FROM sizes WHERE true; INSERT INTO sizes SELECT n, count(*) FROM totals GROUP BY n';
/** A pipeline of two versions that reads the other one. */
const SIZES = {
  key: 'n',
  after: ['totals'],
  batch: { stream: { setup: SIZES_SETUP, sql: SIZES_SQL } },
  stream: { setup: SIZES_SETUP, sql: `${SIZES_SQL} -- 2` },
};

const ALL = events(100);

async function act(one: TestProject, action: CanaryAction): Promise<void> {
  expect(await canaryAction(one.context(), 'totals', action, {})).toMatchObject({ applied: true });
}

const stage = async (one: TestProject): Promise<string> =>
  (await canaryAction(one.context(), 'totals', 'status', {})).state.stage;

const served = (one: TestProject): Promise<Row[]> => one.query('SELECT * FROM main.totals ORDER BY k');

/** From shadow to complete, on these events. */
async function migrated(one: TestProject, arrived: readonly Event[]): Promise<void> {
  one.ndjson('a.ndjson', arrived.slice(0, -10));
  await one.run();
  await act(one, 'start');
  one.append('a.ndjson', arrived.slice(-10));
  expect(await one.run()).toMatchObject({ verdict: 'pass' });
  await act(one, 'complete');
}

describe('two versions of a stream job', () => {
  it('are fed by the same micro-batches, and compared at the cut without a batch job', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL.slice(0, 50));
    await one.run();
    one.append('a.ndjson', ALL.slice(50));
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'pass', matched: 10, alignment: { method: 'snapshot', exact: true } });
    expect(comparison.evidence.batch).not.toBe(comparison.evidence.stream);
    expect(comparison.timing.batch_job).toBe(0);
    expect(comparison.notes).toEqual([]);
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await served(one)).toEqual(expectedTotals(ALL));
    // Each with what its own setup made, and nothing of the other.
    const tables = await one.query(
      `SELECT table_schema AS s, table_name AS t FROM information_schema.tables WHERE table_name LIKE 'totals%' AND table_schema LIKE 'cutover%' ORDER BY 1, 2`,
    );
    expect(tables.map(({ s, t }) => `${String(s)}.${String(t)}`)).toEqual([
      'cutover_batch.totals',
      'cutover_stream.totals',
      'cutover_stream.totals_parts',
    ]);
  });

  it('a cycle in which nothing arrived repeats the last comparison', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL);
    const first = only((await one.run()).comparisons);
    expect(only((await one.run()).comparisons).reused_from).toBe(first.comparison_id);
    expect((await one.compare()).reused_from).toBeNull();
  });

  it('that differ fail by their keys, and the gate keeps readers on the former one', async () => {
    const one = project(V1, FORGETFUL);
    one.ndjson('a.ndjson', ALL);
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'fail', matched: 9, value_mismatch: 1 });
    expect(comparison.discrepancies.map(({ key }) => key)).toEqual([{ k: 'k3' }]);
    expect(await canaryAction(one.context(), 'totals', 'start', {})).toMatchObject({ applied: false, refusal: 'gate' });
    expect(await served(one)).toEqual(expectedTotals(ALL));
  });

  it('that are the same say so', async () => {
    const one = project(V1, V1);
    one.ndjson('a.ndjson', ALL);
    const comparison = only((await one.run()).comparisons);
    expect(comparison.evidence.batch).toBe(comparison.evidence.stream);
    expect(comparison.notes.join()).toMatch(/same version of the stream job/);
  });

  it('may be a script and a reducer', async () => {
    const one = project(V1, { module: 'totals.mjs', setup: SETUP_SQL });
    one.file(
      'totals.mjs',
      `export default { key: ({ k }) => ({ k }), reduce: (row, { amount }) => ({
         n: Number(row?.n ?? 0) + 1,
         total: ((Math.round(Number(row?.total ?? 0) * 100) + Math.round(Number(amount) * 100)) / 100).toFixed(2) }) };`,
    );
    one.ndjson('a.ndjson', ALL);
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });

  it('are compared with those of the pipelines that they read', async () => {
    const one = newProject({ pipelines: { ...versions(V1, FORGETFUL), sizes: SIZES } });
    one.ndjson('a.ndjson', ALL);
    expect((await one.run()).comparisons.map(({ pipeline, verdict }) => [pipeline, verdict])).toEqual([
      ['totals', 'fail'],
      ['sizes', 'fail'],
    ]);
    one.configure({ pipelines: { ...versions(V1, V2), sizes: SIZES } });
    await rebuild(one.context(), 'totals');
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });

  it('take events as long as a pipeline reads them whose migration goes on', async () => {
    const sizes = {
      ...SIZES,
      gate: { consecutive_passes: 1 },
      ...CANARY,
    };
    const one = newProject({ pipelines: { ...versions(V1, V2), sizes } });
    const started = async (name: string): Promise<boolean> =>
      (await canaryAction(one.context(), name, 'start', {})).applied;
    const complete = async (name: string): Promise<boolean> =>
      (await canaryAction(one.context(), name, 'complete', {})).applied;
    one.ndjson('a.ndjson', ALL.slice(0, 40));
    await one.run();
    expect([await started('totals'), await started('sizes')]).toEqual([true, true]);
    one.append('a.ndjson', ALL.slice(40, 60));
    await one.run();
    expect(await complete('totals')).toBe(true);
    one.append('a.ndjson', ALL.slice(60, 80));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL.slice(0, 80)));
    expect(await complete('sizes')).toBe(true);
    one.append('a.ndjson', ALL.slice(80));
    expect(await one.run()).toMatchObject({ comparisons: [], events: 20 });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL.slice(0, 80)));
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('neither reaches the tables of the other', async () => {
    for (const [batch, stream] of [
      [V1, { ...V2, sql: 'INSERT INTO totals SELECT * FROM cutover_batch.totals' }],
      [{ ...V1, sql: 'INSERT INTO totals SELECT * FROM cutover_stream.totals' }, V2],
    ] as const) {
      const one = project(batch, stream);
      one.ndjson('a.ndjson', ALL);
      expect((await failure(one.run())).code).toBe('SQL_REACHES_ACROSS');
    }
  });

  it.each<Point>([
    'micro-batch begun',
    'events landed',
    'stream jobs applied',
    'offsets saved',
    'micro-batch committed',
  ])('hold every event once when the process ends at "%s"', async (point) => {
    const one = project();
    one.ndjson('a.ndjson', ALL);
    let seen = 0;
    const reached = (at: Point): Promise<void> =>
      at === point && (seen += 1) === 3 ? Promise.reject(new Error('the lights went out')) : Promise.resolve();
    await expect(one.run({ reached })).rejects.toThrow('the lights went out');
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('both take what is retried from quarantine', async () => {
    const narrow = { log: { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', amount: 'decimal(4,2)' } } };
    const pipelines = versions(V1, V2);
    const one = newProject({ ...narrow, pipelines, ingest: { max_events: 7, max_quarantined: 5 } });
    const large: Event = { id: 900, k: 'k1', day: '2026-01-01', amount: '1234.50' };
    one.ndjson('a.ndjson', [...ALL.slice(0, 30), large, ...ALL.slice(30)]);
    expect(await one.run()).toMatchObject({ quarantined: 1 });
    one.configure({
      pipelines,
      log: { path: 'data/*.ndjson', schema: { id: 'bigint', k: 'text', amount: 'decimal(18,2)' } },
    });
    expect(await retryQuarantine(one.context(), 'all', { limit: 3 })).toMatchObject({ landed: 1 });
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('batch')).toEqual(expectedTotals([...ALL, large]));
    expect(await one.side('stream')).toEqual(expectedTotals([...ALL, large]));
  });
});

describe('a new version of a stream job', () => {
  it('takes over: pass, canary, complete; the former one takes no more events', async () => {
    const one = project();
    await migrated(one, ALL.slice(0, 50));
    one.append('a.ndjson', ALL.slice(50));
    expect(await one.run()).toMatchObject({ comparisons: [], events: 50 });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL.slice(0, 50)));
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await served(one)).toEqual(expectedTotals(ALL));
    const error = await failure(one.compare());
    expect(error.code).toBe('STREAM_JOB_CHANGED');
    expect(error.message).toMatch(/retired/);
  });

  it('gives way: a rollback leads to the former version, which never stood still', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL.slice(0, 50));
    await one.run();
    await act(one, 'start');
    one.append('a.ndjson', ALL.slice(50));
    await one.run();
    await act(one, 'rollback');
    expect(await served(one)).toEqual(expectedTotals(ALL));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it('is followed by a next one: the version that readers read becomes the batch side', async () => {
    const one = project();
    await migrated(one, ALL.slice(0, 50));
    one.append('a.ndjson', ALL.slice(50, 80));
    await one.run();

    one.configure({ pipelines: versions(V2, V3) });
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
    await rebuild(one.context(), 'totals');
    expect(await stage(one)).toBe('rolled_back');
    expect(await served(one)).toEqual(expectedTotals(ALL.slice(0, 80)));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL.slice(0, 80)));
    expect(await one.query('SELECT * FROM cutover_batch.totals_parts')).toHaveLength(80);
    expect(
      await one.query(
        `SELECT 1 AS found FROM information_schema.tables WHERE table_schema = 'cutover_stream' AND table_name = 'totals_parts'`,
      ),
    ).toEqual([]);

    one.append('a.ndjson', ALL.slice(80, 90));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    await act(one, 'start');
    one.append('a.ndjson', ALL.slice(90));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    await act(one, 'complete');
    // The new column is in the view as soon as both sides have it.
    one.configure({ pipelines: versions(V3, V3) });
    await rebuild(one.context(), 'totals');
    expect(Object.keys((await served(one))[0] ?? {})).toEqual(['k', 'n', 'total', 'largest']);
  });

  it('is followed by a next one that differs: readers stay where they are', async () => {
    const one = project();
    await migrated(one, ALL.slice(0, 50));
    one.configure({ pipelines: versions(V2, FORGETFUL) });
    await rebuild(one.context(), 'totals');
    one.append('a.ndjson', ALL.slice(50));
    expect(await one.run()).toMatchObject({ verdict: 'fail' });
    expect(await canaryAction(one.context(), 'totals', 'start', {})).toMatchObject({ applied: false });
    expect(await served(one)).toEqual(expectedTotals(ALL));
  });

  it.each<[Point, number]>([
    ['rebuild replayed', 1],
    ['rebuild swapped', 1],
    ['rebuild replayed', 2],
    ['rebuild swapped', 2],
  ])('is handed over whole when the process ends at "%s" (%i)', async (point, nth) => {
    const one = project();
    await migrated(one, ALL);
    one.configure({ pipelines: versions(V2, V3) });
    let seen = 0;
    const reached = (at: Point): Promise<void> =>
      at === point && (seen += 1) === nth ? Promise.reject(new Error('the lights went out')) : Promise.resolve();
    await expect(rebuild(one.context({ reached }), 'totals')).rejects.toThrow('the lights went out');
    // Wherever it ended, readers have the rows of the version that they read.
    expect(await served(one)).toEqual(expectedTotals(ALL));
    await rebuild(one.context(), 'totals');
    expect(await stage(one)).toBe('rolled_back');
    expect(await served(one)).toEqual(expectedTotals(ALL));
    expect(await one.compare()).toMatchObject({ verdict: 'pass', matched: 10 });
  });

  it('a changed one is built beside the former one, whose table is not touched', async () => {
    const one = project(V1, FORGETFUL);
    one.ndjson('a.ndjson', ALL);
    await one.run();
    await one.execute(`UPDATE cutover_batch.totals SET n = n + 1000 WHERE k = 'k0'`);
    one.configure({ pipelines: versions(V1, V2) });
    await rebuild(one.context(), 'totals');
    const [row] = await one.query(`SELECT n FROM cutover_batch.totals WHERE k = 'k0'`);
    expect(Number(row?.['n'])).toBeGreaterThan(1000);
    // Asked for once more, with nothing changed, both are made anew.
    await rebuild(one.context(), 'totals');
    expect(await one.compare()).toMatchObject({ verdict: 'pass' });
  });

  it('the version that readers read is not changed under them', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL);
    await one.run();
    one.configure({ pipelines: versions(FORGETFUL, V2) });
    expect((await failure(one.run())).message).toMatch(/totals \(batch side\)/);
    const error = await failure(rebuild(one.context(), 'totals'));
    expect(error.code).toBe('CANARY_REFUSED');
    expect(error.remedy).toMatch(/next version/);
    await rebuild(one.context(), 'totals', { force: true });
    expect(await one.run()).toMatchObject({ verdict: 'fail' });
  });
});

describe('a batch side that becomes, or was, a version of the stream job', () => {
  it('from a query and back', async () => {
    const sql = { batch: { sql: BATCH_SQL }, stream: V1, ...CANARY };
    const one = newProject({ pipelines: totals(sql) });
    one.ndjson('a.ndjson', ALL.slice(0, 50));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    one.configure({ pipelines: versions(V2, V1) });
    one.append('a.ndjson', ALL.slice(50, 70));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL.slice(0, 70)));
    one.configure({ pipelines: totals(sql) });
    one.append('a.ndjson', ALL.slice(70));
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.query('SELECT pipeline FROM cutover.batch_jobs')).toEqual([]);
    expect(await served(one)).toEqual(expectedTotals(ALL));
    const tables = await one.query(
      `SELECT table_name AS t FROM information_schema.tables WHERE table_schema = 'cutover_batch'`,
    );
    expect(tables.map(({ t }) => t)).toEqual(['totals']);
  });

  it('from a replay, when everybody reads the one version there is', async () => {
    const one = newProject({ pipelines: totals({ batch: { replay: true }, stream: V1, ...CANARY }) });
    await migrated(one, ALL.slice(0, 50));
    one.configure({ pipelines: versions(V1, V2) });
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
    await rebuild(one.context(), 'totals');
    expect(await stage(one)).toBe('rolled_back');
    one.append('a.ndjson', ALL.slice(50));
    expect(await one.run()).toMatchObject({ verdict: 'pass', comparisons: [{ matched: 10 }] });
    expect(await served(one)).toEqual(expectedTotals(ALL));
  });

  it('is not a pipeline any more, and comes back', async () => {
    const other = {
      other: { key: 'k', batch: { sql: BATCH_SQL }, stream: { sql: STREAM_SQL.replaceAll('totals', 'other') } },
    };
    const one = newProject({ pipelines: { ...versions(V1, V2), ...other } });
    one.ndjson('a.ndjson', ALL.slice(0, 50));
    await one.run();
    one.configure({ pipelines: other });
    one.append('a.ndjson', ALL.slice(50));
    await one.run();
    one.configure({ pipelines: { ...versions(V1, V2), ...other } });
    expect((await failure(one.run())).message).toMatch(/was not configured/);
    await rebuild(one.context(), 'totals');
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it('with a typo, before any event came', async () => {
    const one = project({ ...V1, setup: SETUP_SQL.replace('total ', 'tatol ') }, V2);
    one.ndjson('a.ndjson', []);
    expect((await failure(one.run())).code).toBe('TYPE_MISMATCH');
    one.configure({ pipelines: versions(V1, V2) });
    one.ndjson('b.ndjson', ALL);
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
  });
});

describe('a replay', () => {
  it('says where it begins when the log was not read from its first event', async () => {
    const one = newProject({ pipelines: totals({ batch: { replay: true }, stream: V1 }) });
    one.ndjson('a.ndjson', ALL);
    one.ndjson('b.ndjson', ALL.slice(0, 3));
    expect(only((await one.run()).comparisons).notes).toEqual([]);
    // As after `log.start`, or a topic whose retention had passed by its first records.
    await one.execute('DELETE FROM cutover.landing WHERE _partition = 0 AND _offset < 5');
    expect((await one.compare()).notes).toEqual([
      expect.stringMatching(
        /^the replay begins where the log was first read: .*a\.ndjson at offset 5; what came before/,
      ),
    ]);
  });

  it('of a job that depends on where micro-batches end differs', async () => {
    const sql = STREAM_SQL.replace('count(*)', '1').replace('t.n + excluded.n', 't.n + 1');
    const one = newProject({
      pipelines: totals({ batch: { replay: true }, stream: { ...V1, sql } }),
      ingest: { max_events: 1 },
    });
    one.ndjson('a.ndjson', ALL);
    expect((await one.run()).verdict).toBe('pass');
    one.configure({
      pipelines: totals({ batch: { replay: true }, stream: { ...V1, sql } }),
      ingest: { max_events: 50 },
    });
    expect(await one.compare()).toMatchObject({ verdict: 'fail' });
  });
});
