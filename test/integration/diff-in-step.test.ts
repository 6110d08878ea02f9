import { describe, expect, it } from 'vitest';
import { planDiffOf } from '../../src/app/diff-plan.js';
import { countsOf, worldPerTest } from './diff-world.js';

const world = worldPerTest();
const KEY = { key: ['id'] };

describe('rows in one order', () => {
  const rows = `SELECT i AS id, i * 2 AS v, 'x' || (i % 100) AS name FROM range(60000) t(i)`;
  const changed = (list: string): string => `SELECT * REPLACE (${list}) FROM (${rows}) ORDER BY ALL`;
  const plan = async (right: string): Promise<[string, Record<string, number>]> => {
    await world.parquet('a.parquet', rows);
    await world.parquet('b.parquet', right);
    const report = await world.diff('a.parquet', 'b.parquet', KEY);
    return [report.plan.strategy, countsOf(report)];
  };

  it('are read side by side', async () => {
    expect(await plan(rows)).toEqual(['in_step', { matched: 60_000 }]);
    expect(await plan(changed('CASE WHEN id % 20000 = 7 THEN NULL ELSE v END AS v'))).toEqual([
      'in_step',
      { matched: 59_997, value_mismatch: 3 },
    ]);
  });

  it('also where more rows differ than are held until all keys are known', async () => {
    expect(await plan(changed('v + 1 AS v'))).toEqual(['in_step', { value_mismatch: 60_000 }]);
    expect(await plan(changed('v + 1 AS v, CASE WHEN id = 59999 THEN 60000 ELSE id END AS id'))).toEqual([
      'digest',
      { value_mismatch: 59_999, missing_in_stream: 1, missing_in_batch: 1 },
    ]);
  });

  it('but not where a key stands twice on both sides', async () => {
    const twice = `SELECT i // 2 AS id, i AS v FROM range(60000) t(i)`;
    await world.parquet('a.parquet', twice);
    await world.parquet('b.parquet', twice);
    const report = await world.diff('a.parquet', 'b.parquet', KEY);
    expect([report.plan.strategy, countsOf(report)]).toEqual(['digest', { duplicate_key: 30_000 }]);
  });

  it('of one side tell by their numbers alone whether the other has a key twice', async () => {
    const shuffled = (query: string): string => `SELECT * FROM (${query}) ORDER BY hash(id * 7 + v)`;
    const right = (more: string, without = '-1'): string =>
      shuffled(`SELECT * FROM (${rows}) WHERE id NOT IN (${without}) UNION ALL ${more}`);
    const twice = `SELECT * FROM (${rows}) WHERE id = 77`;
    expect(await plan(right(twice, '5'))).toEqual([
      'digest',
      { matched: 59_998, missing_in_stream: 1, duplicate_key: 1 },
    ]);
    expect(await plan(right(`SELECT 77 AS id, 1 AS v, 'y' AS name`, '5'))).toEqual([
      'digest',
      { matched: 59_998, missing_in_stream: 1, duplicate_key: 1 },
    ]);
    const alone = (last: number): string => `SELECT unnest([70000, ${last}]) AS id, 1 AS v, 'y' AS name`;
    expect(await plan(right(alone(70_000), '5, 6'))).toEqual([
      'digest',
      { matched: 59_998, missing_in_stream: 2, duplicate_key: 1 },
    ]);
    expect(await plan(right(alone(70_001), '5, 6'))).toEqual([
      'digest',
      { matched: 59_998, missing_in_stream: 2, missing_in_batch: 2 },
    ]);
    expect(await plan(right(twice, '77'))).toEqual(['digest', { matched: 60_000 }]);
  });

  it('as the plan says, of files of texts too', async () => {
    await world.sql(`COPY (${rows}) TO '@/a.csv'`, `COPY (${rows}) TO '@/b.csv'`);
    await world.parquet('a.parquet', rows);
    for (const right of ['a.parquet', 'b.csv']) {
      const planned = await planDiffOf(world.context(), { left: 'a.csv', right, ...KEY });
      expect([planned.strategy, planned.rows.batch]).toEqual(['in_step', { count: 60_000, exact: true }]);
    }
  });

  it('but not where a key is another, stands twice or is NULL: as many rows prove nothing', async () => {
    expect(await plan(changed('CASE WHEN id = 59999 THEN 60000 ELSE id END AS id'))).toEqual([
      'digest',
      { matched: 59_999, missing_in_stream: 1, missing_in_batch: 1 },
    ]);
    expect(await plan(changed('CASE WHEN id = 30001 THEN 30000 ELSE id END AS id'))).toEqual([
      'digest',
      { matched: 59_998, missing_in_stream: 1, duplicate_key: 1 },
    ]);
    expect(await plan(changed('CASE WHEN id = 0 THEN NULL ELSE id END AS id'))).toEqual([
      'digest',
      { matched: 59_999, missing_in_stream: 1, null_key: 1 },
    ]);
  });

  it('nor where both sides have the same NULL and duplicate keys at the same places', async () => {
    const both = changed('CASE WHEN id < 3 THEN NULL WHEN id = 50 THEN 51 ELSE id END AS id');
    await world.parquet('c.parquet', both);
    await world.parquet('d.parquet', both);
    const report = await world.diff('c.parquet', 'd.parquet', KEY);
    expect([report.plan.strategy, countsOf(report)]).toEqual([
      'digest',
      { matched: 59_995, duplicate_key: 1, null_key: 6 },
    ]);
  });

  it('nor where the rows are shuffled', async () => {
    expect(await plan(`SELECT * FROM (${rows}) ORDER BY hash(id)`)).toEqual(['digest', { matched: 60_000 }]);
  });
});
