import { beforeEach, expect, it } from 'vitest';
import { useCases } from '../../src/cli/use-cases.js';
import { cli, type Outcome } from '../cli/harness.js';
import { worldPerTest } from './diff-world.js';

const world = worldPerTest();
beforeEach(async () => {
  await world.parquet('a.parquet', 'SELECT i AS id, i * 1.0 AS amount FROM range(100) t(i)');
  await world.parquet('b.parquet', 'SELECT i AS id, i * 1.0 + 0.01 AS total FROM range(100) t(i)');
});

const run = (...args: string[]): Promise<Outcome> =>
  cli(['diff', ...args], { diff: () => useCases.diff() }, { cwd: world.root });

it('takes key, map, rules and rates from the command line, and exits by the verdict', async () => {
  const base = ['a.parquet', 'b.parquet', '--key', 'id', '--map', 'amount=total'];
  expect((await run(...base)).code).toBe(1);
  expect((await run(...base, '--rule', 'amount: {absolute: 0.01}')).code).toBe(0);
  world.write('rules.yaml', 'columns:\n  amount: { absolute: 0.01 }\nwhere: id > 5\n');
  const json = await run(...base, '--rules', 'rules.yaml', '--format', 'json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    verdict: 'pass',
    tolerated: 94,
    sides: { batch: 'a.parquet', stream: 'b.parquet' },
  });
  expect((await run(...base, '--where', 'id < 0')).code).toBe(3);
});

it('takes names from each time that an option is given, and one filter only', async () => {
  await world.parquet('c.parquet', 'SELECT i % 10 AS a, i // 10 AS b, i AS x, i AS y, i AS z FROM range(100) t(i)');
  await world.parquet(
    'd.parquet',
    'SELECT i % 10 AS a, i // 10 AS b, i + 1 AS x, i + 1 AS y, i AS z FROM range(100) t(i)',
  );
  const columns = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await run('c.parquet', 'd.parquet', '--key', 'a', '--key', 'b', ...args, '--format', 'json');
    const report = JSON.parse(stdout) as { verdict: string; keys_compared: number; columns: object };
    return [report.verdict, report.keys_compared, Object.keys(report.columns).join()];
  };
  expect(await columns()).toEqual(['fail', 100, 'x,y,z']);
  expect(await columns('--columns', 'x', '--columns', 'z')).toEqual(['fail', 100, 'x,z']);
  expect(await columns('--ignore', 'x', '--ignore', '["y"]')).toEqual(['pass', 100, 'z']);
  const twice = await run('c.parquet', 'd.parquet', '--key', 'a,b', '--where', 'a > 1', '--where', 'b > 1');
  expect(twice.code).toBe(2);
  expect(twice.stderr).toContain('It was given before: join both by AND.');
});

it('explains the plan instead of comparing', async () => {
  world.write('c.csv', 'id,amount\n1,2.5\n');
  const base = ['a.parquet', 'b.parquet', '--key', 'id', '--map', 'amount=total', '--explain-plan'];
  const told = await run(...base);
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toMatch(/^PLAN nothing was compared\n/);
  expect(told.stdout).not.toMatch(/matched|FAIL/);
  const plan = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await run(...args, '--explain-plan', '--format', 'json')).stdout);
  expect(await plan(...base, '--where', 'id < 40')).toMatchObject({
    schema: 'cutover.plan/v1',
    sides: { batch: 'a.parquet', stream: 'b.parquet' },
    rows: { batch: { count: 40, exact: true }, stream: { count: 40, exact: true } },
    place: 'one_store',
    strategy: 'join',
    reason: 'small tables: 40 rows, digests pay from 50000 on',
    buckets: null,
    alignment: { method: 'snapshot', exact: true },
    key: ['id'],
    columns: ['amount'],
  });
  expect(await plan(...base, '--strategy', 'digest')).toMatchObject({ strategy: 'digest', reason: 'asked for' });
  expect(await plan('a.parquet', 'c.csv', '--key', 'id', '--where', 'amount > 1')).toMatchObject({
    rows: { batch: { exact: true }, stream: { count: 1, exact: true } },
    place: 'one_store',
  });
  expect(await run('a.parquet', 'c.csv', '--key', 'nope', '--explain-plan')).toMatchObject({ code: 2 });
});

it('a sample without a difference is no pass', async () => {
  const sampled = await run(
    'a.parquet',
    'a.parquet#(select * from data)',
    '--key',
    'id',
    '--sample',
    '50%',
    '--format',
    'json',
  );
  expect(sampled.code).toBe(3);
  expect(JSON.parse(sampled.stdout)).toMatchObject({ verdict: 'inconclusive', sampled: { share: 0.5 } });
});

it('names what is wrong with the command line', async () => {
  expect(await run('a.parquet', 'b.parquet', '--key', 'id', '--rule', 'amount: {absolut: 1}')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean'),
  });
  expect(await run('a.parquet', 'b.parquet', '--sample', '0')).toMatchObject({ code: 2 });
  expect((await run('a.parquet', 'b.parquet', '--key', 'nope')).stderr).toContain('error[KEY_COLUMN_MISSING]');
});

it('waits for nothing to settle where both sides stand still, nor without a time to wait', async () => {
  const base = ['a.parquet', 'b.parquet', '--key', 'id', '--map', 'amount=total'];
  const still = await run(...base, '--settle', '1s');
  expect([still.code, still.stderr]).toEqual([2, expect.stringContaining('both of these stand still')]);
  const without = await run(...base, '--settle-rounds', '2');
  expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('error[USAGE]')]);
  expect((await run(...base, '--settle', 'soon')).code).toBe(2);
});
