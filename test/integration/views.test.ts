import { describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { rebuild } from '../../src/app/rebuild.js';
import { runForever } from '../../src/app/run.js';
import { dropRemoved, listViews, refreshNow } from '../../src/app/views.js';
import { systemClock } from '../../src/cli/clock.js';
import type { ViewReport } from '../../src/model/view.js';
import type { Row } from '../../src/store/contract.js';
import { events, failure, HandClock, MINUTE, only, testProjects, totals, until, type TestProject } from './project.js';

const newProject = testProjects();

const ALL = events(40);
const BUSY = 'SELECT k, n, total FROM totals WHERE n > 3';
const CANARY = { canary: { steps: [25, 60, 100], dwell: { cycles: 0 } } };

/** A project with these views over `totals`. */
function project(views: Readonly<Record<string, object>>, pipelines = totals(CANARY), clock?: HandClock): TestProject {
  const one = newProject({ pipelines, views }, clock);
  one.ndjson('a.ndjson', ALL);
  return one;
}

async function reports(one: TestProject): Promise<Record<string, ViewReport>> {
  return Object.fromEntries((await listViews(one.context())).views.map((view) => [view.view, view]));
}

const refresh = async (one: TestProject, name = 'busy', full = false): Promise<ViewReport> =>
  only((await refreshNow(one.context(), name, { full })).views);

const rows = (one: TestProject, relation: string): Promise<Row[]> => one.query(`SELECT * FROM ${relation} ORDER BY k`);

/** What a row of the stream side says of itself: its counts are raised by so much. */
const MARK = 1000;

describe('materialized views', () => {
  it('are built by a run after its cycles, and hold what readers of the names would see', async () => {
    const one = project({ busy: { sql: BUSY, every: '1m', description: 'Keys with many events' } });
    const summary = await one.run();
    expect(summary.views).toMatchObject([
      { view: 'busy', status: 'fresh', side: 'batch', description: 'Keys with many events', error: null },
    ]);
    const expected = await rows(one, `(${BUSY.replace('totals', 'main.totals')}) AS q`);
    expect(expected.length).toBeGreaterThan(3);
    expect(await rows(one, 'main.busy')).toEqual(expected);
    expect((await reports(one))['busy']).toMatchObject({
      rows: expected.length,
      changed_rows: expected.length,
      partitions: null,
      sources: [{ pipeline: 'totals', side: 'batch', share_ppm: 0 }],
      schedule: 'every 1m',
      failures: 0,
    });
  });

  it('are refreshed when due and not before, by what the store knows', async () => {
    const clock = new HandClock();
    const one = project({ busy: { sql: BUSY, every: '5m' } }, totals(CANARY), clock);
    const start = clock.now().toISOString();
    await one.run();
    one.append('a.ndjson', events(10, 40));
    clock.advance(4 * MINUTE);
    await one.run();
    expect((await reports(one))['busy']).toMatchObject({
      refreshed_at: start,
      staleness_ms: 4 * MINUTE,
      status: 'fresh',
    });
    clock.advance(6 * MINUTE);
    expect((await reports(one))['busy']).toMatchObject({ status: 'stale', next_due: clock.now().toISOString() });
    await one.run();
    expect((await reports(one))['busy']).toMatchObject({ refreshed_at: clock.now().toISOString(), status: 'fresh' });
    expect(await rows(one, 'main.busy')).toEqual(await rows(one, `(${BUSY.replace('totals', 'main.totals')}) AS q`));
  });

  it('touch only rows that differ, duplicates and NULLs among them', async () => {
    const sql = `SELECT CASE WHEN n > 4 THEN NULL ELSE 'few' END AS k, CAST(n AS DOUBLE PRECISION) / 3 AS third FROM totals`;
    const one = project({ busy: { sql } });
    await one.run();
    expect(await refresh(one)).toMatchObject({ rows: 10, changed_rows: 0 });
    await one.execute(`UPDATE cutover_batch.totals SET n = n + 7 WHERE k = 'k1'`);
    expect(await refresh(one)).toMatchObject({ rows: 10 });
    const sorted = (relation: string): Promise<Row[]> => one.query(`SELECT * FROM ${relation} ORDER BY 1, 2`);
    expect(await sorted('main.busy')).toEqual(await sorted(`(${sql.replace('totals', 'main.totals')}) AS q`));
  });

  it('say which side their rows came from, and follow the canary as the snapshot has it', async () => {
    const one = project({ busy: { sql: 'SELECT k, n FROM totals' } });
    await one.run();
    await one.execute(`UPDATE cutover_stream.totals SET n = n + ${MARK}`);
    expect(await refresh(one)).toMatchObject({ side: 'batch', changed_rows: 0 });
    await canaryAction(one.context(), 'totals', 'start', {});
    expect(await refresh(one)).toMatchObject({
      side: 'mixed',
      sources: [{ pipeline: 'totals', side: 'mixed', share_ppm: 250_000 }],
    });
    const served = await one.query('SELECT k, n FROM main.totals ORDER BY k');
    expect(await rows(one, 'main.busy')).toEqual(served);
    const fromStream = served.filter((row) => Number(row['n']) > MARK).length;
    expect(fromStream).toBeGreaterThan(0);
    expect(fromStream).toBeLessThan(10);
    await canaryAction(one.context(), 'totals', 'rollback', {});
    expect(await refresh(one)).toMatchObject({ side: 'batch', sources: [{ share_ppm: 0 }] });
    expect((await rows(one, 'main.busy')).every((row) => Number(row['n']) < MARK)).toBe(true);
  });

  it('that fail keep their rows, say why, are tried again when due, and keep no other from being refreshed', async () => {
    const clock = new HandClock();
    const bad = { sql: 'SELECT k,\n n / (n - n)\n AS q, nothing FROM totals', every: '5m' };
    const one = project({ bad, busy: { sql: BUSY, every: '5m' } }, totals(CANARY), clock);
    const summary = await one.run();
    expect(summary).toMatchObject({ verdict: 'pass', views: [{ status: 'failed' }, { status: 'fresh' }] });
    const failed = (await reports(one))['bad'];
    expect(failed).toMatchObject({ rows: null, failures: 1, side: null });
    expect(failed?.error).toMatch(/^SQL_FAILED: .*nothing.* \(cutover\.yaml:\d+\)$/);
    // A failed view is tried by its schedule, or by whoever asks.
    expect(await failure(refreshNow(one.context(), 'bad', { full: false }))).toMatchObject({ code: 'SQL_FAILED' });
    expect((await reports(one))['bad']).toMatchObject({ failures: 2 });
    one.configure({
      pipelines: totals(CANARY),
      views: { bad: { ...bad, sql: BUSY }, busy: { sql: BUSY, every: '5m' } },
    });
    await one.run();
    expect((await reports(one))['bad']).toMatchObject({ status: 'fresh', failures: 0, error: null, rows: 10 });
    // It has rows now, which a later failure leaves.
    one.configure({ pipelines: totals(CANARY), views: { bad } });
    clock.advance(10 * MINUTE);
    await one.run();
    expect((await reports(one))['bad']).toMatchObject({ status: 'failed', failures: 1, rows: 10, side: 'batch' });
    expect(await rows(one, 'main.bad')).toHaveLength(10);
  });

  it('are built anew when their SQL changes, with other columns too', async () => {
    const one = project({ busy: { sql: BUSY } });
    await one.run();
    one.configure({ pipelines: totals(CANARY), views: { busy: { sql: "SELECT k, 'x' AS sign FROM totals" } } });
    expect((await reports(one))['busy']).toMatchObject({ status: 'changed' });
    await one.run();
    expect((await rows(one, 'main.busy'))[0]).toEqual({ k: 'k0', sign: 'x' });
  });

  it('that are no longer configured keep their tables until they are dropped', async () => {
    const one = project({ busy: { sql: BUSY } });
    await one.run();
    expect(await failure(dropRemoved(one.context(), 'busy'))).toMatchObject({ code: 'VIEW_INVALID' });
    one.configure({ pipelines: totals(CANARY) });
    expect((await one.run()).views).toBeUndefined();
    expect((await reports(one))['busy']).toMatchObject({ status: 'removed', schedule: null, next_due: null });
    expect((await rows(one, 'main.busy')).length).toBeGreaterThan(0);
    await dropRemoved(one.context(), 'busy');
    expect((await listViews(one.context())).views).toEqual([]);
    await expect(rows(one, 'main.busy')).rejects.toThrow(/busy/);
    expect(await failure(dropRemoved(one.context(), 'busy'))).toMatchObject({ code: 'VIEW_UNKNOWN' });
  });

  it('do not take the place of a table that is not theirs', async () => {
    const one = project({ busy: { sql: BUSY } });
    one.configure({ pipelines: totals(CANARY) });
    await one.run();
    await one.execute('CREATE TABLE main.busy AS SELECT 1 AS mine');
    one.configure({ pipelines: totals(CANARY), views: { busy: { sql: BUSY } } });
    expect((await one.run()).views).toMatchObject([{ status: 'failed' }]);
    expect(await one.query('SELECT * FROM main.busy')).toEqual([{ mine: 1 }]);
  });

  it.each([
    ['SELECT k FROM cutover_stream.totals', 'SQL_REACHES_ACROSS', /belongs to one side/],
    ['SELECT k FROM main.totals', 'SQL_REACHES_ACROSS', /main\.totals/],
    ['SELECT * FROM cutover.offsets', 'SQL_REACHES_ACROSS', /cutover/],
    ['SELECT k FROM busy', 'SQL_REACHES_ACROSS', /itself/],
    ['SELECT k FROM other', 'SQL_REACHES_ACROSS', /the view other/],
    ['SELECT k FROM events', 'SQL_REACHES_ACROSS', /events/],
    ['SELECT k FROM totals; SELECT 1', 'SQL_FAILED', /2 statements/],
    ['DELETE FROM totals WHERE true', 'SQL_FAILED', /one query/],
    ['COMMIT -- now', 'SQL_FAILED', /COMMIT/],
    ['SET x = 1', 'SQL_REACHES_ACROSS', /SET/],
  ])('are refused before a run: %s', async (sql, code, message) => {
    const one = project({ busy: { sql }, other: { sql: BUSY } });
    const error = await failure(one.run());
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(error.place?.file).toMatch(/cutover\.yaml$/);
    expect(error.place?.line).toBeGreaterThan(1);
  });

  it('do not read the internal tables or another view through a view of the user', async () => {
    const one = project({ busy: { sql: 'SELECT * FROM mine' }, other: { sql: BUSY } });
    await one.run();
    await one.execute('CREATE VIEW main.mine AS SELECT k FROM main.other');
    expect(await failure(refreshNow(one.context(), 'busy', { full: false }))).toMatchObject({
      code: 'SQL_REACHES_ACROSS',
    });
    await one.execute('DROP VIEW main.mine');
    await one.execute('CREATE VIEW main.mine AS SELECT partition AS k FROM cutover.offsets');
    expect(await failure(refreshNow(one.context(), 'busy', { full: false }))).toMatchObject({
      code: 'SQL_REACHES_ACROSS',
    });
    await one.execute('DROP VIEW main.mine');
    // What readers see through it is theirs to see.
    await one.execute('CREATE VIEW main.mine AS SELECT k, n FROM main.totals');
    expect(await refresh(one)).toMatchObject({ rows: 10, side: 'batch', sources: [{ pipeline: 'totals' }] });
  });

  it('read no stream table of before a rebuild, and all rows of the one after it', async () => {
    const view = { sql: 'SELECT k, n FROM totals', partition_by: 'k' };
    const one = project({ busy: view });
    await one.run();
    await canaryAction(one.context(), 'totals', 'start', {});
    await refresh(one);
    await one.execute('DELETE FROM cutover_stream.totals');
    await rebuild(one.context(), 'totals');
    expect(await refresh(one)).toMatchObject({ full_reason: 'tables that it reads were rebuilt' });
    expect(await rows(one, 'main.busy')).toEqual(await one.query('SELECT k, n FROM main.totals ORDER BY k'));
  });

  it('are refreshed again and again by a run that goes on', async () => {
    const one = newProject({ pipelines: totals(), views: { busy: { sql: BUSY, every: '50ms' } } }, systemClock);
    one.ndjson('a.ndjson', ALL);
    const stop = new AbortController();
    let refreshes = 0;
    const running = runForever(
      one.context({
        signal: stop.signal,
        reached: (point) => {
          if (point === 'view stored') refreshes += 1;
          return Promise.resolve();
        },
      }),
      { limit: 1, onComparison: () => undefined, onCanary: () => undefined },
    );
    await Promise.race([until(() => refreshes >= 3), running]);
    stop.abort();
    await running;
    expect((await reports(one))['busy']).toMatchObject({ rows: 10, error: null });
  });
});
