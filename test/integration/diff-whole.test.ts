import { beforeAll, describe, expect, it } from 'vitest';
import { BROKEN, BROKEN_QUERIES, HONEST } from './whole-samples.js';
import { countsOf, worldPerSuite } from './diff-world.js';

const ROWS = `SELECT CAST(i AS INTEGER) AS id, CASE WHEN i = 7 THEN 'a)b' ELSE 'v' || i END AS v FROM range(1, 10) t(i)`;
const world = worldPerSuite();

beforeAll(async () => {
  await world.parquet('a.parquet', ROWS);
  await world.parquet('b.parquet', ROWS);
  await world.sql(`COPY (${ROWS}) TO '@/c.csv'`, `ATTACH '@/d.duckdb' AS d`, `CREATE TABLE d.t AS ${ROWS}`, 'DETACH d');
});

const filtered = (predicate: string) => ({
  key: ['id'],
  rules: { columns: {}, where: { batch: predicate, stream: predicate } },
});

describe.each(['b.parquet', 'c.csv', 'd.duckdb#t'])('a Parquet file and %s', (right) => {
  it.each(HONEST)('a filter that is one whole expression: %s', async (predicate) => {
    expect(countsOf(await world.diff('a.parquet', right, filtered(predicate)))).toEqual({ matched: 4 });
  });

  it.each(BROKEN)('one that is not is refused: %s', async (predicate) => {
    expect(await world.failing('a.parquet', right, filtered(predicate))).toMatchObject({ code: 'SQL_FAILED' });
  });
});

it('says what is wrong', async () => {
  const error = await world.failing('c.csv', 'b.parquet', filtered('id > 5) or (1=1'));
  expect(`${error.message}\n${error.remedy}`).toBe(
    `the filter id > 5) or (1=1 is not one whole expression: syntax error at or near ")"
Write one condition whose parentheses, quotes and comments are closed in itself, such as (a > 1) OR (b = 2).`,
  );
});

it.each(BROKEN_QUERIES)('a query that is not one is refused, of a file and of a database: %s', async (query) => {
  for (const left of ['c.csv', 'duckdb:d.duckdb']) {
    const leftSql = left === 'c.csv' ? query.replaceAll(/\bt\b/g, 'data') : query;
    const error = await world.failing(left, 'b.parquet', { key: ['id'], leftSql });
    expect(error).toMatchObject({ code: 'SQL_FAILED', remedy: expect.stringMatching(/^Correct the query/) as string });
  }
});

it('queries that are one', async () => {
  const queries = [
    '(select id, v from data) union (select id, v from data)',
    `with n as (select id, ')' as c from data) select id, v from data -- )`,
    'from data',
  ];
  for (const leftSql of queries)
    expect(countsOf(await world.diff('c.csv', 'b.parquet', { key: ['id'], leftSql }))).toEqual({ matched: 9 });
});
