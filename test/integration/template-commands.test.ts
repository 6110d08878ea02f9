import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { init } from '../../src/app/init.js';
import { perStore, testProjects, type TestProject } from './project.js';

const newProject = testProjects();
const STORE = perStore({ duckdb: 'duckdb', postgres: 'postgres' } as const);
/** The built program (`npm run build`, which `npm test` does first). */
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

/** A folder on the PATH with the program under its name. */
let bin = '';
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'cutover-bin-'));
  symlinkSync(MAIN, join(bin, 'cutover'));
});
afterAll(() => {
  rmSync(bin, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line as it is printed or documented, in the project's folder. */
function shell(one: TestProject, line: string): Promise<Ended> {
  const env = { ...process.env, ...one.context().env, PATH: [bin, process.env['PATH'] ?? ''].join(delimiter) };
  return promisify(execFile)('sh', ['-c', line], { cwd: one.root, env, maxBuffer: 1 << 26 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)
        return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) };
      throw error;
    },
  );
}

/** What the line printed with `--format json`. */
async function json<T>(schema: z.ZodType<T>, one: TestProject, line: string): Promise<{ code: number; value: T }> {
  const { code, stdout } = await shell(one, `${line} --format json`);
  return { code, value: schema.parse(JSON.parse(stdout)) };
}

const counted = z.looseObject({
  verdict: z.string(),
  keys_compared: z.number(),
  value_mismatch: z.number(),
  notes: z.array(z.string()),
});
const routed = z.looseObject({ side: z.string(), window: z.object({ value: z.string(), open: z.boolean() }) });

async function made(template: string): Promise<{ readonly one: TestProject; readonly next: readonly string[] }> {
  const one = newProject();
  const { next } = await init({ template, directory: one.root, force: true, store: STORE });
  return { one, next };
}

/** The commands as a user types them. Folder and database are the test's own. */
function typed(next: readonly string[]): readonly string[] {
  return next.filter((line) => !line.startsWith('cd ') && !line.startsWith('export DATABASE_URL='));
}

/** Every printed command ends well; the last one asks the gate. */
async function passes(one: TestProject, next: readonly string[]): Promise<void> {
  for (const line of typed(next)) expect({ line, ...(await shell(one, line)) }).toMatchObject({ line, code: 0 });
  const gate = typed(next).at(-1) ?? '';
  expect(gate).toMatch(/^cutover gate /);
  expect((await json(z.looseObject({ verdict: z.string() }), one, gate)).value.verdict).toBe('pass');
}

function edit(one: TestProject, edits: Readonly<Record<string, string>>): void {
  const file = join(one.root, 'cutover.yaml');
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of Object.entries(edits)) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  writeFileSync(file, text);
}

const served = perStore({ duckdb: 'main', postgres: 'public' });

const PRINTED = [
  { template: 'external', pipeline: 'hourly_orders', before: ['node writer.mjs'] },
  { template: 'flights', pipeline: 'daily_delays', before: [] },
  { template: 'lambda', pipeline: 'hourly_departures', before: [] },
  { template: 'medallion', pipeline: 'daily_metrics', before: [] },
];

describe('the commands that init prints', { timeout: 240_000 }, () => {
  // Kappa has its own below: it goes on from there.
  it.each(PRINTED)('lead $template to a passing gate', async ({ template, pipeline, before }) => {
    const { one, next } = await made(template);
    expect(typed(next)).toEqual([
      ...before,
      'cutover run --once',
      `cutover report ${pipeline}`,
      `cutover gate ${pipeline}`,
    ]);
    await passes(one, next);
  });

  it('are tried for every template', () => {
    const folders = readdirSync(join(import.meta.dirname, '..', '..', 'templates'));
    expect([...PRINTED.map(({ template }) => template), 'kappa'].sort()).toEqual(folders.sort());
  });
});

describe('template kappa', { timeout: 240_000 }, () => {
  it('leads to a passing gate by the commands that init prints, then through the canary to the next version', async () => {
    const { one, next } = await made('kappa');
    await passes(one, next);
    const both = await one.query(
      'SELECT (SELECT count(*) FROM cutover_batch.daily_delays) AS v1, (SELECT count(*) FROM cutover_stream.daily_delays) AS v2, (SELECT sum(flights) FROM cutover_stream.daily_delays) AS flights',
    );
    expect(both.map(({ v1, v2, flights }) => [Number(v1), Number(v2), Number(flights)])).toEqual([
      [1333, 1333, 97_154],
    ]);

    // Straight to the end: the steps between are the canary's own matter.
    edit(one, {
      'steps: [1, 5, 10, 25, 50, 100], dwell: { cycles: 3 }, approve: [50, 100]': 'steps: [100], dwell: { cycles: 0 }',
    });
    expect((await shell(one, 'cutover canary start daily_delays')).code).toBe(0);
    await one.parquet(
      'flights-90.parquet',
      `SELECT * REPLACE (origin || '2' AS origin) FROM '${join(one.root, 'data', 'flights-01.parquet')}'`,
    );
    expect((await shell(one, 'cutover run --once')).code).toBe(0);
    expect((await shell(one, 'cutover canary complete daily_delays')).code).toBe(0);

    // The next version, as the README has it.
    const v3 = readFileSync(join(one.root, 'sql/daily_delays.v2.sql'), 'utf8').replace('delay > 15', 'delay >= 16');
    one.file('sql/daily_delays.v3.sql', v3);
    edit(one, {
      'daily_delays.v2.': 'daily_delays.v3.',
      'daily_delays.v1.': 'daily_delays.v2.',
      'v3.setup.sql': 'v2.setup.sql',
    });
    expect((await shell(one, 'cutover rebuild daily_delays')).code).toBe(0);
    await one.parquet(
      'flights-91.parquet',
      `SELECT * REPLACE (origin || '3' AS origin) FROM '${join(one.root, 'data', 'flights-02.parquet')}'`,
    );
    expect((await shell(one, 'cutover run --once')).code).toBe(0);
    expect((await shell(one, 'cutover gate daily_delays')).code).toBe(0);
    // Readers have the column that version 2 brought.
    const [row] = await one.query(`SELECT count(*) AS n, count(busiest_destination) AS b FROM ${served}.daily_delays`);
    expect(Number(row?.['b'])).toBe(Number(row?.['n']));
    expect(Number(row?.['n'])).toBeGreaterThan(1333);
  });

  it('has a fault to be caught: late flights of earlier days', async () => {
    const { one } = await made('kappa');
    edit(one, { 'daily_delays.v2.sql': 'daily_delays.v2.newest-day.sql' });
    const ended = await shell(one, 'cutover run --once --format json');
    expect(ended.code).toBe(1);
    const { comparisons } = JSON.parse(ended.stdout) as {
      comparisons: { value_mismatch: number; discrepancies: { columns: object }[] }[];
    };
    expect(comparisons[0]?.value_mismatch).toBeGreaterThan(50);
    expect(Object.keys(comparisons[0]?.discrepancies[0]?.columns ?? {})).toContain('flights');
    expect((await shell(one, 'cutover gate daily_delays')).code).toBe(1);
  });

  it('has one version that equals its own replay', async () => {
    const { one } = await made('kappa');
    edit(one, {
      'stream: { sql: sql/daily_delays.v1.sql, setup: sql/daily_delays.v1.setup.sql } # what readers read':
        'replay: true',
    });
    expect((await shell(one, 'cutover run --once')).code).toBe(0);
    expect((await shell(one, 'cutover gate daily_delays')).code).toBe(0);
  });
});

describe('template lambda', () => {
  it('has every hour closed after its first cycle', async () => {
    const { one } = await made('lambda');
    await shell(one, 'cutover run --once');
    const { value } = await json(routed, one, `cutover route hourly_departures '2001-01-10 12:00:00,ORD'`);
    expect(value).toMatchObject({ side: 'batch', window: { value: '2001-01-10 12:00:00.000000', open: false } });
  });
});

describe('template external', () => {
  it('compares closed hours alone, and fails when the streaming job drops what is late', async () => {
    const { one } = await made('external');
    expect((await shell(one, 'node writer.mjs')).code).toBe(0);
    const good = (await json(counted, one, 'cutover compare hourly_orders')).value;
    expect(good).toMatchObject({ verdict: 'pass', keys_compared: 230 });
    expect(good.notes.join('\n')).toContain('5 batch rows and 10 stream rows are of windows that have not closed');
    expect((await shell(one, 'node writer.mjs --drop-late')).code).toBe(0);
    const failed = await json(counted, one, 'cutover compare hourly_orders');
    expect(failed.code).toBe(1);
    expect(failed.value).toMatchObject({ verdict: 'fail', keys_compared: 230, value_mismatch: 19 });
  });

  it.runIf(STORE === 'postgres')('never calls a difference what is only a lag, while both jobs write', async () => {
    const { one } = await made('external');
    const compared = await shell(
      one,
      `node writer.mjs --hours 0 && { node writer.mjs --pace 30 & WRITER=$!; } ; while kill -0 $WRITER 2>/dev/null; do cutover compare hourly_orders --format json > one.json; echo $?; done; wait $WRITER`,
    );
    const codes = compared.stdout.split('\n').filter((line) => /^\d+$/.test(line));
    expect(codes.length).toBeGreaterThan(0);
    // Nothing has closed yet, or all that has agrees: never a difference (1), never an error (2).
    expect(
      codes.filter((code) => code !== '0' && code !== '3'),
      compared.stderr,
    ).toEqual([]);
    const { value } = await json(counted, one, 'cutover compare hourly_orders');
    expect(value).toMatchObject({ keys_compared: 230 });
  });
});

describe('init for Kafka', () => {
  it.each([
    { template: 'kappa', store: 'postgres' },
    { template: 'medallion', store: 'duckdb' },
  ] as const)('is refused where $template on $store has no variant', async ({ template, store }) => {
    const work = init({ template, directory: newProject().root, force: true, store, log: 'kafka' });
    await expect(work).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`${template} on ${store}`),
    });
  });
});
