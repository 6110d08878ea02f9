import { renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doctor } from '../../src/app/doctor.js';
import { askGate } from '../../src/app/gate.js';
import { retryQuarantine } from '../../src/app/quarantine.js';
import { rebuild } from '../../src/app/rebuild.js';
import { storedReport } from '../../src/app/report.js';
import { runForever } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import type { Comparison } from '../../src/model/comparison.js';
import { silentLogger } from '../../src/model/ports.js';
import {
  BATCH_SQL,
  SCHEMA,
  type TestProject,
  testProjects,
  events,
  expectedTotals,
  failing,
  failure,
  only,
  totals,
  until,
  type ConfigInput,
} from './project.js';

const newProject = testProjects();

function project(config?: Partial<ConfigInput>, clock?: ConstructorParameters<typeof TestProject>[1]): TestProject {
  const made = newProject({ pipelines: totals(), ...config }, clock);
  return made;
}

const ALL = events(50);

describe('a first run that fails', () => {
  it('leaves nothing that a corrected job would have to rebuild', async () => {
    const one = project({
      pipelines: totals({ stream: { sql: 'INSERT INTO totals SELECT nothing FROM batch_events' } }),
    });
    one.ndjson('a.ndjson', ALL);
    expect((await failure(one.run())).code).toBe('SQL_FAILED');
    one.configure({ pipelines: totals() });
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 50 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('but a table that has taken events is rebuilt by name only', async () => {
    const one = project({
      pipelines: totals({ stream: { sql: 'INSERT INTO totals SELECT nothing FROM batch_events' } }),
    });
    one.ndjson('a.ndjson', []);
    await one.run();
    one.configure({ pipelines: totals({ stream: { sql: 'DELETE FROM totals' } }) });
    one.ndjson('a.ndjson', ALL.slice(0, 1));
    await one.run();
    one.configure({ pipelines: totals() });
    expect((await failure(one.run())).code).toBe('STREAM_JOB_CHANGED');
  });
});

describe('one run over files', () => {
  it('makes both sides equal a recomputation, from NDJSON', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL.slice(0, 30));
    one.ndjson('b.ndjson', ALL.slice(30));
    const summary = await one.run();
    // 30 events are 5 micro-batches of at most 7, 20 are 3: none spans two files.
    expect(summary).toMatchObject({
      verdict: 'pass',
      events: 50,
      micro_batches: 8,
      quarantined: 0,
      cut: { 0: '30', 1: '20' },
    });
    expect(only(summary.comparisons)).toMatchObject({
      keys_compared: 10,
      matched: 10,
      mismatch_rate: 0,
      reused_from: null,
    });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
    expect(await one.query('SELECT * FROM main.totals ORDER BY k, n')).toEqual(expectedTotals(ALL));
  });

  it('from CSV with declared columns', async () => {
    const one = project({ log: { path: 'data/*.csv', schema: SCHEMA } });
    const lines = ALL.map(({ id, k, day, amount }) => `${id},${k},${day},${amount}`);
    one.file('data/a.csv', `id,k,day,amount\n${lines.join('\n')}\n`);
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 50 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('from Parquet with the columns of the file', async () => {
    const one = project({ log: { path: 'data/*.parquet' } });
    await one.parquet(
      'a.parquet',
      `SELECT * FROM (VALUES ${ALL.map(({ id, k, day, amount }) => `(${id}::BIGINT, '${k}', DATE '${day}', ${amount}::DECIMAL(18,2))`).join(', ')}) t(id, k, day, amount)`,
    );
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 50 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it.each([1, 49, 50, 51])('gives the same with micro-batches of %i', async (size) => {
    const one = project({ ingest: { max_events: size } });
    one.ndjson('a.ndjson', ALL);
    const summary = await one.run();
    expect(summary.micro_batches).toBe(Math.ceil(50 / size));
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('goes on where it stopped: appended lines and new files only', async () => {
    const one = project();
    one.ndjson('b.ndjson', ALL.slice(0, 20));
    await one.run();
    one.append('b.ndjson', ALL.slice(20, 33));
    // A new file takes the next free number though its name comes first.
    one.ndjson('a.ndjson', ALL.slice(33));
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 30, cut: { 0: '33', 1: '17' } });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    expect(await one.side('batch')).toEqual(expectedTotals(ALL));
  });

  it('takes only whole lines', async () => {
    const one = project();
    one.ndjson('a.ndjson', ALL.slice(0, 5));
    one.file(
      'data/a.ndjson',
      `${ALL.slice(0, 5)
        .map((row) => JSON.stringify(row))
        .join('\n')}\n{"id":5,"k":"k5`,
    );
    expect(await one.run()).toMatchObject({ events: 5, quarantined: 0 });
  });
});

describe('a run that stays', () => {
  it('takes appended lines and new files, and cycles over them', async () => {
    const one = project(
      {
        ingest: { max_events: 7, max_wait: '5ms' },
        pipelines: totals({ batch: { sql: BATCH_SQL, every: '20ms' } }),
      },
      systemClock,
    );
    one.ndjson('a.ndjson', ALL.slice(0, 20));
    const stop = new AbortController();
    const seen: Comparison[] = [];
    const running = runForever(one.context({ signal: stop.signal }), {
      limit: 10,
      onComparison: (comparison) => seen.push(comparison),
      onCanary: () => undefined,
    });
    const at = (partition: string): number => Number(seen.at(-1)?.cut[partition] ?? 0);
    await until(() => at('0') === 20);
    one.append('a.ndjson', ALL.slice(20, 30));
    await until(() => at('0') === 30);
    one.ndjson('c.ndjson', ALL.slice(30));
    await until(() => at('1') === 20);
    stop.abort();
    const summary = await running;
    expect(summary.events).toBe(50);
    // A cycle may come before the first event: inconclusive then, never a pass.
    for (const { keys_compared: keys, verdict } of seen) expect(verdict).toBe(keys > 0 ? 'pass' : 'inconclusive');
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
  });

  it('repeats what it found while nothing arrives, under new ids, and compares anew when something does', async () => {
    const one = project({ pipelines: totals({ batch: { sql: BATCH_SQL, every: '20ms' } }) }, systemClock);
    one.ndjson('a.ndjson', ALL.slice(0, 20));
    const stop = new AbortController();
    const seen: Comparison[] = [];
    const running = runForever(one.context({ signal: stop.signal }), {
      limit: 10,
      onComparison: (comparison) => seen.push(comparison),
      onCanary: () => undefined,
    });
    running.catch(() => undefined);
    const at = (cut: string): Comparison[] => seen.filter((comparison) => comparison.cut['0'] === cut);
    await until(() => at('20').length >= 4);
    one.append('a.ndjson', ALL.slice(20));
    await until(() => at('50').length >= 3);
    stop.abort();
    await running;
    for (const cut of ['20', '50']) {
      const [first, ...later] = at(cut);
      expect(first).toMatchObject({ verdict: 'pass', reused_from: null });
      for (const again of later) expect(again.reused_from).toBe(first?.comparison_id);
    }
    const ids = seen.map(({ comparison_id: id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    for (const comparison of [seen[1], seen.at(-1)]) {
      const stored = await storedReport(one.context(), 'totals', {
        comparisonId: comparison?.comparison_id ?? '',
        limit: 10,
      });
      expect(stored).toEqual(comparison);
    }
    // Only what was found at a new cut is evidence.
    const gate = await askGate(one.context(), 'totals', 'advance');
    const cuts = new Set(seen.filter(({ verdict }) => verdict === 'pass').map(({ cut }) => cut['0']));
    expect(gate.criteria.find(({ name }) => name === 'consecutive_passes')?.observed).toBe(cuts.size);
  });

  it('stores a failed cycle as an error, logs it, and goes on', async () => {
    const sql = BATCH_SQL.replace(
      'GROUP BY',
      `WHERE CASE WHEN id = 30 THEN ${failing('thirty')} ELSE true END GROUP BY`,
    );
    const one = project({ pipelines: totals({ batch: { sql, every: '10ms' } }) }, systemClock);
    one.ndjson('a.ndjson', ALL);
    const stop = new AbortController();
    const errors: string[] = [];
    const seen: Comparison[] = [];
    const running = runForever(
      one.context({ signal: stop.signal, logger: { ...silentLogger, error: (_, message) => errors.push(message) } }),
      { limit: 10, onComparison: (comparison) => seen.push(comparison), onCanary: () => undefined },
    );
    running.catch(() => undefined);
    const failed = (): Comparison[] => seen.filter(({ verdict }) => verdict === 'error');
    await Promise.race([until(() => failed().length >= 2), running]);
    stop.abort();
    await running;
    expect(failed()[0]).toMatchObject({ keys_compared: 0, batch_rows: 0 });
    expect(failed()[0]?.reasons[0]).toContain('SQL_FAILED');
    expect(failed()[0]?.reasons[0]).toContain('thirty');
    expect(errors[0]).toContain('cycle failed');
    // Ingest was not held up, and the gate does not go by an older comparison.
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    const gate = await askGate(one.context(), 'totals', 'advance');
    expect(['error', 'inconclusive']).toContain(gate.verdict);
  });
});

describe('a log that is not what it was', () => {
  const started = async (): Promise<TestProject> => {
    const one = project();
    one.ndjson('a.ndjson', ALL);
    await one.run();
    return one;
  };
  const path = (one: TestProject): string => join(one.root, 'data/a.ndjson');

  it('names a file that became shorter', async () => {
    const one = await started();
    truncateSync(path(one), 100);
    expect((await failure(one.run())).code).toBe('LOG_FILE_SHRUNK');
  });

  it('names a file that was replaced', async () => {
    const one = await started();
    one.ndjson('a.ndjson', events(60, 1000));
    expect((await failure(one.run())).code).toBe('LOG_FILE_REPLACED');
  });

  it('names a file that is gone, also when it was renamed', async () => {
    const one = await started();
    renameSync(path(one), join(one.root, 'data/z.ndjson'));
    expect((await failure(one.run())).code).toBe('LOG_FILE_GONE');
    rmSync(join(one.root, 'data/z.ndjson'));
    expect(await failure(one.run())).toMatchObject({
      code: 'LOG_FILE_GONE',
      message: expect.stringContaining('a.ndjson'),
    });
    // Every command that asks the log for its columns says the same.
    expect((await failure(rebuild(one.context(), 'totals'))).code).toBe('LOG_FILE_GONE');
    expect((await failure(retryQuarantine(one.context(), 'all', { limit: 1 }))).code).toBe('LOG_FILE_GONE');
    const { checks } = await doctor(one.context());
    expect(checks.find(({ name }) => name === 'log')?.detail).toMatch(/^LOG_FILE_GONE: .*a\.ndjson/);
    one.ndjson('other.ndjson', events(3));
    expect((await failure(one.run())).code).toBe('LOG_FILE_GONE');
  });

  it('changes nothing by such a failure', async () => {
    const one = await started();
    const before = await one.side('stream');
    truncateSync(path(one), 100);
    await failure(one.run());
    expect(await one.side('stream')).toEqual(before);
    one.ndjson('a.ndjson', [...ALL, ...events(10, 50)]);
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 10 });
    expect(await one.side('stream')).toEqual(expectedTotals(events(60)));
  });

  it('refuses the store of another log', async () => {
    const one = await started();
    one.configure({ log: { path: 'elsewhere/*.ndjson', schema: SCHEMA }, pipelines: totals() });
    one.file('elsewhere/a.ndjson', `${JSON.stringify(ALL[0])}\n`);
    expect((await failure(one.run())).code).toBe('STORE_OTHER_LOG');
  });

  it('refuses another schema', async () => {
    const one = await started();
    one.configure({ log: { path: 'data/*.ndjson', schema: { ...SCHEMA, amount: 'double' } }, pipelines: totals() });
    expect((await failure(one.run())).code).toBe('LOG_SCHEMA_MISMATCH');
  });
});

describe('quarantine', () => {
  const misfit = [...ALL.slice(0, 9), { id: 9, k: 'k1', day: '2026-01-01', amount: 'a lot' }, ...ALL.slice(10)];

  it('counts what does not fit, keeps it, and makes the verdict inconclusive past the limit', async () => {
    const one = project();
    one.ndjson('a.ndjson', misfit);
    const summary = await one.run();
    expect(summary).toMatchObject({ verdict: 'inconclusive', events: 50, quarantined: 1 });
    expect(only(summary.comparisons)).toMatchObject({ quarantined: 1, matched: 10 });
    const row = only(await one.query('SELECT * FROM cutover.quarantine'));
    expect(row).toMatchObject({ partition: 0, offset: '9', raw: JSON.stringify(misfit[9]) });
    expect(row['reason']).toContain('"amount"');
    expect(row['reason']).toContain('a lot');
    expect(await one.side('stream')).toEqual(expectedTotals(ALL.filter(({ id }) => id !== 9)));
  });

  it('passes within the limit', async () => {
    const one = project({ ingest: { max_events: 7, max_quarantined: 1 } });
    one.ndjson('a.ndjson', misfit);
    expect(await one.run()).toMatchObject({ verdict: 'pass', quarantined: 1 });
  });
});
