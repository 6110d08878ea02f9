import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DiffReport } from '../../src/model/diff-report.js';
import { findingsOf, worldPerTest } from '../integration/diff-world.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

const world = worldPerTest();

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

/** A real process; killed as soon as `when` says so. */
function run(args: readonly string[], when: () => boolean = () => false): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'diff', ...args, '--format', 'json'], { cwd: world.root });
  let stdout = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.resume();
  const timer = setInterval(() => {
    if (when()) child.kill('SIGKILL');
  }, 1);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(timer);
      resolve({ code, signal, stdout });
    });
  });
}

/** The chunks that the state tells of; 0: none yet. The file is a whole one whenever it is read. */
function chunksDone(): number {
  const state = world.path('state');
  if (!existsSync(state)) return 0;
  const parsed = JSON.parse(readFileSync(state, 'utf8')) as { state: { done: { chunks: number } } };
  return parsed.state.done.chunks;
}

const findings = (stdout: string): unknown => findingsOf(JSON.parse(stdout) as DiffReport);

it('killed in the middle, again and again, a comparison goes on, and its result is that of one that was not', async () => {
  const rows = `SELECT CASE WHEN i % 99991 = 3 THEN NULL ELSE i END AS id, 'customer ' || hash(i) AS name, i * 1.25 AS amount FROM range(1500000) t(i)`;
  await world.parquet('a.parquet', `${rows} UNION ALL SELECT 700001, 'twice', 1`);
  await world.parquet(
    'b.parquet',
    `SELECT * REPLACE (CASE WHEN id % 100000 = 7 THEN 0 ELSE amount END AS amount) FROM (${rows}) WHERE id IS NULL OR id % 200000 <> 9`,
  );
  const command = ['a.parquet', 'b.parquet', '--key', 'id', '--gentle'];
  const whole = await run(command);
  expect(whole.code).toBe(1);
  let killed = 0;
  for (const chunks of [1, 3, 5]) {
    const { signal } = await run([...command, '--resume', 'state'], () => chunksDone() >= chunks);
    if (signal === 'SIGKILL') killed += 1;
  }
  expect(killed).toBe(3);
  expect(chunksDone()).toBeGreaterThanOrEqual(3);
  const last = await run([...command, '--resume', 'state']);
  expect(last.code).toBe(1);
  expect(findings(last.stdout)).toEqual(findings(whole.stdout));
  expect(JSON.parse(last.stdout)).toMatchObject({
    value_mismatch: 15,
    missing_in_stream: 8,
    duplicate_key: 1,
    plan: { chunked: { runs: 4 } },
  });
  expect(existsSync(world.path('state'))).toBe(false);
}, 240_000);
