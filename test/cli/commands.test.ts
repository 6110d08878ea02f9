import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/app/context.js';
import type { GatePurpose } from '../../src/model/gate.js';
import { discrepancyCount } from '../../src/model/comparison.js';
import { CutoverError } from '../../src/model/errors.js';
import { cli } from './harness.js';
import * as samples from './samples.js';

const compareWith = (
  result: typeof samples.failing,
  seen?: (ctx: AppContext, name: string, limit: number) => void,
) => ({
  compare: () =>
    Promise.resolve({
      compareNow: (ctx: AppContext, name: string, options: { limit: number }) => {
        seen?.(ctx, name, options.limit);
        return Promise.resolve(result);
      },
    }),
});

describe('CSV of a comparison', () => {
  const count = samples.failing.discrepancies.length;
  const all = discrepancyCount(samples.failing);

  it('says on standard error that it lists fewer than there are, unless the number was asked for', async () => {
    const csv = ['compare', 'daily_delays', '--format', 'csv'];
    const told = await cli(csv, compareWith(samples.failing), { tty: true });
    expect(told.stderr).toContain(
      `only ${count} of ${all} discrepancies are listed: give --limit ${all} for all of them\n`,
    );
    expect((await cli([...csv, '--limit', '2'], compareWith(samples.failing))).stderr).toBe('');
    expect((await cli([...csv, '--quiet'], compareWith(samples.failing))).stderr).toBe('');
    expect((await cli(csv, compareWith(samples.passing))).stderr).toBe('');
    expect((await cli(['compare', 'daily_delays', '--format', 'ndjson'], compareWith(samples.failing))).stderr).toBe(
      '',
    );
  });
});

describe('exit codes', () => {
  it('of compare are its verdict', async () => {
    expect((await cli(['compare', 'daily_delays'], compareWith(samples.passing))).code).toBe(0);
    expect((await cli(['compare', 'daily_delays'], compareWith(samples.failing))).code).toBe(1);
    expect((await cli(['compare', 'daily_delays'], compareWith({ ...samples.failing, verdict: 'error' }))).code).toBe(
      2,
    );
    expect((await cli(['compare', 'daily_delays'], compareWith(samples.empty))).code).toBe(3);
  });

  it('of report are its verdict, and the id is handed on', async () => {
    let seen: object = {};
    const report = {
      report: () =>
        Promise.resolve({
          storedReport: (_ctx: AppContext, name: string, options: { comparisonId?: string; limit: number }) => {
            seen = { name, ...options };
            return Promise.resolve(samples.failing);
          },
        }),
    };
    expect((await cli(['report', 'daily_delays'], report)).code).toBe(1);
    expect(seen).toEqual({ name: 'daily_delays', limit: 100 });
    await cli(['report', 'daily_delays', '--comparison', '01J-0042', '--limit', '7'], report);
    expect(seen).toEqual({ name: 'daily_delays', limit: 7, comparisonId: '01J-0042' });
  });

  it('of a run with a failed view is 2 where its comparisons pass, and that of views is 0', async () => {
    const run = {
      run: () =>
        Promise.resolve({
          runOnce: () => Promise.resolve(samples.runWithViews),
          runForever: () => Promise.reject(new Error()),
        }),
    };
    expect((await cli(['run', '--once'], run)).code).toBe(2);
    const asked: unknown[] = [];
    const views = {
      views: () =>
        Promise.resolve({
          listViews: () => Promise.resolve(samples.views),
          refreshNow: (_: unknown, name: string, options: { full: boolean }) => {
            asked.push([name, options.full]);
            return Promise.resolve(samples.refreshedView);
          },
          dropRemoved: () => Promise.reject(new Error('not expected')),
        }),
    };
    expect((await cli(['views'], views)).stdout).toBe((await cli(['views', 'list'], views)).stdout);
    expect((await cli(['views', 'refresh', 'realtime_kpis', '--full'], views)).code).toBe(0);
    expect((await cli(['views', 'refresh', 'realtime_kpis'], views)).code).toBe(0);
    expect(asked).toEqual([
      ['realtime_kpis', true],
      ['realtime_kpis', false],
    ]);
  });

  it('of quarantine say whether anything that was tried is left, and the scope is handed on', async () => {
    const scopes: unknown[] = [];
    const quarantine = {
      quarantine: () =>
        Promise.resolve({
          listQuarantine: () => Promise.resolve(samples.quarantined),
          retryQuarantine: (_ctx: AppContext, scope: unknown) => {
            scopes.push(scope);
            return Promise.resolve(scope === 'all' ? samples.retried : { ...samples.retried, tried: 1, landed: 1 });
          },
        }),
    };
    expect((await cli(['quarantine', 'list'], quarantine)).code).toBe(0);
    expect((await cli(['quarantine', 'retry', '--all'], quarantine)).code).toBe(3);
    expect((await cli(['quarantine', 'retry', '--partition', 'events/3', '--offset', '7'], quarantine)).code).toBe(0);
    expect(scopes).toEqual(['all', { partition: 'events/3', offset: 7 }]);
  });

  it('of gate are its verdict, and the purpose is handed on', async () => {
    const purposes: GatePurpose[] = [];
    const gate = {
      gate: () =>
        Promise.resolve({
          askGate: (_ctx: AppContext, _name: string, purpose: GatePurpose) => {
            purposes.push(purpose);
            return Promise.resolve(samples.gate);
          },
        }),
    };
    expect((await cli(['gate', 'daily_delays'], gate)).code).toBe(1);
    expect((await cli(['gate', 'daily_delays', '--for', 'decommission'], gate)).code).toBe(1);
    expect(purposes).toEqual(['advance', 'decommission']);
  });

  it('of doctor are 2 when a check failed', async () => {
    const doctor = (checks: typeof samples.doctor.checks) => ({
      doctor: () => Promise.resolve({ doctor: () => Promise.resolve({ ...samples.doctor, checks }) }),
    });
    expect((await cli(['doctor'], doctor(samples.doctor.checks))).code).toBe(2);
    expect((await cli(['doctor'], doctor(samples.doctor.checks.slice(0, 2)))).code).toBe(0);
  });

  it('of run --once are the worst verdict; of a run that was stopped 0', async () => {
    const lines: string[] = [];
    const run = {
      run: () =>
        Promise.resolve({
          runOnce: () => Promise.resolve(samples.run),
          runForever: (_ctx: AppContext, options: { onComparison: (one: typeof samples.failing) => void }) => {
            options.onComparison(samples.passing);
            lines.push('asked');
            return Promise.resolve(samples.run);
          },
        }),
    };
    expect((await cli(['run', '--once'], run)).code).toBe(1);
    expect(lines).toEqual([]);
    const forever = await cli(['run', '--format', 'ndjson'], run);
    expect(forever.code).toBe(0);
    const objects = forever.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(objects[0]).toMatchObject({ schema: 'cutover.comparison/v1', verdict: 'pass' });
    expect(objects[1]).toMatchObject({ schema: 'cutover.run/v1' });
    expect(objects).toHaveLength(2);
    const table = await cli(['run'], run);
    expect(table.stdout).not.toContain('First ');
    expect(table.stdout).toMatch(/^PASS daily_delays: all 3,456 keys agree/);
    const json = await cli(['run', '--format', 'json'], run);
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: 'cutover.run/v1' });
  });
});

describe('canary', () => {
  const canaryWith = (
    change: Partial<typeof samples.canary>,
    seen?: (action: string, options: object, actor: string) => void,
  ) => ({
    canary: () =>
      Promise.resolve({
        canaryAction: (ctx: AppContext, _name: string, action: string, options: object) => {
          seen?.(action, options, ctx.actor);
          return Promise.resolve({ ...samples.canary, action, ...change });
        },
      }),
  });
  const code = async (action: string, change: Partial<typeof samples.canary>): Promise<number> =>
    (await cli(['canary', action, 'daily_delays'], canaryWith(change))).code;

  it('exits with 0 when the action was taken, and for status and history', async () => {
    const applied = { applied: true, refusal: null };
    for (const action of [
      'status',
      'start',
      'advance',
      'hold',
      'resume',
      'rollback',
      'approve',
      'complete',
      'history',
    ]) {
      expect(await code(action, applied)).toBe(0);
    }
  });

  it('exits with the verdict of the gate that refused', async () => {
    const refused = { applied: false, refusal: 'gate' as const };
    expect(await code('advance', { ...refused, gate: samples.gate })).toBe(1);
    expect(await code('advance', { ...refused, gate: { ...samples.gate, verdict: 'inconclusive' } })).toBe(3);
    expect(await code('complete', { ...refused, gate: { ...samples.gate, verdict: 'error' } })).toBe(2);
  });

  it('never exits with 0 when it was refused', async () => {
    expect(await code('advance', { applied: false, refusal: 'gate', gate: null })).toBe(3);
    expect(await code('advance', { applied: false, refusal: null })).toBe(2);
  });

  it('exits with 3 when it is too early, and with 2 when the stage or the plan forbids it', async () => {
    expect(await code('advance', { applied: false, refusal: 'dwell' })).toBe(3);
    expect(await code('advance', { applied: false, refusal: 'approval' })).toBe(3);
    expect(await code('start', { applied: false, refusal: 'stage' })).toBe(2);
    expect(await code('start', { applied: false, refusal: 'already' })).toBe(2);
    expect(await code('advance', { applied: false, refusal: 'plan' })).toBe(2);
    expect(await code('approve', { applied: false, refusal: 'approval' })).toBe(2);
  });

  it('hands on reason, step and actor', async () => {
    let seen: unknown;
    const canary = canaryWith({}, (action, options, actor) => (seen = { action, options, actor }));
    await cli(['canary', 'approve', 'daily_delays', '--step', '50', '--reason', 'looked at it'], canary);
    expect(seen).toEqual({ action: 'approve', options: { step: 50, reason: 'looked at it' }, actor: 'ada' });
    await cli(['canary', 'rollback', 'daily_delays'], canary);
    expect(seen).toEqual({ action: 'rollback', options: {}, actor: 'ada' });
  });

  it('refuses a step that is no percentage', async () => {
    for (const step of ['0', '101', 'x', '-1']) {
      const { code: exit, stderr } = await cli(['canary', 'approve', 'daily_delays', `--step=${step}`], canaryWith({}));
      expect([exit, stderr.startsWith('error[USAGE]')]).toEqual([2, true]);
    }
  });
});

describe('other commands', () => {
  it('route prints its schema and takes keys that look like options after --', async () => {
    const keys: string[] = [];
    const { schema: _schema, ...plain } = samples.route;
    const route = {
      route: () =>
        Promise.resolve({
          routeKey: (_ctx: AppContext, _name: string, key: string) => {
            keys.push(key);
            return Promise.resolve(plain);
          },
        }),
    };
    const { code, stdout } = await cli(['route', 'daily_delays', '2001-01-03,ORD', '--format', 'json'], route);
    expect([code, JSON.parse(stdout)]).toEqual([0, samples.route]);
    await cli(['route', 'daily_delays', '["2001-01-03","ORD"]'], route);
    await cli(['route', 'daily_delays', '-5'], route);
    await cli(['route', 'daily_delays', '--', '--odd'], route);
    expect(keys).toEqual(['2001-01-03,ORD', '["2001-01-03","ORD"]', '-5', '--odd']);
  });

  it('init resolves the directory and passes the template', async () => {
    let seen: unknown;
    const init = {
      init: () =>
        Promise.resolve({
          init: (options: { template: string; directory: string; force: boolean; store?: string }) => {
            seen = options;
            return Promise.resolve(samples.init);
          },
        }),
    };
    await cli(['init', 'here', '--template', 'medallion', '--force'], init, { cwd: '/base' });
    expect(seen).toEqual({
      template: 'medallion',
      directory: path.resolve('/base/here'),
      force: true,
      store: 'duckdb',
      log: 'file',
    });
    await cli(['init', '--store', 'postgres', '--log', 'kafka'], init, { cwd: '/base' });
    expect(seen).toEqual({
      template: 'flights',
      directory: path.resolve('/base'),
      force: false,
      store: 'postgres',
      log: 'kafka',
    });
  });

  it('rebuild prints what was rebuilt', async () => {
    const rebuild = { rebuild: () => Promise.resolve({ rebuild: () => Promise.resolve(samples.rebuilt) }) };
    expect(await cli(['rebuild', 'daily_metrics'], rebuild)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('global options', () => {
  it('stand before or after the command', async () => {
    const before = await cli(['--format', 'csv', 'compare', 'daily_delays'], compareWith(samples.failing));
    const after = await cli(['compare', 'daily_delays', '--format=csv'], compareWith(samples.failing));
    expect(before).toEqual(after);
    expect(after.stdout).toMatch(/^flight_date,origin,kind,column,batch,stream\r\n/);
  });

  it('--config is taken from the working directory', async () => {
    const files: string[] = [];
    const compare = compareWith(samples.passing, (ctx) => files.push(ctx.configFile));
    await cli(['compare', 'x'], compare, { cwd: '/base' });
    await cli(['compare', 'x', '--config', 'other/c.yaml'], compare, { cwd: '/base' });
    expect(files).toEqual([path.resolve('/base/cutover.yaml'), path.resolve('/base/other/c.yaml')]);
  });

  it('--limit caps the list, never the counts', async () => {
    const { stdout } = await cli(['compare', 'x', '--limit', '2', '--format', 'json'], compareWith(samples.failing));
    expect(JSON.parse(stdout)).toMatchObject({ discrepancies_listed: 2, value_mismatch: 7 });
    const none = await cli(['compare', 'x', '--limit', '0', '--format', 'json'], compareWith(samples.failing));
    expect(JSON.parse(none.stdout)).toMatchObject({ discrepancies: [], discrepancies_listed: 0 });
  });

  it('colour stands only on a terminal and only where nobody objects', async () => {
    const colored = async (args: string[], world: Parameters<typeof cli>[2]): Promise<boolean> =>
      (await cli(['compare', 'x', ...args], compareWith(samples.failing), world)).stdout.includes('\u001b[');
    expect(await colored([], { tty: true })).toBe(true);
    expect(await colored([], {})).toBe(false);
    expect(await colored(['--no-color'], { tty: true })).toBe(false);
    expect(await colored([], { tty: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(await colored(['--format', 'json'], { tty: true })).toBe(false);
  });

  describe('--output', () => {
    let folder = '';
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'cutover-cli-'));
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('writes the result there and nothing to standard output', async () => {
      const result = await cli(
        ['compare', 'x', '--format', 'junit', '--output', 'r.xml'],
        compareWith(samples.failing),
        { cwd: folder, tty: true },
      );
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(await readFile(path.join(folder, 'r.xml'), 'utf8')).toMatch(/^<\?xml/);
      expect(await readdir(folder)).toEqual(['r.xml']);
    });

    it('fails before the work when the file cannot be written', async () => {
      let worked = false;
      const compare = compareWith(samples.failing, () => (worked = true));
      const { code, stderr } = await cli(['compare', 'x', '--output', 'no/such/r.xml'], compare, { cwd: folder });
      expect([code, worked]).toEqual([2, false]);
      expect(stderr).toMatch(/^error\[USAGE\]: cannot write /);
      expect((await cli(['compare', 'x', '--output', '.'], compare, { cwd: folder })).code).toBe(2);
    });
  });

  it('logs go to standard error, as JSON lines where no terminal is', async () => {
    const talking = compareWith(samples.passing, (ctx) => {
      ctx.logger.debug({ n: 1 }, 'in detail');
      ctx.logger.warn({ file: 'a\u001b[2J' }, 'careful');
      ctx.logger.error({}, 'bad');
    });
    const messages = async (...args: string[]): Promise<unknown[]> =>
      (await cli(['compare', 'x', ...args], talking)).stderr
        .split('\n')
        .filter(Boolean)
        .map((line): unknown => Object.entries(JSON.parse(line)).find(([name]) => name === 'msg')?.[1]);
    expect(await messages()).toEqual(['careful', 'bad']);
    expect(await messages('--verbose')).toEqual(['in detail', 'careful', 'bad']);
    expect(await messages('--quiet')).toEqual(['bad']);
    const terminal = await cli(['compare', 'x', '--no-color'], talking, { tty: true });
    expect(terminal.stderr).toBe('05:06:07 warn  careful file=a\\x1b[2J\n05:06:07 error bad\n');
  });
});

describe('errors of use cases', () => {
  const failing = (error: unknown) => ({ compare: () => Promise.resolve({ compareNow: () => Promise.reject(error) }) });
  const known = new CutoverError('CONFIG_INVALID', 'unknown key `pipelnes`', 'Did you mean `pipelines`?', {
    place: { file: 'cutover.yaml', line: 3, column: 1, path: 'pipelnes' },
  });

  it('are three lines on standard error', async () => {
    expect(await cli(['compare', 'x'], failing(known))).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error[CONFIG_INVALID]: unknown key `pipelnes`\n  at cutover.yaml:3:1 pipelnes\n  help: Did you mean `pipelines`?\n',
    });
  });

  it('are JSON with --format json', async () => {
    const { stderr, stdout } = await cli(['compare', 'x', '--format', 'json'], failing(known));
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      schema: 'cutover.error/v1',
      code: 'CONFIG_INVALID',
      message: 'unknown key `pipelnes`',
      remedy: 'Did you mean `pipelines`?',
      place: { file: 'cutover.yaml', line: 3, column: 1, path: 'pipelnes' },
    });
  });

  it('show the stack and its causes only with --verbose', async () => {
    const deep = new CutoverError('SQL_FAILED', 'no column x', 'Correct the SQL.', {
      cause: new Error('inner trouble'),
    });
    expect((await cli(['compare', 'x'], failing(deep))).stderr).not.toContain('inner trouble');
    const { stderr } = await cli(['compare', 'x', '--verbose'], failing(deep));
    expect(stderr).toContain('caused by: Error: inner trouble');
    expect(stderr).toContain('commands.test.ts');
  });

  it('of several problems are shown on a line each', async () => {
    const several = new CutoverError('CONFIG_INVALID', 'a.yaml:1:1 one\na.yaml:2:1 \u001b[2J two', 'Correct it.');
    const { code, stderr } = await cli(['compare', 'x'], failing(several));
    expect(code).toBe(2);
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'error[CONFIG_INVALID]: a.yaml:1:1 one',
      '    a.yaml:2:1 \\x1b[2J two',
      '  help: Correct it.',
    ]);
  });

  it('without a code are a defect, and cannot control the terminal', async () => {
    const { code, stderr } = await cli(['compare', 'x'], failing(new TypeError('no \u001b[2J of undefined\nsecond')));
    expect(code).toBe(2);
    expect(stderr.split('\n')[0]).toBe('error[INTERNAL]: no \\x1b[2J of undefined\\nsecond');
  });
});
