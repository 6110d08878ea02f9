import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type TestProject, testProjects, STREAM_SQL, events, totals, type ConfigInput } from './project.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const newProject = testProjects();

function project(pipelines: ConfigInput['pipelines'] = totals()): TestProject {
  const one = newProject({ pipelines });
  one.ndjson('a.ndjson', events(40));
  return one;
}

interface Ended {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param onError called with the standard error so far */
function cutover(
  one: TestProject,
  args: readonly string[],
  onError: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args, '--config', join(one.root, 'cutover.yaml')], {
      cwd: one.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onError(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code, killedBy) => resolve({ code, killedBy, stdout, stderr }));
  });
}

/** The fields of a JSON object. */
function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return Object.fromEntries(Object.entries(value));
}

const COMPARISON_FIELDS = [
  'schema',
  'pipeline',
  'comparison_id',
  'verdict',
  'reasons',
  'cut',
  'alignment',
  'started_at',
  'finished_at',
  'batch_rows',
  'stream_rows',
  'keys_compared',
  'matched',
  'tolerated',
  'missing_in_stream',
  'missing_in_batch',
  'value_mismatch',
  'duplicate_key',
  'null_key',
  'in_flux',
  'mismatch_rate',
  'columns',
  'discrepancies',
  'discrepancies_listed',
  'lossy',
  'evidence',
  'plan',
  'timing',
];

const GATE_FIELDS = ['schema', 'pipeline', 'for', 'verdict', 'criteria', 'reasons', 'comparison_id', 'evidence'];

describe('the program', () => {
  it('exits 0 where the sides agree, and prints the promised fields', async () => {
    const one = project();
    const run = await cutover(one, ['run', '--once', '--format', 'json']);
    expect([run.code, run.stderr.includes('Error')]).toEqual([0, false]);
    expect(parsed(run.stdout)).toMatchObject({ schema: 'cutover.run/v1', verdict: 'pass', events: 40 });
    const compare = await cutover(one, ['compare', 'totals', '--format', 'json']);
    expect(compare.code).toBe(0);
    expect(Object.keys(parsed(compare.stdout))).toEqual(expect.arrayContaining(COMPARISON_FIELDS));
    const report = await cutover(one, ['report', 'totals', '--format', 'json']);
    expect(report.code).toBe(0);
    expect(parsed(report.stdout)).toEqual(parsed(compare.stdout));
    const gate = await cutover(one, ['gate', 'totals', '--format', 'json']);
    expect(Object.keys(parsed(gate.stdout))).toEqual(expect.arrayContaining(GATE_FIELDS));
    expect(parsed(gate.stdout)).toMatchObject({ schema: 'cutover.gate/v1', verdict: 'pass', for: 'advance' });
    expect(gate.code).toBe(0);
    const canary = await cutover(one, ['canary', 'start', 'totals', '--format', 'json']);
    expect(canary.code).toBe(0);
    expect(parsed(canary.stdout)).toMatchObject({ applied: true, state: { stage: 'canary' } });
  });

  it('exits 1 where they differ', async () => {
    const one = project(totals({ stream: { sql: STREAM_SQL.replace('count(*)', '2') } }));
    const run = await cutover(one, ['run', '--once', '--format', 'json']);
    expect(run.code).toBe(1);
    const report = await cutover(one, ['report', 'totals', '--format', 'json', '--limit', '1']);
    expect(report.code).toBe(1);
    expect(parsed(report.stdout)).toMatchObject({ verdict: 'fail', value_mismatch: 10, discrepancies_listed: 1 });
    expect((await cutover(one, ['compare', 'totals'])).code).toBe(1);
    expect((await cutover(one, ['gate', 'totals'])).code).toBe(1);
    expect((await cutover(one, ['canary', 'start', 'totals'])).code).toBe(1);
  });

  it('exits 2 by an error: one line what, one what to do, a code, no stack', async () => {
    const one = project(totals({ key: ['nothing'] }));
    const run = await cutover(one, ['run', '--once']);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('KEY_COLUMN_MISSING');
    expect(run.stderr).not.toMatch(/\n\s+at /);
    expect((await cutover(project(), ['compare', 'absent'])).code).toBe(2);
    expect((await cutover(one, ['no-such-command'])).code).toBe(2);
  });

  it('exits 3 where nothing can be said', async () => {
    const one = project(
      totals({
        stream: { sql: 'DELETE FROM totals' },
        batch: { sql: 'SELECT k, count(*) AS n FROM events WHERE false GROUP BY k' },
      }),
    );
    expect((await cutover(one, ['run', '--once'])).code).toBe(3);
    expect((await cutover(one, ['gate', 'totals'])).code).toBe(3);
  });

  it('stops by SIGTERM after what is in hand; a second process finds the store locked', async () => {
    const one = project();
    let other: Promise<Ended> | undefined;
    let stopped = false;
    const run = await cutover(one, ['run', '--verbose'], (text, kill) => {
      if (other !== undefined || !text.includes('micro-batch committed')) return;
      other = cutover(one, ['run', '--once']);
      void other.finally(() => {
        stopped = true;
        kill('SIGTERM');
      });
    });
    expect(stopped).toBe(true);
    expect(run.killedBy).toBeNull();
    expect([0, 3]).toContain(run.code);
    const second = await other;
    expect(second?.code).toBe(2);
    expect(second?.stderr).toContain('STORE_LOCKED');
    // What it left goes on from there.
    const next = await cutover(one, ['run', '--once', '--format', 'json']);
    expect(next.code).toBe(0);
  });
});
