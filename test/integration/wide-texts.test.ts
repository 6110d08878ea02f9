import { afterEach, describe, expect, it, vi } from 'vitest';
import { DuckDbSession } from '../../src/store/duckdb/session.js';
import { countsOf, worldPerTest } from './diff-world.js';

const world = worldPerTest();
afterEach(() => {
  vi.restoreAllMocks();
});

const COLUMNS = 300;

/** A row of so many columns for each of ten keys; the last column of the key 7 is another one. */
function wide(last: string): string {
  const columns = Array.from({ length: COLUMNS }, (_, n) => `${n === COLUMNS - 1 ? last : `i + ${n}`} AS "c ${n}"`);
  return `SELECT i AS id, ${columns.join(', ')} FROM range(10) t(i)`;
}

/** DuckDB holds megabytes for each pattern of a statement, outside of its memory limit: 200 columns at once took 7 GB. */
describe('files of very many columns', () => {
  it.each([
    ['csv', 'csv'],
    ['csv', 'parquet'],
    ['ndjson', 'csv'],
  ])('a %s and a %s: no statement holds patterns for all columns', async (left, right) => {
    const form = { csv: '(FORMAT csv)', parquet: '(FORMAT parquet)', ndjson: '(FORMAT json)' };
    const [a, b] = [`a.${left}`, `b.${right}`];
    await world.sql(
      `COPY (${wide('i')}) TO '@/${a}' ${form[left as keyof typeof form]}`,
      `COPY (${wide('CASE WHEN i = 7 THEN 0 ELSE i END')}) TO '@/${b}' ${form[right as keyof typeof form]}`,
    );
    const asked = [vi.spyOn(DuckDbSession.prototype, 'query'), vi.spyOn(DuckDbSession.prototype, 'script')];
    const report = await world.diff(a, b, { key: ['id'] });
    const patterns = asked.flatMap(({ mock }) => mock.calls.map(([sql]) => sql.split('regexp_').length - 1));
    expect(countsOf(report)).toEqual({ matched: 9, value_mismatch: 1 });
    expect(Object.entries(report.columns).filter(([, { mismatched }]) => mismatched > 0)).toEqual([
      [`c ${COLUMNS - 1}`, expect.objectContaining({ mismatched: 1 })],
    ]);
    expect(patterns.length).toBeGreaterThan(20);
    expect(Math.max(...patterns)).toBeLessThan(150);
  });
});
