import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withPair } from '../../src/app/diff-pair.js';
import { compareInPlace, isExact } from '../../src/app/diff-place.js';
import { countsOf, worldPerTest } from './diff-world.js';

const world = worldPerTest();
const KEY = { key: ['id'] };

describe('two files or tables', () => {
  it('Parquet against Parquet: what was planted is found', async () => {
    await world.parquet('a.parquet', `SELECT i AS id, i * 2 AS v, 'x' || i AS name FROM range(1000) t(i)`);
    await world.parquet(
      'b.parquet',
      `SELECT i AS id, CASE WHEN i = 7 THEN 0 ELSE i * 2 END AS v, 'x' || i AS name FROM range(1, 1002) t(i)`,
    );
    const report = await world.diff('a.parquet', 'b.parquet', KEY);
    expect(countsOf(report)).toEqual({ matched: 998, missing_in_stream: 1, missing_in_batch: 2, value_mismatch: 1 });
    expect(report.verdict).toBe('fail');
    expect(report.sides).toEqual({ batch: 'a.parquet', stream: 'b.parquet' });
    expect(report.discrepancies.map(({ key }) => key['id'])).toEqual(['0', '7', '1000', '1001']);
    expect(report.alignment).toMatchObject({ method: 'snapshot', exact: true });
    expect(report.plan.place).toBe('one_store');
  });

  it('every pair of kinds agrees on the same rows, and finds the same difference', async () => {
    const rows = `SELECT i AS id, CAST(i * 1.25 AS DECIMAL(12,2)) AS amount, CAST(i AS DOUBLE) / 3 AS ratio, 'nämé, "' || i AS name, i % 2 = 0 AS even,
        DATE '2024-02-28' + CAST(i % 3 AS INTEGER) AS day, TIMESTAMP '2024-01-01 00:00:00.000001' + to_seconds(i) AS at,
        CASE WHEN i % 5 = 0 THEN NULL ELSE CAST(12345678901234567890123 + i AS DECIMAL(38,0)) END AS big, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE '007' END AS code FROM range(60) t(i)`;
    const changed = `SELECT * REPLACE (CASE WHEN id = 31 THEN amount + 0.01 ELSE amount END AS amount) FROM (${rows})`;
    const write = async (name: string, query: string): Promise<string[]> => {
      await world.parquet(`${name}.parquet`, query);
      await world.sql(
        `COPY (${query}) TO '@/${name}.csv' (HEADER, FORCE_QUOTE (name, code))`,
        `COPY (${query}) TO '@/${name}.ndjson' (FORMAT json)`,
        `ATTACH '@/${name}.duckdb' AS d`,
        `CREATE TABLE d.rows_of AS ${query}`,
      );
      world.write(`${name}.csv.gz`, gzipSync(readFileSync(world.path(`${name}.csv`))));
      return [`${name}.parquet`, `${name}.csv`, `${name}.csv.gz`, `${name}.ndjson`, `duckdb:${name}.duckdb#rows_of`];
    };
    const [lefts, rights, others] = [await write('l', rows), await write('r', rows), await write('c', changed)];
    for (const left of lefts) {
      for (const [i, right] of rights.entries()) {
        const same = await world.diff(left, right, KEY);
        expect([left, right, countsOf(same), same.verdict]).toEqual([left, right, { matched: 60 }, 'pass']);
        const differs = await world.diff(left, others[i] ?? '', KEY);
        expect([left, right, countsOf(differs)]).toEqual([left, right, { matched: 59, value_mismatch: 1 }]);
        expect(differs.discrepancies[0]?.columns).toEqual({ amount: { batch: '38.75', stream: '38.76' } });
      }
    }
  });

  it('what somebody may write while DuckDB reads it, as a MySQL server, is no snapshot', async () => {
    await world.parquet('a.parquet', 'SELECT 1 AS id');
    await world.parquet('b.parquet', 'SELECT 1 AS id');
    const options = { left: 'a.parquet', right: 'b.parquet', ...KEY };
    const alignment = (right: object, left: object = {}): Promise<unknown> =>
      withPair(world.context(), options, async (sides, { request }) => {
        const given = { ...request, left: { ...request.left, ...left }, right: { ...request.right, ...right } };
        const { alignment: found } = await compareInPlace(sides, world.context(), given);
        return [found.method, found.exact, isExact(given)];
      });
    expect(await alignment({})).toEqual(['snapshot', true, true]);
    expect(await alignment({ still: false })).toEqual(['as_read', false, false]);
    expect(await alignment({}, { still: false })).toEqual(['as_read', false, false]);
  });

  it('a glob is one table; columns that some files lack are NULL there, which is said', async () => {
    await world.parquet('p1.parquet', 'SELECT 1 AS id, 10 AS v');
    await world.parquet('p2.parquet', `SELECT 'x' AS more, 2 AS id, 20 AS v`);
    world.write('[c].csv', 'v,id\n10,1\n20,2\n');
    const report = await world.diff('p*.parquet', '[c].csv', KEY);
    expect(countsOf(report)).toEqual({ matched: 2 });
    expect(report.notes).toContain('column more is missing in 1 of the 2 files of p*.parquet: it is NULL there');
    expect(report.notes).toContain('only the left has the column more');
  });

  it('files of one glob whose exact numbers would become doubles are refused', async () => {
    await world.parquet('p1.parquet', 'SELECT 9007199254740993 AS id');
    await world.parquet('p2.parquet', 'SELECT 1.5::DOUBLE AS id');
    await world.parquet('q.parquet', 'SELECT 1 AS id');
    const error = await world.failing('p*.parquet', 'q.parquet', KEY);
    expect(error.code).toBe('ENDPOINT_UNREADABLE');
    expect(error.message).toContain('its exact numbers would be rounded');
  });

  it('queries in place of tables: of two databases, and of files', async () => {
    await world.sql(
      `ATTACH '@/a.duckdb' AS a`,
      'CREATE TABLE a.t AS SELECT i AS id, i AS v FROM range(10) t(i)',
      `ATTACH '@/b.duckdb' AS b`,
      'CREATE TABLE b.t AS SELECT i AS id, i + 1 AS v FROM range(10) t(i)',
    );
    world.write('c.csv', 'id,v\n1,1\n2,2\n');
    const two = await world.diff('a.duckdb#(select id, v from t -- all\n)', 'duckdb:b.duckdb', {
      ...KEY,
      rightSql: 'select id, v - 1 as v from t;',
    });
    expect(countsOf(two)).toEqual({ matched: 10 });
    const file = await world.diff(
      'a.duckdb#(select * from t where id in (1, 2))',
      'c.csv#(with d as (select * from data) select id, v from d where v > 1)',
      KEY,
    );
    expect(countsOf(file)).toEqual({ matched: 1, missing_in_stream: 1 });
    expect((await world.failing('a.duckdb#(select nope from t)', 'c.csv', KEY)).code).toBe('SQL_FAILED');
  });

  it('chooses columns, maps names, filters, and takes rules', async () => {
    await world.parquet('a.parquet', `SELECT i AS id, i * 1.0 AS amount, i AS seen, 1 AS noise FROM range(10) t(i)`);
    await world.parquet(
      'b.parquet',
      `SELECT i AS "ID", i * 1.001 AS total, i + 1 AS seen, 2 AS noise FROM range(10) t(i)`,
    );
    const rules = {
      columns: { amount: { relative: 0.01 } },
      map: { amount: 'total' },
      where: { batch: 'amount >= 5', stream: 'amount >= 5' },
    };
    const report = await world.diff('a.parquet', 'b.parquet', {
      key: ['id'],
      ignore: ['noise'],
      columns: ['amount'],
      rules,
    });
    expect(report.columns).toHaveProperty('amount');
    expect(Object.keys(report.columns)).toEqual(['amount']);
    expect(countsOf(report)).toEqual({ tolerated: 5 });
    expect(report.verdict).toBe('pass');
    expect(report.notes).toContain('only rows where amount >= 5 are compared');
  });

  it('sides without a column in common but the key are no agreement, unless only keys are asked for', async () => {
    const [left, right] = [world.write('a.csv', 'id,v\n1,3\n'), world.write('b.csv', 'id, v\n1,4\n')];
    const report = await world.diff(left, right, KEY);
    expect([report.verdict, report.matched, report.reasons.at(-1)]).toEqual([
      'inconclusive',
      1,
      'the sides have no column in common but the key, so that no value was compared; --map joins two names, and --columns id asks for the keys alone',
    ]);
    expect((await world.diff(left, right, { ...KEY, columns: ['id'] })).verdict).toBe('pass');
    expect((await world.diff(left, world.write('c.csv', 'id\n1\n'), KEY)).verdict).toBe('pass');
    expect((await world.diff(left, world.write('d.csv', 'id,w\n2,3\n'), KEY)).verdict).toBe('fail');
  });

  it('takes the primary key that both sides have, and otherwise names columns that could be one', async () => {
    await world.sql(
      `ATTACH '@/a.duckdb' AS a`,
      'CREATE TABLE a.t (id INTEGER PRIMARY KEY, v INTEGER)',
      'INSERT INTO a.t VALUES (1, 1), (2, 1)',
      'CREATE TABLE a.u (id INTEGER PRIMARY KEY, v INTEGER)',
      'INSERT INTO a.u VALUES (1, 1), (2, 1)',
    );
    await world.parquet('b.parquet', 'SELECT * FROM (VALUES (1, 1), (2, 1)) t(id, v)');
    expect(countsOf(await world.diff('a.duckdb#t', 'a.duckdb#u'))).toEqual({ matched: 2 });
    const error = await world.failing('a.duckdb#t', 'b.parquet');
    expect(error.code).toBe('KEY_NEEDED');
    expect(error.remedy).toContain('--key id.');
  });
});

describe('verdicts', () => {
  it('an empty side is inconclusive, a rate may allow some, strict fails on columns of one side', async () => {
    await world.parquet('a.parquet', 'SELECT i AS id, i AS v FROM range(100) t(i)');
    await world.parquet('e.parquet', 'SELECT i AS id, i AS v FROM range(0) t(i)');
    await world.parquet('b.parquet', 'SELECT i AS id, nullif(i, 5) AS v, 1 AS more FROM range(100) t(i)');
    expect((await world.diff('a.parquet', 'e.parquet', KEY)).verdict).toBe('inconclusive');
    expect((await world.diff('a.parquet', 'b.parquet', { ...KEY, maxMismatchRate: 0.01 })).verdict).toBe('pass');
    const strict = await world.diff('a.parquet', 'b.parquet', { ...KEY, maxMismatchRate: 0.01, strict: true });
    expect(strict.verdict).toBe('fail');
    expect(strict.reasons.join()).toContain('strict: only the right has the column more');
  });

  it('keys that stand twice or hold a NULL are kinds of their own', async () => {
    await world.parquet('a.parquet', 'SELECT * FROM (VALUES (1, 1), (1, 1), (2, 2), (NULL, 3)) t(id, v)');
    await world.parquet('b.parquet', 'SELECT * FROM (VALUES (1, 1), (2, 2)) t(id, v)');
    expect(countsOf(await world.diff('a.parquet', 'b.parquet', KEY))).toEqual({
      matched: 1,
      duplicate_key: 1,
      null_key: 1,
    });
  });
});
