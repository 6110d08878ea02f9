import { describe, expect, it } from 'vitest';
import { askGate } from '../../src/app/gate.js';
import { rebuild } from '../../src/app/rebuild.js';
import { storedReport } from '../../src/app/report.js';
import { runForever } from '../../src/app/run.js';
import {
  BATCH_SQL,
  HandClock,
  MINUTE,
  STREAM_SQL,
  type TestProject,
  testProjects,
  events,
  expectedTotals,
  failure,
  only,
  totals,
  until,
  type ConfigInput,
} from './project.js';

const newProject = testProjects();

function project(pipelines: ConfigInput['pipelines'] = totals(), clock = new HandClock()): TestProject {
  const made = newProject({ pipelines }, clock);
  made.ndjson('a.ndjson', ALL);
  return made;
}

const ALL = events(40);

/** Changes the store behind the product's back. */
async function poison(one: TestProject, sql: string): Promise<void> {
  expect(await one.execute(sql)).toBeGreaterThan(0);
}

describe('when nothing arrived', () => {
  it('a run takes the last result over and runs no job; compare computes anew', async () => {
    const one = project();
    const first = only((await one.run()).comparisons);
    // Were the job or the comparison done again, this would show.
    await poison(one, `UPDATE cutover_batch.totals SET n = 99 WHERE k = 'k1'`);
    const points: string[] = [];
    const second = only(
      (
        await one.run({
          reached: (point) => {
            points.push(point);
            return Promise.resolve();
          },
        })
      ).comparisons,
    );
    expect(second).toMatchObject({
      verdict: 'pass',
      matched: 10,
      reused_from: first.comparison_id,
      plan: { strategy: 'reused' },
    });
    expect(second.comparison_id).not.toBe(first.comparison_id);
    expect(points).not.toContain('sides compared');
    // A third refers to the first, which was really made.
    expect(only((await one.run()).comparisons).reused_from).toBe(first.comparison_id);
    const forced = await one.compare();
    expect(forced).toMatchObject({ verdict: 'pass', reused_from: null });
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it('a comparison made anew sees what changed behind its back', async () => {
    const one = project();
    await one.run();
    await poison(one, `UPDATE cutover_stream.totals SET n = 99 WHERE k = 'k1'`);
    expect(await one.compare()).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
  });

  it('changed rules or batch SQL are not reused', async () => {
    const one = project();
    await one.run();
    one.configure({ pipelines: totals({ compare: { columns: { total: { absolute: '0.5', because: 'test' } } } }) });
    expect(only((await one.run()).comparisons).reused_from).toBeNull();
    one.configure({ pipelines: totals({ batch: { sql: BATCH_SQL.replace('sum(amount)', 'sum(amount) + 1') } }) });
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'fail',
      value_mismatch: 10,
      reused_from: null,
    });
  });
});

describe('what the comparison finds', () => {
  it('all five kinds, exactly', async () => {
    const one = project({
      t: {
        key: 'k',
        batch: {
          sql: `SELECT * FROM (VALUES ('same', 1), ('gone', 1), ('differs', 1), ('twice', 1), ('twice', 1), (NULL, 1)) v(k, x)`,
        },
        stream: {
          setup: 'CREATE TABLE t (k TEXT, x INTEGER)',
          sql: `DELETE FROM t; INSERT INTO t VALUES ('same', 1), ('differs', 2), ('twice', 1), ('extra', 1)`,
        },
      },
    });
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({
      verdict: 'fail',
      keys_compared: 5,
      matched: 1,
      missing_in_stream: 1,
      missing_in_batch: 1,
      value_mismatch: 1,
      duplicate_key: 1,
      null_key: 1,
      discrepancies_listed: 5,
    });
    expect(comparison.discrepancies.map(({ key, kind }) => [key['k'], kind]).sort()).toEqual(
      [
        ['gone', 'missing_in_stream'],
        ['extra', 'missing_in_batch'],
        ['differs', 'value_mismatch'],
        ['twice', 'duplicate_key'],
        [null, 'null_key'],
      ].sort(),
    );
    const gate = await askGate(one.context(), 't', 'advance');
    expect(gate.verdict).toBe('fail');
  });

  it('rules: absolute, relative, ignore until a day, null_equals, set', async () => {
    const row = (values: string): string => `SELECT * FROM (VALUES ${values}) v(k, a, r, i, z, e, s)`;
    const batch = row(
      `('x', 1.00, 100.0::DOUBLE PRECISION, 'b', 0, '', ARRAY['p', 'q']), ('y', 1.00, 100.0::DOUBLE PRECISION, 'b', 0, '', ARRAY['p'])`,
    );
    const stream = row(
      `('x', 1.05, 100.5::DOUBLE PRECISION, 's', NULL, NULL, ARRAY['q', 'p', 'q']), ('y', 1.00, 100.0::DOUBLE PRECISION, 'b', 0, '', ARRAY['p'])`,
    );
    const config = (until: string): ConfigInput['pipelines'] => ({
      t: {
        key: 'k',
        batch: { sql: batch },
        stream: { sql: `DELETE FROM t; INSERT INTO t ${stream};` },
        compare: {
          columns: {
            a: { absolute: '0.05', because: 'test' },
            r: { relative: 0.01, because: 'test' },
            i: { ignore: true, because: 'test', until },
            z: { null_equals: 'zero' },
            e: { null_equals: 'empty' },
            s: { set: true },
          },
        },
      },
    });
    const clock = new HandClock('2026-03-01T23:59:00Z');
    const one = project(config('2026-03-01'), clock);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', value_mismatch: 0, keys_compared: 2 });
    clock.advance(2 * MINUTE);
    // The day has passed: the same cut is compared again and the column counts.
    const later = only((await one.run()).comparisons);
    expect(later).toMatchObject({ verdict: 'fail', value_mismatch: 1, matched: 1 });
    expect(Object.keys(only(later.discrepancies).columns)).toEqual(['i']);
    expect(later.notes.join()).toContain('2026-03-01');
  });

  it('an empty side is inconclusive, two empty sides too', async () => {
    const nothing = project(totals({ stream: { sql: `DELETE FROM totals` } }));
    expect((await nothing.run()).verdict).not.toBe('pass');
    const empty = project(
      totals({
        batch: { sql: BATCH_SQL.replace('GROUP', 'WHERE false GROUP') },
        stream: { sql: 'DELETE FROM totals' },
      }),
    );
    expect(await empty.run()).toMatchObject({ verdict: 'inconclusive' });
    expect((await askGate(empty.context(), 'totals', 'advance')).verdict).not.toBe('pass');
  });

  it('publishes another shape of the batch table, and the served view follows', async () => {
    const one = project(
      totals({
        stream: {
          sql: STREAM_SQL,
          setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2), extra INTEGER)',
        },
      }),
    );
    await one.run();
    expect(Object.keys((await one.query('SELECT * FROM main.totals'))[0] ?? {})).toEqual(['k', 'n', 'total']);
    const parts = totals({
      batch: { sql: BATCH_SQL.replace(' FROM', ', NULL::INTEGER AS extra FROM') },
      stream: {
        sql: STREAM_SQL,
        setup: 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2), extra INTEGER)',
      },
    });
    one.configure({ pipelines: parts });
    expect(await one.compare()).toMatchObject({ verdict: 'pass' });
    expect(Object.keys((await one.query('SELECT * FROM main.totals'))[0] ?? {})).toEqual(['k', 'n', 'total', 'extra']);
  });
});

describe('partition_by', () => {
  const daily = (): ConfigInput['pipelines'] => ({
    daily: {
      key: ['day', 'k'],
      batch: {
        sql: 'SELECT day, k, count(*) AS n FROM events GROUP BY day, k',
        partition_by: { column: 'day', full_every: '60m' },
      },
      stream: {
        sql: 'INSERT INTO daily AS t SELECT day, k, count(*) FROM batch_events GROUP BY day, k ON CONFLICT (day, k) DO UPDATE SET n = t.n + excluded.n',
      },
      gate: { consecutive_passes: 1 },
    },
  });

  const late = (id: number): object => ({ id, k: 'k1', day: '2026-01-02', amount: '1.00' });

  it('computes and compares the touched partitions only, until a full one is due', async () => {
    const clock = new HandClock();
    const one = project(daily(), clock);
    expect(only((await one.run()).comparisons).scope).toEqual({ full: true });
    await poison(one, `UPDATE cutover_stream.daily SET n = n + 1 WHERE day = '2026-01-04'`);
    one.append('a.ndjson', [late(40)]);
    clock.advance(MINUTE);
    const partial = only((await one.run()).comparisons);
    // The poisoned partition was not touched by an event: a partial comparison does not look there.
    expect(partial).toMatchObject({ verdict: 'pass', scope: { full: false, partition_column: 'day', partitions: 1 } });
    const inDay = Number(
      (await one.query(`SELECT count(*) AS n FROM cutover_batch.daily WHERE day = '2026-01-02'`))[0]?.['n'],
    );
    expect(partial.keys_compared).toBe(inDay);
    clock.advance(60 * MINUTE);
    one.append('a.ndjson', [late(41)]);
    const full = only((await one.run()).comparisons);
    expect(full).toMatchObject({ verdict: 'fail', scope: { full: true } });
    expect(full.value_mismatch).toBeGreaterThan(0);
    // What is open elsewhere keeps the next partial one from a pass.
    one.append('a.ndjson', [late(42)]);
    clock.advance(MINUTE);
    const after = only((await one.run()).comparisons);
    expect(after).toMatchObject({ verdict: 'fail', value_mismatch: 0, scope: { full: false } });
    expect(after.reasons.join()).toMatch(/other partitions/);
  });

  it('leaves the other partitions of the batch table as they are', async () => {
    const one = project(daily());
    await one.run();
    await poison(one, `UPDATE cutover_batch.daily SET n = 77 WHERE day = '2026-01-04'`);
    one.append('a.ndjson', [late(40), late(41)]);
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    const others = `SELECT DISTINCT n FROM cutover_batch.daily WHERE day = '2026-01-04'`;
    expect(await one.query(others)).toEqual([{ n: '77' }]);
    expect(await one.compare('daily')).toMatchObject({ verdict: 'pass', scope: { full: true } });
    expect(await one.query(others)).not.toContainEqual({ n: '77' });
  });
});

/** `spread` reads `totals`, on each side its own. */
function chained(stream = STREAM_SQL): ConfigInput['pipelines'] {
  return {
    ...totals({ stream: { sql: stream } }),
    spread: {
      key: 'n',
      after: ['totals'],
      batch: { sql: 'SELECT n, count(*) AS keys FROM totals GROUP BY n' },
      stream: { sql: 'DELETE FROM spread; INSERT INTO spread SELECT n, count(*) FROM totals GROUP BY n;' },
      gate: { consecutive_passes: 1 },
    },
  };
}

describe('pipelines that read others', () => {
  it('are compared at the same cut, each side with its own', async () => {
    const one = project(chained());
    const [first, second] = (await one.run()).comparisons;
    expect([first?.pipeline, second?.pipeline]).toEqual(['totals', 'spread']);
    expect(second).toMatchObject({ verdict: 'pass', cut: first?.cut });
    await poison(one, `UPDATE cutover_stream.totals SET n = 7 WHERE k = 'k1'`);
    one.append('a.ndjson', events(1, 40));
    expect((await one.run()).comparisons.map(({ verdict }) => verdict)).toEqual(['fail', 'fail']);
  });

  it('a changed stream job is refused by run and compare, for readers too, until it is rebuilt', async () => {
    const one = project(chained(STREAM_SQL.replace('count(*)', 'count(*) + 1')));
    expect((await one.run()).verdict).toBe('fail');
    one.configure({ pipelines: chained() });
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
    expect((await failure(one.compare('totals'))).code).toBe('STREAM_JOB_CHANGED');
    expect((await failure(one.compare('spread'))).code).toBe('STREAM_JOB_CHANGED');
    const rebuilt = await rebuild(one.context(), 'spread');
    expect(rebuilt).toMatchObject({ pipelines: ['totals', 'spread'], events: 40, cut: { 0: '40' } });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 0 });
    expect(
      await one.query(`SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%rebuild%'`),
    ).toEqual([]);
  });

  it('one that fails does not keep what it reads from being compared, nor its older pass from being outdated', async () => {
    const good = chained();
    const bad = {
      ...good,
      spread: { ...good['spread'], batch: { sql: 'SELECT n, 1 / (n - n) AS keys, nothing FROM totals' } },
    };
    const one = project(good);
    await one.run();
    one.configure({ pipelines: bad });
    one.append('a.ndjson', events(1, 40));
    expect((await failure(one.run())).code).toBe('SQL_FAILED');
    expect(await storedReport(one.context(), 'totals', { limit: 1 })).toMatchObject({
      verdict: 'pass',
      cut: { 0: '41' },
    });
    expect((await storedReport(one.context(), 'spread', { limit: 1 })).verdict).toBe('error');
    one.configure({ pipelines: good });
    await one.run();
    one.configure({ pipelines: bad });
    expect((await failure(one.compare('spread'))).code).toBe('SQL_FAILED');
    expect((await storedReport(one.context(), 'spread', { limit: 1 })).verdict).toBe('error');
  });

  it('a pipeline added later is built from the landing', async () => {
    const one = project();
    await one.run();
    one.configure({ pipelines: chained() });
    one.append('a.ndjson', events(5, 40));
    const summary = await one.run();
    expect(summary).toMatchObject({ verdict: 'pass', events: 5 });
    expect(summary.comparisons.map(({ pipeline }) => pipeline)).toEqual(['totals', 'spread']);
    expect(await one.side('stream')).toEqual(expectedTotals(events(45)));
  });
});

describe('schedules', () => {
  it('cycles come when they are due, and missed ones are not piled up', async () => {
    const clock = new HandClock('2026-03-01T00:07:00Z');
    const one = project(totals({ batch: { sql: BATCH_SQL, cron: '*/15 * * * *' } }), clock);
    const stop = new AbortController();
    const started: string[] = [];
    const running = runForever(one.context({ signal: stop.signal }), {
      limit: 1,
      onComparison: ({ started_at: at }) => started.push(at),
      onCanary: () => undefined,
    });
    const move = async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes; i++) {
        clock.advance(MINUTE);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await until(() => started.length === 1);
    await move(7);
    expect(started).toHaveLength(1);
    await move(2);
    await until(() => started.length === 2);
    // Three hours in which nothing could run are one cycle, not twelve.
    clock.advance(180 * MINUTE);
    await until(() => started.length === 3);
    await move(3);
    expect(started).toHaveLength(3);
    stop.abort();
    await running;
    expect(started[0]).toBe('2026-03-01T00:07:00.000Z');
  });
});
