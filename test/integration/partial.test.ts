import { describe, expect, it } from 'vitest';
import { HandClock, STREAM_SQL, type TestProject, testProjects, only, totals, type Event } from './project.js';

const newProject = testProjects();

function project(pipelines: Record<string, object>, clock = new HandClock()): TestProject {
  const made = newProject({ pipelines }, clock);
  return made;
}

function event(id: number, k: string, day: string): Event {
  return { id, k, day, amount: '1.00' };
}

/** Per day and key; `wrongFrom` makes the stream count events from that id on twice. */
function daily(parts: object = {}, batch: object = {}, wrongFrom = 1000): Record<string, object> {
  return totals({
    key: ['day', 'k'],
    batch: { sql: 'SELECT day, k, count(*) AS n FROM events GROUP BY day, k', partition_by: 'day', ...batch },
    stream: {
      sql: `INSERT INTO totals AS t SELECT day, k, sum(CASE WHEN id >= ${wrongFrom} THEN 2 ELSE 1 END)
            FROM batch_events GROUP BY day, k ON CONFLICT (day, k) DO UPDATE SET n = t.n + excluded.n`,
    },
    ...parts,
  });
}

const FIRST = [event(1, 'a', '2026-01-01'), event(2, 'b', '2026-01-02')];
const TOLERANT = { compare: { columns: { n: { absolute: 5, because: 'late', until: '2026-03-01' } } } };

describe('a partial comparison', () => {
  it('covers only what was touched', async () => {
    const one = project(daily());
    one.ndjson('a.ndjson', FIRST);
    await one.run();
    one.append('a.ndjson', [event(3, 'b', '2026-01-02')]);
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'pass',
      keys_compared: 1,
      scope: { full: false },
    });
  });

  it('covers the newest partitions besides, as many as `lookback` says, whatever touched them', async () => {
    const rate = {
      batch: 'SELECT day, k, count(*) * (SELECT max(rate) FROM rates.now) AS n FROM events GROUP BY day, k',
    };
    const days = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04'];
    for (const { lookback, restated } of [
      { lookback: 0, restated: ['2026-01-01'] },
      { lookback: 2, restated: ['2026-01-01', '2026-01-03', '2026-01-04'] },
      { lookback: 4, restated: days },
    ]) {
      const one = project(daily({}, { sql: rate.batch, partition_by: { column: 'day', lookback } }));
      one.ndjson('a.ndjson', [...days.map((day, n) => event(n, 'a', day)), event(9, 'b', '2026-01-04')]);
      await one.execute('CREATE SCHEMA rates');
      await one.execute('CREATE TABLE rates.now AS SELECT CAST(1 AS BIGINT) AS rate');
      expect(only((await one.run()).comparisons).verdict).toBe('pass');
      // What is not an event changes: only what is computed again shows it.
      await one.execute('UPDATE rates.now SET rate = 7');
      one.append('a.ndjson', [event(20, 'a', '2026-01-01')]);
      const comparison = only((await one.run()).comparisons);
      expect(comparison.scope).toEqual({ full: false, partition_column: 'day', partitions: restated.length });
      const rows = await one.side('batch');
      const changed = new Set(rows.filter(({ n }) => Number(n) >= 7).map(({ day }) => String(day)));
      expect([...changed].sort()).toEqual(restated);
    }
  });

  it('gives way to a full one when the rules changed, with or without new events', async () => {
    const one = project(daily(TOLERANT, {}, 1));
    one.ndjson('a.ndjson', FIRST);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', tolerated: 2 });
    one.configure({ pipelines: daily({}, {}, 1) });
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'fail',
      value_mismatch: 2,
      scope: { full: true },
    });
  });

  it('gives way to a full one when the batch table has other columns', async () => {
    const one = project(daily());
    one.ndjson('a.ndjson', FIRST);
    await one.run();
    await one.query('ALTER TABLE cutover_batch.totals ADD COLUMN note VARCHAR');
    one.append('a.ndjson', [event(3, 'b', '2026-01-02')]);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', scope: { full: true } });
    expect(await one.side('batch')).toHaveLength(2);
  });

  it('gives way to a full one when a rule has ended', async () => {
    const clock = new HandClock('2026-03-01T23:00:00Z');
    const one = project(daily(TOLERANT, {}, 1), clock);
    one.ndjson('a.ndjson', FIRST);
    expect(only((await one.run()).comparisons).verdict).toBe('pass');
    clock.advance(2 * 3_600_000);
    one.append('a.ndjson', [event(3, 'b', '2026-01-02')]);
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'fail',
      value_mismatch: 2,
      scope: { full: true },
    });
  });

  it('is never one of nothing: a new day without events compares everything', async () => {
    const clock = new HandClock('2026-03-01T23:00:00Z');
    const one = project(daily(), clock);
    one.ndjson('a.ndjson', FIRST);
    await one.run();
    clock.advance(2 * 3_600_000);
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'pass',
      keys_compared: 2,
      scope: { full: true },
    });
  });

  it('gives way to a full one when `from` gives values that the column does not hold', async () => {
    const sql = `SELECT CAST(date_trunc('month', day) AS DATE) AS day, k, count(*) AS n FROM events GROUP BY 1, 2`;
    const stream = `INSERT INTO totals AS t SELECT CAST(date_trunc('month', day) AS DATE), k, sum(CASE WHEN id >= 3 THEN 2 ELSE 1 END)
                    FROM batch_events GROUP BY 1, 2 ON CONFLICT (day, k) DO UPDATE SET n = t.n + excluded.n`;
    const one = project(daily({ stream: { sql: stream } }, { sql }));
    one.ndjson('a.ndjson', FIRST);
    expect(only((await one.run()).comparisons).verdict).toBe('pass');
    // The first of a month is its own month, so that one of the two partitions is found.
    one.append('a.ndjson', [event(3, 'b', '2026-01-31'), event(4, 'c', '2026-02-01')]);
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'fail',
      value_mismatch: 2,
      scope: { full: true },
    });
  });

  it('leaves no second row of a key that moved to another partition', async () => {
    const one = project(
      totals({
        batch: { sql: 'SELECT k, max(day) AS day, count(*) AS n FROM events GROUP BY k', partition_by: 'day' },
        stream: {
          sql: `INSERT INTO totals AS t SELECT k, max(day), count(*) FROM batch_events GROUP BY k
                ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, day = greatest(t.day, excluded.day)`,
        },
      }),
    );
    one.ndjson('a.ndjson', FIRST);
    await one.run();
    one.append('a.ndjson', [event(3, 'a', '2026-01-05')]);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', scope: { full: false } });
    expect(await one.side('batch')).toEqual(await one.side('stream'));
  });
});

describe('a reused comparison', () => {
  it('is judged anew when the limits changed', async () => {
    const limit = (rate: number): Record<string, object> => daily({ gate: { max_mismatch_rate: rate } }, {}, 2);
    const one = project(limit(0.5));
    one.ndjson('a.ndjson', FIRST);
    expect(only((await one.run()).comparisons).verdict).toBe('pass');
    expect(only((await one.run()).comparisons).reused_from).toBe('1');
    one.configure({ pipelines: limit(0.1) });
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'fail', reused_from: null });
    one.configure({ pipelines: limit(0.5) });
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', reused_from: null });
  });
});

describe('pipelines beside each other', () => {
  const named = (name: string, batch: string): Record<string, object> => ({
    [name]: { ...totals()['totals'], batch: { sql: batch }, stream: { sql: STREAM_SQL.replace('totals', name) } },
  });
  const good = 'SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY k';

  it('are compared even when the job of another fails, and the failure is stored', async () => {
    const bad = good.replace('count(*)', "CAST(k || 'x' AS BIGINT)");
    const one = project({ ...named('bad', bad), ...named('good', good) });
    one.ndjson('a.ndjson', FIRST);
    await expect(one.run()).rejects.toThrow(/Could not convert|invalid input syntax for type bigint/);
    expect(await one.query('SELECT pipeline, verdict FROM cutover.comparisons ORDER BY id')).toEqual([
      { pipeline: 'bad', verdict: 'error' },
      { pipeline: 'good', verdict: 'pass' },
    ]);
  });

  it('must be rebuilt after they missed events', async () => {
    const both = { ...named('one', good), ...named('two', good) };
    const one = project(both);
    one.ndjson('a.ndjson', FIRST);
    await one.run();
    one.configure({ pipelines: named('one', good) });
    one.append('a.ndjson', [event(3, 'a', '2026-01-05')]);
    await one.run();
    one.configure({ pipelines: both });
    await expect(one.run()).rejects.toThrow(/two was not configured while events were taken in/);
  });
});
