import { describe, expect, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { doctor } from '../../src/app/doctor.js';
import { askGate } from '../../src/app/gate.js';
import { rebuild } from '../../src/app/rebuild.js';
import { routeKey } from '../../src/app/route.js';
import { withProject } from '../../src/app/open.js';
import { systemClock } from '../../src/cli/clock.js';
import type { Comparison } from '../../src/model/comparison.js';
import { BATCH_SQL, events, failure, only, STREAM_SQL, testProjects, totals, type TestProject } from './project.js';

const newProject = testProjects();

const ALL = events(40);

/** A project whose store has `script` run in it before its first cycle, and no waiting but in real time. */
async function made(pipelines: object, script: string, log: object = {}): Promise<TestProject> {
  const one = newProject({ ...log, pipelines: pipelines as Record<string, object> }, systemClock);
  one.ndjson('a.ndjson', ALL);
  await withProject(one.context(), ({ session }) => session.script(`CREATE SCHEMA ext; ${script}`));
  return one;
}

const sqlOf = (n: number): string =>
  `SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM (VALUES ${ALL.slice(0, n)
    .map(({ k, amount }) => `('${k}', CAST('${amount}' AS DECIMAL(18,2)))`)
    .join(', ')}) v (k, amount) GROUP BY k`;

/** What a job of somebody else made of the first `n` events, with its progress. */
const outputOf = (n: number, table = 'ext.totals'): string =>
  `CREATE TABLE ${table} AS ${sqlOf(n)}; CREATE TABLE ${table}_progress AS SELECT 'data/a.ndjson' AS partition, ${n} AS next_offset;`;

const progress = (table = 'ext.totals', wait = '100ms'): object => ({
  external: { table, align: { progress: { table: `${table}_progress`, wait } } },
});
const settle = (table: string, parts: object = {}): object => ({
  external: { table, align: { settle: { delay: '20ms', ...parts } } },
});

describe('an external stream side that names its progress', () => {
  it('is compared with the batch job at exactly these offsets', async () => {
    const one = await made(totals({ stream: progress() }), outputOf(30));
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({
      verdict: 'pass',
      cut: { '0': '30' },
      alignment: { method: 'progress', exact: true, detail: 'both sides reflect data/a.ndjson to 30' },
      keys_compared: 10,
      matched: 10,
    });
    // The table moves on, and the next cycle with it.
    await one.execute('DELETE FROM ext.totals');
    await one.execute(`INSERT INTO ext.totals ${sqlOf(40)}`);
    expect(await one.compare()).toMatchObject({ verdict: 'fail', cut: { '0': '30' } });
    await one.execute('UPDATE ext.totals_progress SET next_offset = 40');
    expect(await one.compare()).toMatchObject({ verdict: 'pass', cut: { '0': '40' } });
  });

  it('is waited for while cutover has not read that far, and then is inconclusive with the numbers', async () => {
    const one = await made(
      totals({ stream: progress() }),
      `${outputOf(40)} UPDATE ext.totals_progress SET next_offset = 41; INSERT INTO ext.totals_progress VALUES ('data/b.ndjson', 5);`,
    );
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'inconclusive', keys_compared: 0 });
    expect(only(comparison.reasons)).toBe(
      'the stream side of totals reflects events that cutover has not read yet: data/a.ndjson to 41, landed are 40; data/b.ndjson to 5, landed are 0; cutover has read nothing of data/b.ndjson, the partitions it knows are data/a.ndjson (waited 100ms)',
    );
    expect((await askGate(one.context(), 'totals', 'advance')).verdict).toBe('inconclusive');
  });

  it.each([
    ['no rows', 'DELETE FROM ext.totals_progress', null],
    [
      'a partition twice',
      `INSERT INTO ext.totals_progress VALUES ('data/a.ndjson', 1)`,
      'names the partition data/a.ndjson twice',
    ],
    ['no offset', 'UPDATE ext.totals_progress SET next_offset = NULL', 'gives NULL as the offset of data/a.ndjson'],
    ['a negative offset', 'UPDATE ext.totals_progress SET next_offset = -1', 'gives "-1" as the offset'],
    ['no name', 'UPDATE ext.totals_progress SET partition = NULL', 'has a row without the name of a partition'],
    ['no table', 'DROP TABLE ext.totals_progress', 'cannot be read'],
  ])('with %s is never compared', async (_, change, message) => {
    const one = await made(totals({ stream: progress() }), `${outputOf(30)} ${change};`);
    if (message === null) {
      const comparison = only((await one.run()).comparisons);
      expect(comparison.verdict).toBe('inconclusive');
      expect(comparison.reasons[0]).toContain('the stream side names no offsets that it reflects yet');
      return;
    }
    const error = await failure(one.run());
    expect(error.code).toBe('EXTERNAL_PROGRESS');
    expect(error.message).toContain(message);
    expect((await askGate(one.context(), 'totals', 'advance')).verdict).toBe('error');
  });
});

describe('an external batch side that names its progress', () => {
  it('is compared with the stream when that stands there', async () => {
    const one = await made(totals({ batch: progress() }), outputOf(40));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', cut: { '0': '40' }, matched: 10 });
    one.append('a.ndjson', events(3, 40));
    const comparison = only((await one.run()).comparisons);
    expect(comparison.verdict).toBe('inconclusive');
    expect(comparison.reasons[0]).toContain('the sides reflect other offsets: data/a.ndjson: batch 40, stream 43');
  });
});

describe('two external sides', () => {
  const both = { batch: progress('ext.b'), stream: progress('ext.s') };

  it('are compared where both name the same offsets, without a log', async () => {
    const one = await made(totals(both), outputOf(40, 'ext.b') + outputOf(40, 'ext.s'), { log: undefined });
    const run = await one.run();
    expect(run).toMatchObject({ verdict: 'pass', events: 0 });
    expect(only(run.comparisons)).toMatchObject({ cut: { '0': '40' }, matched: 10 });
    // The same offsets again are no new evidence.
    await one.execute('UPDATE ext.s SET n = n + 1');
    expect(await one.compare()).toMatchObject({ verdict: 'fail', value_mismatch: 10 });
    await one.execute(`UPDATE ext.s_progress SET next_offset = 39`);
    expect((await one.compare()).reasons[0]).toContain('data/a.ndjson: batch 40, stream 39');
    await one.execute(`INSERT INTO ext.s_progress VALUES ('data/b.ndjson', 7)`);
    expect((await one.compare()).reasons[0]).toContain('data/b.ndjson: batch none, stream 7');
  });

  it('are gated, routed and served like any other, and the gate says what is not exact', async () => {
    const one = await made(
      totals({
        batch: settle('ext.b'),
        stream: settle('ext.s'),
        canary: { steps: [50, 100], dwell: { cycles: 0 } },
      }),
      outputOf(40, 'ext.b') + outputOf(40, 'ext.s'),
      { log: undefined },
    );
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'pass',
      alignment: { method: 'settle', exact: false },
      matched: 10,
    });
    const gate = await askGate(one.context(), 'totals', 'advance');
    expect(gate.verdict).toBe('pass');
    expect(gate.criteria).toContainEqual({
      name: 'alignment',
      verdict: 'pass',
      observed: 'settle, not exact',
      required: 'any',
    });
    expect(gate.reasons[0]).toContain('the evidence is not exact: comparison 1 is aligned by settle');
    expect(await canaryAction(one.context(), 'totals', 'start', {})).toMatchObject({ applied: true });
    await one.execute('UPDATE ext.s SET n = n + 1000');
    const rows = await one.query('SELECT k, n FROM main.totals ORDER BY k');
    const fromStream = rows.filter(({ n }) => Number(n) >= 1000).map(({ k }) => String(k));
    expect(rows).toHaveLength(10);
    expect(fromStream.length).toBeGreaterThan(0);
    expect(fromStream.length).toBeLessThan(10);
    for (const { k } of rows) {
      const { side } = await routeKey(one.context(), 'totals', String(k));
      expect(side).toBe(fromStream.includes(String(k)) ? 'stream' : 'batch');
    }
    // At the same tables nothing new is proven; other ones are.
    const standing = await one.compare();
    expect(standing.verdict).toBe('fail');
    await one.execute('UPDATE ext.s SET n = n - 1000');
    await one.compare();
    const again = await askGate(one.context(), 'totals', 'advance');
    expect(again.criteria.find(({ name }) => name === 'consecutive_passes')?.observed).toBe(1);
  });

  it('that are the same rows are refused', async () => {
    const one = await made(
      totals({ batch: settle('ext.b'), stream: settle('ext.v') }),
      `${outputOf(40, 'ext.b')} CREATE VIEW ext.v AS SELECT * FROM ext.b;`,
      { log: undefined },
    );
    const error = await failure(one.run());
    expect([error.code, error.message]).toEqual([
      'EXTERNAL_TABLE',
      "totals: ext.v of the stream side shows rows of ext.b, which is the other side's or cutover's own",
    ]);
  });

  it('that are not there, or lack a key, are named', async () => {
    const one = await made(totals({ batch: settle('ext.b'), stream: settle('ext.s') }), outputOf(40, 'ext.b'), {
      log: undefined,
    });
    const error = await failure(one.compare());
    expect(error.code).toBe('EXTERNAL_TABLE');
    expect(error.message).toContain('the table ext.s of the stream side cannot be read');
    await one.execute('CREATE TABLE ext.s AS SELECT n, total FROM ext.b');
    expect((await failure(one.compare())).code).toBe('KEY_COLUMN_MISSING');
    const { checks } = await doctor(one.context());
    expect(checks.find(({ name }) => name === 'totals: external tables')).toMatchObject({ status: 'fail' });
  });

  it('cannot be rebuilt', async () => {
    const one = await made(totals(both), outputOf(40, 'ext.b') + outputOf(40, 'ext.s'));
    expect((await failure(rebuild(one.context(), 'totals'))).code).toBe('EXTERNAL_SIDE');
  });
});

describe('a batch job beside an external stream', () => {
  it('may not read the stream table', async () => {
    const one = await made(
      totals({ batch: { sql: 'SELECT k, n, total FROM ext.totals' }, stream: settle('ext.totals') }),
      outputOf(40),
    );
    const error = await failure(one.run());
    expect(error.code).toBe('SQL_REACHES_ACROSS');
    expect(error.message).toContain('ext.totals, which is the other side');
  });

  it('is run anew for each look that settles', async () => {
    const one = await made(totals({ stream: settle('ext.totals') }), outputOf(40));
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', cut: { '0': '40' }, matched: 10 });
    await one.execute(`UPDATE ext.totals SET n = n + 1 WHERE k = 'k3'`);
    const comparison = await one.compare();
    expect(comparison).toMatchObject({ verdict: 'fail', value_mismatch: 1, matched: 9, in_flux: 0 });
    expect(comparison.discrepancies[0]).toMatchObject({
      key: { k: 'k3' },
      first_seen: { comparison_id: comparison.comparison_id },
    });
  });

  it('goes back to a stream of its own by a rebuild', async () => {
    const one = newProject({ pipelines: totals() }, systemClock);
    one.ndjson('a.ndjson', ALL);
    await one.run();
    await one.execute('CREATE SCHEMA ext');
    await one.execute(`CREATE TABLE ext.totals AS ${sqlOf(40)}`);
    one.configure({ pipelines: totals({ stream: settle('ext.totals') }) });
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
    // What came meanwhile is not in the old table.
    one.append('a.ndjson', events(5, 40));
    await one.run();
    one.configure({ pipelines: totals({ batch: { sql: BATCH_SQL }, stream: { sql: STREAM_SQL } }) });
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
    await rebuild(one.context(), 'totals');
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', matched: 10 });
  });
});

describe('settle in a cycle', () => {
  /** Changes a row of both sides at every look. */
  async function hot(parts: object, gate: object): Promise<Comparison> {
    const one = await made(
      totals({ batch: settle('ext.b', parts), stream: settle('ext.s'), gate: { consecutive_passes: 1, ...gate } }),
      outputOf(40, 'ext.b') + outputOf(40, 'ext.s'),
      { log: undefined },
    );
    return withProject(one.context(), async (open) => {
      await open.session.script(`UPDATE ext.s SET n = n + 7 WHERE k = 'k1'`);
      const { runCycle } = await import('../../src/shadow/cycle.js');
      const other = await open.store.session();
      const env = {
        ...open.env,
        clock: {
          now: () => new Date(),
          sleep: () =>
            other.script(`UPDATE ext.b SET n = n + 1 WHERE k = 'k1'; UPDATE ext.s SET n = n + 1 WHERE k = 'k1'`),
        },
      };
      const options = { limit: 10, force: false, onReshaped: () => Promise.resolve() };
      return only(await runCycle(env, open.session, [open.pipeline('totals')], open.evidence, options));
    });
  }

  it('never passes a key that keeps moving and never agrees', async () => {
    const comparison = await hot({}, {});
    expect(comparison).toMatchObject({ verdict: 'inconclusive', in_flux: 1, matched: 9, value_mismatch: 0 });
    expect(comparison.reasons).toEqual(['1 of 10 keys are still in flux']);
    expect(comparison.notes.join('\n')).toContain(
      '1 keys differed at each of 4 looks and did not come to rest, such as k1 (value mismatch)',
    );
  });

  it('passes it only where it may as well differ, and no more than max_in_flux', async () => {
    expect(await hot({}, { max_mismatch_rate: 0.2 })).toMatchObject({ verdict: 'pass', in_flux: 1 });
    const strict = await hot({ max_in_flux: 0.05 }, { max_mismatch_rate: 0.2 });
    expect(strict.verdict).toBe('inconclusive');
    expect(strict.reasons).toEqual(['0.1 of the keys are in flux, allowed 0.05']);
  });
});

describe('window', () => {
  const windowed = (table: string, parts: object = {}): object => ({
    external: {
      table,
      align: {
        window: {
          column: 'day',
          size: '24h',
          lateness: '12h',
          watermark: { sql: `SELECT up FROM ${table}_mark` },
          ...parts,
        },
      },
    },
  });
  const tables = (stream: string, marks: readonly [string, string]): string =>
    `CREATE TABLE ext.b (day DATE, k TEXT, n INTEGER); CREATE TABLE ext.s (day DATE, k TEXT, n INTEGER);
     INSERT INTO ext.b VALUES ('2026-01-01', 'a', 1), ('2026-01-02', 'a', 2), ('2026-01-03', 'a', 3);
     INSERT INTO ext.s VALUES ${stream};
     CREATE TABLE ext.b_mark AS SELECT CAST('${marks[0]}' AS TIMESTAMPTZ) AS up; CREATE TABLE ext.s_mark AS SELECT CAST('${marks[1]}' AS TIMESTAMPTZ) AS up;`;
  const project = (script: string, parts: object = {}, key: readonly string[] = ['day', 'k']): Promise<TestProject> =>
    made(
      totals({ key, batch: windowed('ext.b', parts), stream: windowed('ext.s', 'column' in parts ? parts : {}) }),
      script,
      { log: undefined },
    );

  it('compares what had closed on both sides, and says what it left out', async () => {
    // The second day has ended 12 hours before the batch watermark, but not the stream one.
    const one = await project(
      tables(`('2026-01-01', 'a', 1), ('2026-01-02', 'a', 1)`, ['2026-01-03T13:00:00Z', '2026-01-03T11:59:59Z']),
    );
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({
      verdict: 'pass',
      keys_compared: 1,
      alignment: { method: 'window', exact: false, state: '2026-01-01T23:59:59.000000Z' },
    });
    expect(comparison.notes).toContain(
      '2 batch rows and 1 stream rows are of windows that have not closed: not compared',
    );
    await one.execute(`UPDATE ext.s_mark SET up = CAST('2026-01-03T12:00:00Z' AS TIMESTAMPTZ)`);
    expect(await one.compare()).toMatchObject({ verdict: 'fail', keys_compared: 2, value_mismatch: 1 });
  });

  it('does not leave rows without a window out in silence', async () => {
    const marks = ['2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const;
    const rows = `('2026-01-01', 'a', 1), ('2026-01-02', 'a', 2), ('2026-01-03', 'a', 3), (NULL, 'x', 1)`;
    const one = await project(tables(rows, marks));
    const comparison = only((await one.run()).comparisons);
    expect(comparison).toMatchObject({ verdict: 'inconclusive', matched: 3 });
    expect(comparison.reasons).toEqual([
      '0 batch rows and 1 stream rows have no day: they are in no window, and are never compared',
    ]);
    const compared = await project(tables(rows, marks), { nulls: 'compare' });
    expect(only((await compared.run()).comparisons)).toMatchObject({ verdict: 'fail', null_key: 1 });
    const left = await project(tables(rows, marks), { nulls: 'leave_out' });
    const passed = only((await left.run()).comparisons);
    expect(passed.verdict).toBe('pass');
    expect(passed.notes).toContain('0 batch rows and 1 stream rows have no day: left out');
  });

  it('does not take a key whose window moves on for one that is missing', async () => {
    const marks = ['2026-01-03T12:00:00Z', '2026-02-01T00:00:00Z'] as const;
    const script = `${tables(`('2026-01-02', 'a', 9)`, marks)} DELETE FROM ext.b WHERE day <> '2026-01-03';
      INSERT INTO ext.b VALUES ('2026-01-01', 'z', 1); INSERT INTO ext.s VALUES ('2026-01-01', 'z', 1);`;
    const one = await project(script, {}, ['k']);
    expect(only((await one.run()).comparisons)).toMatchObject({ verdict: 'pass', keys_compared: 1 });
  });

  it('is inconclusive while a side has no watermark', async () => {
    const one = await project(
      `${tables(`('2026-01-01', 'a', 1)`, ['2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z'])} DELETE FROM ext.s_mark;`,
    );
    const comparison = only((await one.run()).comparisons);
    expect(comparison.verdict).toBe('inconclusive');
    expect(comparison.reasons).toEqual(['the stream side has no watermark yet: no window is known to have closed']);
  });

  it('refuses a column that is no time, and a watermark that is none', async () => {
    const marks = ['2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const;
    const one = await project(tables(`('2026-01-01', 'a', 1)`, marks), { column: 'n' });
    expect((await failure(one.compare())).message).toContain('the window column n');
    const other = await project(tables(`('2026-01-01', 'a', 1)`, marks), { watermark: { column: 'n' } });
    expect((await failure(other.compare())).code).toBe('EXTERNAL_PROGRESS');
  });
});

describe('quiescent', () => {
  const still = (table: string): object => ({
    external: { table, align: { quiescent: { settle: '50ms', wait: '50ms' } } },
  });

  it('compares the external side with what cutover has read to its end', async () => {
    const one = await made(totals({ stream: still('ext.totals') }), outputOf(40));
    expect(only((await one.run()).comparisons)).toMatchObject({
      verdict: 'pass',
      alignment: { method: 'quiescent', exact: false },
      cut: { '0': '40' },
      matched: 10,
    });
    one.append('a.ndjson', events(1, 40));
    const behind = await one.compare();
    expect(behind.verdict).toBe('inconclusive');
    expect(behind.reasons[0]).toContain('cutover has not read the log to its end');
  });
});
