import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/app/context.js';
import { withProject, type OpenProject } from '../../src/app/open.js';
import { listQuarantine, retryQuarantine, retryWithin } from '../../src/app/quarantine.js';
import { rebuild } from '../../src/app/rebuild.js';
import { startRun } from '../../src/app/run.js';
import type { Comparison } from '../../src/model/comparison.js';
import type { QuarantineResult } from '../../src/model/results.js';
import type { Point } from '../../src/shadow/environment.js';
import { cycleOnce, drain } from '../../src/shadow/runner.js';
import type { QuarantineScope } from '../../src/store/state/quarantine.js';
import { events, failure, only, SETUP_SQL, TestProject, totals } from './project.js';

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

const NARROW = { id: 'bigint', k: 'text', day: 'date', amount: 'decimal(4,2)' };
const WIDE = { ...NARROW, amount: 'decimal(18,2)' };
const LIMIT = { ingest: { max_events: 7, max_quarantined: 10 } };

/** Amounts of more than two digits before the point do not fit at first. */
const ALL = events(30).map((event) => (event.id % 10 === 4 ? { ...event, amount: `1${event.amount}00.25` } : event));
const LARGE = ALL.map((event) => (event.id % 10 === 4 ? { ...event, amount: '1234.25' } : event));

function project(pipelines = totals()): TestProject {
  const made = new TestProject({ ...LIMIT, log: { path: 'data/*.ndjson', schema: NARROW }, pipelines });
  projects.push(made);
  made.ndjson('a.ndjson', LARGE);
  return made;
}

/** The schema is corrected: three records fit now. */
function widen(one: TestProject, pipelines = totals()): void {
  one.configure({ ...LIMIT, log: { path: 'data/*.ndjson', schema: WIDE }, pipelines });
}

function retry(
  one: TestProject,
  scope: QuarantineScope = 'all',
  parts: Partial<AppContext> = {},
): Promise<QuarantineResult> {
  return retryQuarantine(one.context(parts), scope, { limit: 100 });
}

/** A run in whose cycle, at a point, the quarantine is retried by another session; the embedded store has one process. Returns its comparison. */
async function besideCycle(one: TestProject, at: Point, landing: number): Promise<Comparison> {
  let retried = false;
  let opened: OpenProject | undefined;
  const reached = async (point: Point): Promise<void> => {
    if (point !== at || retried || opened === undefined) return;
    retried = true;
    expect(await retryWithin(opened, await opened.store.session(), 'all')).toMatchObject({ landed: landing });
  };
  const ctx = one.context({ reached });
  const comparisons = await withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: 100 }, new Map(), true);
    await drain(parts);
    opened = open;
    return cycleOnce(parts, open.project.pipelines, false);
  });
  expect(retried).toBe(true);
  return only(comparisons);
}

async function landedOnce(one: TestProject): Promise<void> {
  const rows = await one.query('SELECT count(*) AS n, count(DISTINCT _offset) AS d FROM cutover.landing');
  expect(only(rows)).toEqual({ n: '30', d: '30' });
  expect(await one.query('SELECT * FROM cutover.quarantine')).toEqual([]);
}

describe('quarantine list', () => {
  it('shows each record with its place and its reason', async () => {
    const one = project();
    await one.run();
    const list = await listQuarantine(one.context(), { limit: 2 });
    expect(list).toMatchObject({ action: 'list', quarantined: 3, tried: 0, landed: 0, records_listed: 2 });
    expect(list.records[0]).toMatchObject({ partition: 'data/a.ndjson', offset: 24, raw: JSON.stringify(LARGE[24]) });
    expect(list.records[0]?.reason).toContain('does not fit decimal(4,2)');
  });
});

describe('quarantine retry', () => {
  it('lets nothing land by the same schema', async () => {
    const one = project();
    await one.run();
    expect(await retry(one)).toMatchObject({ tried: 3, landed: 0, quarantined: 3 });
    expect(only((await one.run()).comparisons).reused_from).toBe('1');
  });

  it('makes events of what fits by now, on both sides', async () => {
    const one = project();
    const before = only((await one.run()).comparisons);
    expect(before).toMatchObject({ verdict: 'pass', quarantined: 3 });
    widen(one);
    expect(await retry(one)).toMatchObject({ action: 'retry', tried: 3, landed: 3, quarantined: 0, records: [] });
    // The cut is the same as before, its content is not: nothing of the former result may be taken over.
    const after = only((await one.run()).comparisons);
    expect(after).toMatchObject({ verdict: 'pass', quarantined: 0, reused_from: null, cut: before.cut });
    expect(await one.side('stream')).toEqual(await one.side('batch'));
    expect(only(await one.query(`SELECT sum(n) AS n FROM cutover_stream.totals`))['n']).toBe('30');
    await landedOnce(one);
    expect(await retry(one)).toMatchObject({ tried: 0, landed: 0 });
  });

  it('takes one record alone, and leaves what does not fit with its present reason', async () => {
    const one = project();
    const broken = [...LARGE.slice(0, 14), { ...LARGE[14], amount: 'a lot' }, ...LARGE.slice(15)];
    one.ndjson('a.ndjson', broken);
    await one.run();
    widen(one);
    const place = { partition: 'data/a.ndjson', offset: 4 };
    expect(await retry(one, place)).toMatchObject({ tried: 1, landed: 1, quarantined: 2 });
    expect((await failure(retry(one, place))).code).toBe('QUARANTINE_NOT_FOUND');
    expect((await failure(retry(one, { partition: 'data/b.ndjson', offset: 4 }))).code).toBe('QUARANTINE_NOT_FOUND');
    const rest = await retry(one);
    expect(rest).toMatchObject({ tried: 2, landed: 1, quarantined: 1 });
    expect(only(rest.records).reason).toContain('does not fit decimal(18,2)');
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', quarantined: 1, reused_from: null });
  });

  it('arrives now: a rebuild and a replay see it last', async () => {
    const first = {
      batch: { replay: true },
      stream: {
        setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, id BIGINT)',
        sql: `INSERT INTO totals SELECT 'first', min(id) FROM batch_events ON CONFLICT DO NOTHING;
              INSERT INTO totals AS t SELECT 'last', max(id) FROM batch_events ON CONFLICT (k) DO UPDATE SET id = excluded.id`,
      },
    };
    const one = project(totals(first));
    one.ndjson('a.ndjson', [{ ...LARGE[4], id: 100 }, ...LARGE.slice(0, 4)]);
    await one.run();
    widen(one, totals(first));
    await retry(one);
    const expected = [
      { k: 'first', id: '0' },
      { k: 'last', id: '100' },
    ];
    expect(await one.side('stream')).toEqual(expected);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', keys_compared: 2 });
    await rebuild(one.context(), 'totals');
    expect(await one.side('stream')).toEqual(expected);
  });

  it('is followed by a comparison of everything, with `partition_by` too', async () => {
    const daily = totals({
      key: ['day', 'k'],
      batch: { sql: 'SELECT day, k, count(*) AS n FROM events GROUP BY day, k', partition_by: 'day' },
      stream: {
        sql: 'INSERT INTO totals AS t SELECT day, k, count(*) FROM batch_events GROUP BY day, k ON CONFLICT (day, k) DO UPDATE SET n = t.n + excluded.n',
      },
    });
    const one = project(daily);
    await one.run();
    widen(one, daily);
    await retry(one);
    // Another day than those of the retried events: a partial comparison would not look at theirs.
    one.append('a.ndjson', [{ id: 30, k: 'k0', day: '2026-02-01', amount: '1.00' }]);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', scope: { full: true } });
    expect(await one.side('batch')).toEqual(await one.side('stream'));
  });

  it.each(['snapshot', 'copy'])(
    'between the cut and the batch job of a cycle held by %s makes no difference',
    async (hold) => {
      const pipelines = totals({
        batch: {
          sql: `SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY k`,
          hold,
        },
      });
      const one = project(pipelines);
      await one.run();
      one.append('a.ndjson', [{ id: 30, k: 'k0', day: '2026-02-01', amount: '1.00' }]);
      widen(one, pipelines);
      expect(await besideCycle(one, 'cut taken', 3)).toMatchObject({ verdict: 'pass', quarantined: 3 });
      expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', quarantined: 0, reused_from: null });
      expect(await one.side('batch')).toEqual(await one.side('stream'));
    },
  );

  it('refuses while a stream job is another than the one that wrote its table', async () => {
    const one = project();
    await one.run();
    widen(one, totals({ stream: { setup: SETUP_SQL, sql: 'DELETE FROM totals' } }));
    expect((await failure(retry(one))).code).toBe('STREAM_JOB_CHANGED');
    expect(await listQuarantine(one.context(), { limit: 1 })).toMatchObject({ quarantined: 3 });
  });

  it('changes nothing when a stream job fails', async () => {
    const stream = {
      setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(6,2))',
      sql: `INSERT INTO totals AS t SELECT k, count(*), sum(amount) FROM batch_events GROUP BY k
            ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total`,
    };
    const one = project(totals({ stream }));
    one.append('a.ndjson', [{ id: 30, k: 'k0', day: '2026-02-01', amount: '99999.00' }]);
    await one.run();
    const before = await one.side('stream');
    widen(one, totals({ stream }));
    expect((await failure(retry(one))).code).toBe('SQL_FAILED');
    expect(await one.side('stream')).toEqual(before);
    expect(await listQuarantine(one.context(), { limit: 1 })).toMatchObject({ quarantined: 4 });
  });

  it('says that the file of a CSV record is gone', async () => {
    const one = project();
    one.configure({ ...LIMIT, log: { path: 'data/*.csv', schema: NARROW }, pipelines: totals() });
    writeFileSync(join(one.root, 'data/a.csv'), 'id;k;day;amount\n1;a;2026-01-01;1.00\n2;b;2026-01-01;1234.25\n');
    await one.run();
    one.configure({ ...LIMIT, log: { path: 'data/*.csv', schema: WIDE }, pipelines: totals() });
    writeFileSync(join(one.root, 'data/b.csv'), 'id,k,day,amount\n');
    rmSync(join(one.root, 'data/a.csv'));
    expect((await failure(retry(one))).code).toBe('LOG_FILE_GONE');
  });
});
