import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { init } from '../../src/app/init.js';
import { perStore, testProjects, type TestProject } from './project.js';

const newProject = testProjects();
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const STORE = perStore({ duckdb: 'duckdb', postgres: 'postgres' } as const);

interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/** A line as it is printed or documented, with the built program. */
function cutover(one: TestProject, line: string): Promise<Ended> {
  const [program, ...args] = line.split(' ');
  expect(program).toBe('cutover');
  const env = { ...process.env, ...one.context().env };
  return promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: one.root, env }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && 'stdout' in error)
        return { code: Number(error.code), stdout: String(error.stdout) };
      throw error;
    },
  );
}

async function made(template = 'kappa'): Promise<{ readonly one: TestProject; readonly next: readonly string[] }> {
  const one = newProject();
  const { next } = await init({ template, directory: one.root, force: true, store: STORE });
  return { one, next };
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

describe('template kappa', { timeout: 240_000 }, () => {
  it('leads to a passing gate by the commands that init prints, then through the canary to the next version', async () => {
    const { one, next } = await made();
    const commands = next.filter((line) => line.startsWith('cutover'));
    expect(commands).toEqual(['cutover run --once', 'cutover report daily_delays', 'cutover gate daily_delays']);
    for (const line of commands) expect({ line, ...(await cutover(one, line)) }).toMatchObject({ line, code: 0 });
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
    expect((await cutover(one, 'cutover canary start daily_delays')).code).toBe(0);
    await one.parquet(
      'flights-90.parquet',
      `SELECT * REPLACE (origin || '2' AS origin) FROM '${join(one.root, 'data', 'flights-01.parquet')}'`,
    );
    expect((await cutover(one, 'cutover run --once')).code).toBe(0);
    expect((await cutover(one, 'cutover canary complete daily_delays')).code).toBe(0);

    // The next version, as the README has it.
    const v3 = readFileSync(join(one.root, 'sql/daily_delays.v2.sql'), 'utf8').replace('delay > 15', 'delay >= 16');
    one.file('sql/daily_delays.v3.sql', v3);
    edit(one, {
      'daily_delays.v2.': 'daily_delays.v3.',
      'daily_delays.v1.': 'daily_delays.v2.',
      'v3.setup.sql': 'v2.setup.sql',
    });
    expect((await cutover(one, 'cutover rebuild daily_delays')).code).toBe(0);
    await one.parquet(
      'flights-91.parquet',
      `SELECT * REPLACE (origin || '3' AS origin) FROM '${join(one.root, 'data', 'flights-02.parquet')}'`,
    );
    expect((await cutover(one, 'cutover run --once')).code).toBe(0);
    expect((await cutover(one, 'cutover gate daily_delays')).code).toBe(0);
    // Readers have the column that version 2 brought.
    const [row] = await one.query(`SELECT count(*) AS n, count(busiest_destination) AS b FROM ${served}.daily_delays`);
    expect(Number(row?.['b'])).toBe(Number(row?.['n']));
    expect(Number(row?.['n'])).toBeGreaterThan(1333);
  });

  it('has a fault to be caught: late flights of earlier days', async () => {
    const { one } = await made();
    edit(one, { 'daily_delays.v2.sql': 'daily_delays.v2.newest-day.sql' });
    const ended = await cutover(one, 'cutover run --once --format json');
    expect(ended.code).toBe(1);
    const { comparisons } = JSON.parse(ended.stdout) as {
      comparisons: { value_mismatch: number; discrepancies: { columns: object }[] }[];
    };
    expect(comparisons[0]?.value_mismatch).toBeGreaterThan(50);
    expect(Object.keys(comparisons[0]?.discrepancies[0]?.columns ?? {})).toContain('flights');
    expect((await cutover(one, 'cutover gate daily_delays')).code).toBe(1);
  });

  it('has one version that equals its own replay', async () => {
    const { one } = await made();
    edit(one, {
      'stream: { sql: sql/daily_delays.v1.sql, setup: sql/daily_delays.v1.setup.sql } # what readers read':
        'replay: true',
    });
    expect((await cutover(one, 'cutover run --once')).code).toBe(0);
    expect((await cutover(one, 'cutover gate daily_delays')).code).toBe(0);
  });
});

describe('template medallion', () => {
  it('leads to a passing gate by the commands that init prints', { timeout: 240_000 }, async () => {
    const { one, next } = await made('medallion');
    const commands = next.filter((line) => line.startsWith('cutover'));
    expect(commands).toEqual(['cutover run --once', 'cutover report daily_metrics', 'cutover gate daily_metrics']);
    for (const line of commands) expect({ line, ...(await cutover(one, line)) }).toMatchObject({ line, code: 0 });
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
