import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { diffTables } from '../../src/app/diff.js';
import type { DiffContext, DiffOptions } from '../../src/app/diff-options.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { useCases } from '../../src/cli/use-cases.js';
import { cli } from '../cli/harness.js';
import { findingsOf, worldPerTest } from './diff-world.js';

const world = worldPerTest();
beforeEach(async () => {
  const rows = `SELECT CASE WHEN i % 997 = 5 THEN NULL ELSE i END AS id, i % 3 AS part, 'c' || i % 50 AS customer, CAST(i * 1.25 AS DECIMAL(12,2)) AS amount FROM range(4000) t(i)`;
  await world.parquet('a.parquet', `${rows} UNION ALL SELECT 77, 2, 'twice', 1`);
  await world.parquet(
    'b.parquet',
    `SELECT * REPLACE (CASE WHEN id % 100 = 3 THEN amount + 0.01 ELSE amount END AS amount) FROM (${rows}) WHERE id IS NULL OR id % 500 <> 7
     UNION ALL SELECT 9999, 0, 'more', 1`,
  );
});

const SMALL = { rowsInSlice: 100, firstRows: 200, target: 1_000_000 };
const KEY: Partial<DiffOptions> = { key: ['id', 'part'], limit: 20, profile: null };

function compare(more: Partial<DiffContext>, options: Partial<DiffOptions> = {}): Promise<DiffReport> {
  return diffTables(
    { ...world.context(), chunking: SMALL, ...more },
    { left: 'a.parquet', right: 'b.parquet', ...KEY, ...options },
  );
}

/** Stops after some chunks, as a signal does. */
function stoppedAfter(chunks: number, options: Partial<DiffOptions> = {}): Promise<unknown> {
  const stop = new AbortController();
  let seen = -1;
  const update = (phase: string, done: number): void => {
    if (phase !== 'comparing in chunks' || done === seen) return;
    seen = done;
    if (chunks-- === 0) stop.abort();
  };
  return compare({ signal: stop.signal, progress: { update } }, { resume: 'state', ...options }).then(
    () => 'compared',
    (error: unknown) => error,
  );
}

describe('a comparison with --resume', () => {
  it('goes on where it was, again and again, with the result of one that was not interrupted', async () => {
    const whole = await compare({ chunking: {} });
    expect(whole).toMatchObject({
      value_mismatch: 40,
      duplicate_key: 1,
      null_key: 10,
      missing_in_batch: 1,
      missing_in_stream: 8,
    });
    for (const chunks of [1, 2, 1])
      expect(await stoppedAfter(chunks)).toMatchObject({
        code: 'INTERRUPTED',
        remedy: expect.stringMatching(/Run the same command again: state holds the first [1-9]\d?%/),
      });
    expect(statSync(world.path('state')).mode & 0o077).toBe(0);
    const seen: number[] = [];
    const last = await compare({ progress: { update: (_, done) => seen.push(done) } }, { resume: 'state' });
    expect(findingsOf(last)).toEqual(findingsOf(whole));
    expect(last.plan.chunked).toMatchObject({ by: 'ranges', runs: 4 });
    expect(last.notes).toContainEqual(expect.stringMatching(/^compared in \d+ chunks and 4 runs of key ranges$/));
    // Files that did not change stand still, however often they are read.
    expect(last.alignment).toMatchObject({ method: 'snapshot', exact: true });
    expect(Math.min(...seen.filter((done) => done > 0))).toBeGreaterThan(4);
    expect(existsSync(world.path('state'))).toBe(false);
  });

  it('takes parts of a key of texts out, large ones whose rows stand in the same order too', async () => {
    const rows = `SELECT lpad(CAST(i AS VARCHAR), 7, '0') AS id, i AS v FROM range(60000) t(i)`;
    await world.parquet('c.parquet', rows);
    await world.parquet('d.parquet', `SELECT * REPLACE (CASE WHEN v = 7 THEN 0 ELSE v END AS v) FROM (${rows})`);
    const report = await world.diff('c.parquet', 'd.parquet', { key: ['id'], resume: 'state' });
    expect(report).toMatchObject({
      matched: 59_999,
      value_mismatch: 1,
      plan: { chunked: { by: 'ranges', chunks: 1 } },
    });
  });

  it('compares anew when the last one is finished', async () => {
    expect((await compare({}, { resume: 'state' })).plan.chunked?.runs).toBe(1);
    await world.parquet('b.parquet', 'SELECT * FROM "@/a.parquet"');
    expect(await compare({}, { resume: 'state' })).toMatchObject({ value_mismatch: 0, missing_in_stream: 0 });
  });

  it('tells the report once more where the process died between the last chunk and it', async () => {
    const whole = await compare({});
    const saved: string[] = [];
    const update = (): void =>
      void (existsSync(world.path('state')) && saved.push(readFileSync(world.path('state'), 'utf8')));
    await compare({ progress: { update } }, { resume: 'state' });
    writeFileSync(world.path('state'), saved.at(-1) ?? '');
    const again = await compare({}, { resume: 'state' });
    expect(findingsOf(again)).toEqual(findingsOf(whole));
  });

  it('refuses the state of another comparison, and says what is not the same', async () => {
    await stoppedAfter(1);
    const before = readFileSync(world.path('state'), 'utf8');
    const other = async (options: Partial<DiffOptions>): Promise<unknown> =>
      compare({}, { resume: 'state', ...options }).catch((error: unknown) => error);
    expect(await other({ key: ['id'] })).toMatchObject({
      code: 'RESUME_OTHER',
      message: 'state belongs to another comparison, which differs in the key',
    });
    expect(await other({ limit: 21 })).toMatchObject({
      message: expect.stringContaining('which differs in the limit'),
    });
    expect(await other({ right: 'b.parquet#(select * from data)' })).toMatchObject({
      message: expect.stringContaining('the right'),
    });
    expect(await other({ rules: { columns: {}, where: { batch: 'id > 5', stream: 'id > 5' } } })).toMatchObject({
      message: expect.stringContaining('which differs in the rules, the filter or the map'),
    });
    expect(readFileSync(world.path('state'), 'utf8')).toBe(before);
  });

  it('refuses to go on when a file is another one by now', async () => {
    await stoppedAfter(2);
    utimesSync(world.path('b.parquet'), new Date(), new Date(Date.now() + 5000));
    expect(await compare({}, { resume: 'state' }).catch((error: unknown) => error)).toMatchObject({
      code: 'ENDPOINT_CHANGED',
      message: 'b.parquet is not the one that state was begun with',
      remedy: expect.stringContaining('remove state'),
    });
  });

  it('refuses a state that is damaged, and any other file, and leaves it as it is', async () => {
    await stoppedAfter(2);
    const text = readFileSync(world.path('state'), 'utf8');
    const damages = [
      text.slice(0, text.length / 2),
      text.replace(/"value_mismatch":\d+/, '"value_mismatch":0'),
      text.replace(/"bounds":\["/, '"bounds":["1'),
      text.replace('cutover.resume/v1', 'cutover.resume/v2'),
      '',
      'precious notes',
      '[]',
    ];
    for (const damage of damages) {
      expect(damage).not.toBe(text);
      writeFileSync(world.path('state'), damage);
      expect(await compare({}, { resume: 'state' }).catch((error: unknown) => error)).toMatchObject({
        code: 'RESUME_DAMAGED',
      });
      expect(readFileSync(world.path('state'), 'utf8')).toBe(damage);
    }
    expect(await compare({}, { resume: 'no/such/folder' }).catch((error: unknown) => error)).toMatchObject({
      code: 'USAGE',
    });
  });

  it('keeps to rules as they held on the day of the first run', async () => {
    const rules = { columns: { amount: { absolute: '0.01', because: 'rounding', until: '2026-03-01' } } };
    const at = (day: string): DiffContext['clock'] => ({
      now: () => new Date(`${day}T12:00:00Z`),
      sleep: () => Promise.resolve(),
    });
    const stop = new AbortController();
    const progress = { update: (_: string, done: number): void => void (done > 10 && stop.abort()) };
    const options = { resume: 'state', rules };
    await expect(compare({ clock: at('2026-02-28'), signal: stop.signal, progress }, options)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await compare({ clock: at('2026-03-05') }, options)).toMatchObject({ tolerated: 40, value_mismatch: 0 });
    expect(await compare({ clock: at('2026-03-05') }, { rules })).toMatchObject({ tolerated: 0, value_mismatch: 40 });
  });

  it('stops early, by the differences of all runs', async () => {
    await stoppedAfter(2, { stopAfter: 20 });
    const report = await compare({}, { resume: 'state', stopAfter: 20 });
    expect(report).toMatchObject({ verdict: 'fail', stopped_early: true });
    expect(report.value_mismatch + report.missing_in_stream).toBeGreaterThanOrEqual(20);
    expect(report.value_mismatch).toBeLessThan(40);
    expect(existsSync(world.path('state'))).toBe(false);
  });

  it('takes a sample of the same keys, tables of DuckDB, texts, and keys without an order', async () => {
    await world.sql(
      `ATTACH '@/w.duckdb' AS w`,
      `CREATE TABLE w.a AS SELECT id, part, customer, amount::DOUBLE AS amount, [part, id] AS l FROM '@/a.parquet'`,
      `CREATE TABLE w.b AS SELECT id, part, customer, amount::DOUBLE AS amount, [part, id] AS l FROM '@/b.parquet'`,
      `COPY (SELECT * FROM '@/a.parquet') TO '@/a.csv' (HEADER)`,
      `COPY (SELECT * FROM '@/b.parquet') TO '@/b.csv' (HEADER)`,
    );
    const sides = { left: 'w.duckdb#a', right: 'w.duckdb#b' };
    const asked: Partial<DiffOptions>[] = [
      { sample: 0.3 },
      sides,
      { ...sides, key: ['l'], limit: 100 },
      { ...sides, key: ['amount', 'customer'] },
      { left: 'a.csv', right: 'b.csv' },
      { left: 'a.csv' },
    ];
    const ways = new Set<string | undefined>();
    for (const options of asked) {
      const whole = await compare({ chunking: {} }, options);
      expect(await stoppedAfter(1, options)).toMatchObject({ code: 'INTERRUPTED' });
      const { plan, ...rest } = await compare({}, { resume: 'state', ...options });
      expect(findingsOf({ plan, ...rest })).toEqual(findingsOf(whole));
      expect(plan.chunked?.runs).toBe(2);
      ways.add(plan.chunked?.by);
    }
    expect([...ways].sort()).toEqual(['hash', 'ranges']);
  });
});

describe('a gentle comparison', () => {
  it('is made in chunks, and says so', async () => {
    const gentle = await compare({}, { gentle: true });
    expect(findingsOf(gentle)).toEqual(findingsOf(await compare({ chunking: {} })));
    expect(gentle.plan.chunked).toMatchObject({ by: 'ranges', runs: 1, pauses: 0 });
  });

  it('takes its options from the command line, and no sums', async () => {
    const run = (...args: string[]) =>
      cli(
        ['diff', 'a.parquet', 'b.parquet', '--key', 'id', ...args],
        { diff: () => useCases.diff() },
        { cwd: world.root },
      );
    const json = await run('--resume', 'state', '--gentle', '--busy-above', '2', '--format', 'json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ profile: null, plan: { chunked: { runs: 1 } } });
    expect(await run('--gentle', '--sums')).toMatchObject({ code: 2, stderr: expect.stringContaining('--sums') });
  });
});
