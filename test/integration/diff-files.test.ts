import { appendFileSync, chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DuckDBInstance } from '@duckdb/node-api';
import { withPair } from '../../src/app/diff-pair.js';
import { planDiffOf } from '../../src/app/diff-plan.js';
import { compareInPlace, isExact } from '../../src/app/diff-place.js';
import { rulesOf } from '../../src/app/diff-rules.js';
import { countsOf, DiffWorld } from './diff-world.js';

let world: DiffWorld;
beforeEach(() => {
  world = new DiffWorld();
});
afterEach(() => world.close());

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

  it('CSV against CSV: leading zeros and long digits stay what they are, numbers are compared as numbers', async () => {
    world.write('a.csv', 'id,zip,amount,serial\n1,007,1.50,123456789012345678901234567890123456789012345\n2,010,2,1\n');
    world.write('b.csv', 'id,zip,amount,serial\n1,7,1.5,123456789012345678901234567890123456789012346\n2,010,2.00,1\n');
    const report = await world.diff('a.csv', 'b.csv', KEY);
    expect(report.discrepancies).toHaveLength(1);
    expect(report.discrepancies[0]?.columns).toEqual({
      zip: { batch: '007', stream: '7' },
      serial: {
        batch: '123456789012345678901234567890123456789012345',
        stream: '123456789012345678901234567890123456789012346',
      },
    });
  });

  it('CSV of many megabytes: its columns are those of its first line', async () => {
    const rows = (changed: string): string =>
      `SELECT i AS id, ${changed} AS v, repeat(CAST(i % 10 AS VARCHAR), 4000) AS filler FROM range(20000) t(i)`;
    await world.sql(
      `COPY (${rows('i')}) TO '@/a.csv' (HEADER)`,
      `COPY (${rows('CASE WHEN i = 7 THEN 0 ELSE i END')}) TO '@/b.csv' (HEADER)`,
    );
    const report = await world.diff('a.csv', 'b.csv', KEY);
    expect(countsOf(report)).toEqual({ matched: 19_999, value_mismatch: 1 });
  });

  it('a text that does not fit the type of the other side is a difference, and no NULL', async () => {
    await world.parquet(
      'a.parquet',
      `SELECT * FROM (VALUES (1, 1.50::DECIMAL(9,2)), (2, NULL), (3, 3.25)) t(id, amount)`,
    );
    world.write('b.csv', 'id,amount\n1,1.5\n2,n/a\n3,3.250\n');
    const report = await world.diff('a.parquet', 'b.csv', KEY);
    expect(countsOf(report)).toEqual({ matched: 2, value_mismatch: 1 });
    expect(report.discrepancies[0]?.columns).toEqual({ amount: { batch: null, stream: 'n/a' } });
    expect(report.notes.join()).toContain('1 value of b.csv is no DECIMAL(9,2), such as "n/a"');
  });

  it('numbers in JSON are not rounded', async () => {
    world.write('a.ndjson', '{"id":1,"x":12345678901234.123456,"s":"1, 2.50000000000000000000"}\n{"id":2,"x":1}\n');
    world.write(
      'b.ndjson',
      '{"id":1,"x":12345678901234.123457,"s":"1, 2.50000000000000000000"}\n{"id":2,"x":1.0,"s":null}\n',
    );
    const report = await world.diff('a.ndjson', 'b.ndjson', KEY);
    expect(countsOf(report)).toEqual({ matched: 1, value_mismatch: 1 });
    expect(report.discrepancies[0]?.columns).toEqual({
      x: { batch: '12345678901234.123456', stream: '12345678901234.123457' },
    });
  });

  it('a text that begins with U+FEFF is shown with it, and is another key', async () => {
    await world.parquet(
      'a.parquet',
      `SELECT 1 AS id, chr(65279) || 'a' AS s, [chr(65279)] AS l UNION ALL SELECT 2, chr(65279) || chr(65279) || 'long enough for a pointer', NULL`,
    );
    await world.parquet(
      'b.parquet',
      `SELECT 1 AS id, 'a' AS s, [''] AS l UNION ALL SELECT 2, chr(65279) || 'long enough for a pointer', NULL`,
    );
    const report = await world.diff('a.parquet', 'b.parquet', KEY);
    expect(report.discrepancies.map(({ columns }) => columns)).toEqual([
      { s: { batch: '\ufeffa', stream: 'a' }, l: { batch: ['\ufeff'], stream: [''] } },
      { s: { batch: '\ufeff\ufefflong enough for a pointer', stream: '\ufefflong enough for a pointer' } },
    ]);
    const keys = await world.diff('a.parquet', 'b.parquet', { key: ['s'] });
    expect(keys.discrepancies.map(({ key }) => key['s']).sort()).toEqual([
      'a',
      '\ufeffa',
      '\ufefflong enough for a pointer',
      '\ufeff\ufefflong enough for a pointer',
    ]);
  });

  it('a text in JSON that begins with U+0001 is no number, and not the text without it', async () => {
    const line = (id: number, value: string): string => `{"id":${id},"x":${value},"j":{"v":${value}}}\n`;
    const texts = [
      '"\\u00011.5"',
      '"\\u0001a"',
      '"\\u0001\\u00011"',
      '"\\\\u00011.50000000000000000"',
      '1.25000000000000000001',
    ];
    const others = ['"1.5"', '"a"', '"\\u00011"', '"\\\\u00011.5"', '1.25'];
    world.write('a.ndjson', texts.map((text, id) => line(id, text)).join(''));
    world.write('b.ndjson', others.map((text, id) => line(id, text)).join(''));
    world.write('same.ndjson', texts.map((text, id) => line(id, text)).join(''));
    const report = await world.diff('a.ndjson', 'b.ndjson', KEY);
    expect(countsOf(report)).toEqual({ value_mismatch: 5 });
    expect(report.columns).toMatchObject({ x: { mismatched: 5 }, j: { mismatched: 5 } });
    expect(report.discrepancies[0]?.columns['j']).toEqual({ batch: '{"v":"\\u00011.5"}', stream: '{"v":"1.5"}' });
    expect(countsOf(await world.diff('a.ndjson', 'same.ndjson', KEY))).toEqual({ matched: 5 });
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

  it('a CSV of a union of DuckDB does not say of which member a value is', async () => {
    await world.sql(
      `ATTACH '@/u.duckdb' AS u`,
      `CREATE TABLE u.t AS SELECT 1 AS id, CAST(union_value(s := '1') AS UNION(n INTEGER, s VARCHAR)) AS v`,
      `COPY (SELECT 1 AS id, CAST(union_value(n := 1) AS UNION(n INTEGER, s VARCHAR)) AS v) TO '@/u.csv'`,
    );
    const error = await world.failing('u.duckdb#t', 'u.csv', KEY);
    expect(`${error.code}: ${error.message}`).toBe(
      'TYPE_MISMATCH: column v is UNION(n INTEGER, s VARCHAR) on one side, and the texts of u.csv do not say of which member a value is',
    );
  });

  it('a filter sees types in a file of texts also of columns that are not compared', async () => {
    await world.parquet('a.parquet', `SELECT i AS id, 1 AS v, i AS n, 'x' AS s FROM range(12) t(i)`);
    const lines = (row: (i: number) => string): string => Array.from({ length: 12 }, (_, i) => `${row(i)}\n`).join('');
    world.write('a.csv', `id,v,n,extra\n${lines((i) => `${i},1,${i},${i}`)}`);
    world.write('b.csv', `id,v,m\n${lines((i) => `${i},1,${i}`)}`);
    world.write(
      'a.ndjson',
      lines((i) => `{"id": ${i}, "v": 1, "n": ${i}}`),
    );
    const where = (batch: string, stream = batch) => ({ rules: { columns: {}, where: { batch, stream } } });
    const agreed = { matched: 8 };
    for (const right of ['a.csv', 'a.ndjson']) {
      // By their texts 10 and 11 are below 4.
      for (const text of ['n >= 4', `n >= '4'`, `"n" >= 4 -- no more`]) {
        expect(countsOf(await world.diff('a.parquet', right, { ...KEY, ...where(text), ignore: ['n'] }))).toEqual(
          agreed,
        );
        expect(countsOf(await world.diff(right, 'a.parquet', { ...KEY, ...where(text), columns: ['v'] }))).toEqual(
          agreed,
        );
      }
    }
    const mapped = { columns: {}, map: { n: 'm' }, where: { batch: 'n >= 4', stream: 'n >= 4' } };
    expect(countsOf(await world.diff('a.csv', 'b.csv', { ...KEY, columns: ['v'], rules: mapped }))).toEqual(agreed);
    const one = where('extra >= 4', 'n >= 4');
    expect(countsOf(await world.diff('a.csv', 'a.parquet', { ...KEY, ...one, ignore: ['n'] }))).toEqual(agreed);
    world.write('bad.csv', 'id,v,n\n1,1,soon\n');
    const told = await world.diff('a.parquet', 'bad.csv', { ...KEY, ...where(`n <> '4'`), ignore: ['n'] });
    expect(told.notes).toContain(
      'column n is taken as text by the filter: 1 value of bad.csv is no BIGINT, such as "soon"',
    );
  });

  it('a text beside a single float stands for that float where it is its own, and beside a list it may stand in braces', async () => {
    await world.parquet(
      'a.parquet',
      `SELECT * FROM (VALUES (0, 0.1::FLOAT, [1, NULL]), (1, 16777216::FLOAT, [2]), (2, 1e-40::FLOAT, []), (3, 'nan'::FLOAT, NULL)) t(id, v, l)`,
    );
    world.write('a.csv', `id,v,l\n0,0.1,"{1,NULL}"\n1,1.6777216e+07,{2}\n2,1e-40,{}\n3,NaN,\n`);
    const same = await world.diff('a.parquet', 'a.csv', KEY);
    expect([same.verdict, countsOf(same), same.notes, same.lossy]).toEqual(['pass', { matched: 4 }, [], []]);
    world.write('b.csv', `id,v,l\n0,0.100000001,"{1,""NULL""}"\n1,16777217,{2.4}\n2,1e-40,"{,}"\n3,NaN,\n`);
    const other = await world.diff('a.parquet', 'b.csv', KEY);
    expect(countsOf(other)).toEqual({ matched: 1, value_mismatch: 3 });
    expect(other.columns).toMatchObject({ v: { mismatched: 2 }, l: { mismatched: 3 } });
  });

  it('beside JSON a text of NDJSON is a text, whatever it reads like, unless it holds an object or an array', async () => {
    world.write('a.ndjson', '{"id":1,"j":{"a":1}}\n{"id":2,"j":1}\n{"id":3,"j":"x"}\n{"id":4,"j":"true"}\n');
    world.write('b.ndjson', '{"id":1,"j":"{\\"a\\": 1.0}"}\n{"id":2,"j":"1"}\n{"id":3,"j":"x"}\n{"id":4,"j":"true"}\n');
    await world.sql(
      `ATTACH '@/a.duckdb' AS d`,
      `CREATE TABLE d.t AS SELECT id, CAST(j AS JSON) AS j FROM (VALUES (1, '{"a":1}'), (2, '1'), (3, '"x"'), (4, '"true"')) t(id, j)`,
    );
    for (const left of ['a.ndjson', 'duckdb:a.duckdb#t']) {
      for (const [one, other] of [
        [left, 'b.ndjson'],
        ['b.ndjson', left],
      ] as const) {
        const report = await world.diff(one, other, KEY);
        expect(countsOf(report)).toEqual({ matched: 3, value_mismatch: 1 });
        expect(report.discrepancies.map(({ key }) => String(key['id']))).toEqual(['2']);
      }
    }
    world.write('c.ndjson', '{"id":2,"j":1}\n{"id":3,"j":"x"}\n');
    const mixed = await world.diff('c.ndjson', 'duckdb:a.duckdb#t', KEY);
    expect(countsOf(mixed)).toEqual({ matched: 2, missing_in_batch: 2 });
  });

  it('says so where neither side has a type and their texts are of different ones', async () => {
    world.write('a.csv', 'id,day,n,same\n1,2024-01-01,007,x\n');
    world.write('b.csv', 'id,day,n,same\n1,2024-01-01 00:00:00,7,y\n');
    expect((await world.diff('a.csv', 'b.csv', KEY)).notes).toEqual([
      'column day is compared by its texts: a.csv has DATE, b.csv TIMESTAMP',
      'column n is compared by its texts: a.csv has texts, b.csv BIGINT',
    ]);
    world.write('a.ndjson', '{"id":1,"v":1.5}\n');
    world.write('b.ndjson', '{"id":1,"v":"1.5"}\n');
    expect((await world.diff('a.ndjson', 'b.ndjson', KEY)).notes).toEqual([
      'column v is compared by its texts: a.ndjson has DECIMAL(2,1), b.ndjson texts',
    ]);
  });

  it('takes intervals as PostgreSQL writes them into CSV, each exactly', async () => {
    const texts = ['1 mon', '-1 days', '1 year 2 mons -3 days +04:05:06.000001', '-1 days +02:00:00', '300:00:00'];
    const spans = ['1 month', '-1 day', '14 months -3 days 04:05:06.000001', '-1 day 02:00:00', '300:00:00'];
    const table = `CREATE TABLE d.t (id INTEGER, v INTERVAL)`;
    const rows = (values: string[]): string => values.map((value, i) => `(${i}, INTERVAL '${value}')`).join(', ');
    await world.sql(`ATTACH '@/a.duckdb' AS d`, table, `INSERT INTO d.t VALUES ${rows(spans)}`);
    world.write('a.csv', `id,v\n${texts.map((text, i) => `${i},${text}\n`).join('')}`);
    const same = await world.diff('duckdb:a.duckdb#t', 'a.csv', KEY);
    expect([same.verdict, countsOf(same), same.notes]).toEqual(['pass', { matched: 5 }, []]);
    // 30 days are no month, and neither an empty text nor more digits than there are is a value.
    const others = ['30 days', '-24:00:00', '1 year 2 mons -3 days +04:05:06.0000011', '""', '12 days 12:00:00'];
    world.write('b.csv', `id,v\n${others.map((text, i) => `${i},${text}\n`).join('')}`);
    expect(countsOf(await world.diff('duckdb:a.duckdb#t', 'b.csv', KEY))).toEqual({ value_mismatch: 5 });
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

describe('bad input', () => {
  beforeEach(async () => {
    await world.parquet('ok.parquet', 'SELECT i AS id, i AS v FROM range(5000) t(i)');
  });

  const refused = async (right: string, options = KEY): Promise<string> => {
    const { code, message, place } = await world.failing('ok.parquet', right, options);
    return `${code}: ${message.replaceAll(`${world.root}/`, '')}${place?.line === undefined ? '' : ` @${place.line}`}`;
  };

  it('no such file, empty glob, a folder, the same side twice', async () => {
    mkdirSync(world.path('dir'));
    expect(await refused('no.parquet')).toBe('ENDPOINT_MISSING: there is no no.parquet');
    expect(await refused('no*.csv')).toBe('ENDPOINT_MISSING: no file matches no*.csv');
    expect(await refused('duckdb:no.duckdb#t')).toBe('ENDPOINT_MISSING: there is no duckdb:no.duckdb');
    expect(await refused('parquet:dir')).toBe('ENDPOINT_INVALID: dir is a folder');
    expect(await refused('./ok.parquet')).toBe(
      'ENDPOINT_INVALID: both sides are ok.parquet: it would be compared with itself',
    );
  });

  it('half a Parquet file, one that is none, and one that is damaged inside', async () => {
    const whole = readFileSync(world.path('ok.parquet'));
    world.write('half.parquet', whole.subarray(0, whole.length >> 1));
    world.write('none.parquet', 'id,v\n1,2\n');
    world.write(
      'inside.parquet',
      Buffer.concat([whole.subarray(0, 60), Buffer.alloc(3000, 0x41), whole.subarray(3060)]),
    );
    expect(await refused('half.parquet')).toMatch(
      /^ENDPOINT_UNREADABLE: .*half\.parquet cannot be read: No magic bytes/,
    );
    expect(await refused('none.parquet')).toMatch(/^ENDPOINT_UNREADABLE: .*none\.parquet cannot be read/);
    expect(await refused('inside.parquet')).toMatch(/^ENDPOINT_UNREADABLE: .*inside\.parquet/);
  });

  it('a CSV line with too many values, an open quote, wrong bytes, no header', async () => {
    world.write('a.csv', 'id,v\n1,1\n2,2,2\n');
    world.write('b.csv', 'id,v\n1,"1\n2,2\n');
    world.write('c.csv', Buffer.from('id,v\n1,\xff\n', 'latin1'));
    world.write('d.csv', '');
    world.write('f.csv', 'id,v\n1,5" pipe\n2,2\n');
    world.write('e.csv', 'id,ID\n1,1\n');
    world.write('g1.csv', 'id,v\n1,1\n');
    world.write('g2.csv', 'id,v\n1\n');
    expect(await refused('a.csv')).toBe(
      'ENDPOINT_UNREADABLE: a.csv cannot be read: line 3: it has 3 values where the header names 2 columns: 2,2,2 @3',
    );
    expect(await refused('b.csv')).toMatch(
      /^ENDPOINT_UNREADABLE: b\.csv cannot be read: line 2: value with unterminated quote found: .* @2$/s,
    );
    expect(await refused('c.csv')).toMatch(/^ENDPOINT_UNREADABLE: c\.csv cannot be read: line 2: invalid unicode/);
    expect((await world.diff('f.csv', 'f.csv#(select * from data)', KEY)).matched).toBe(2);
    expect(await refused('d.csv')).toBe(
      'ENDPOINT_UNREADABLE: d.csv cannot be read: it is empty, without a line of column names',
    );
    expect(await refused('e.csv')).toBe(
      'ENDPOINT_UNREADABLE: e.csv cannot be read: its first line names the column ID twice @1',
    );
    expect(await refused('g*.csv')).toMatch(
      /^ENDPOINT_UNREADABLE: g2\.csv cannot be read: line 2: it has 1 value where/,
    );
  });

  it('a line that is no JSON, and one that is no object', async () => {
    world.write('a.ndjson', '{"id":1}\n{"id":2\n{"id":3}\n');
    world.write('b.ndjson', '{"id":1}\n[1]\n');
    expect(await refused('a.ndjson')).toMatch(/^ENDPOINT_UNREADABLE: a\.ndjson cannot be read: line 2 is not JSON/);
    expect(await refused('b.ndjson')).toMatch(/^ENDPOINT_UNREADABLE: b\.ndjson cannot be read: line 2 is no object/);
    // DuckDB's own number would be 3, and 2 of a file of one line.
    world.write('c.ndjson', '\n{"id":1}\n\n{"id":2\n');
    world.write('d.ndjson', '{"id":1,"id":2}');
    world.write('e.ndjson', '{"id":');
    expect(await refused('c.ndjson')).toMatch(
      /c\.ndjson cannot be read: line 4 is not JSON: unexpected end of data @4$/,
    );
    expect(await refused('d.ndjson')).toMatch(
      /d\.ndjson cannot be read: line 1 is no object, or names a member twice: {"id":1,"id":2} @1$/,
    );
    expect(await refused('e.ndjson')).toMatch(/e\.ndjson cannot be read: line 1 is not JSON/);
  });

  it('a database that is none, one that another process writes, no such table, a missing extension', async () => {
    world.write('none.duckdb', 'this is no database'.repeat(1000));
    await world.sql(`ATTACH '@/w.duckdb' AS w`, 'CREATE TABLE w.t (id INTEGER)');
    world.write('x.sqlite', 'x');
    expect(await refused('duckdb:none.duckdb#t')).toBe(
      'ENDPOINT_UNREADABLE: duckdb:none.duckdb cannot be read: it is no database of DuckDB',
    );
    expect(await refused('w.duckdb#nope')).toBe('TABLE_MISSING: there is no table nope in duckdb:w.duckdb');
    expect((await world.failing('ok.parquet', 'w.duckdb', KEY)).remedy).toBe('Name one behind the #. Tables: t.');
    expect(await refused('x.sqlite#t')).toMatch(/^EXTENSION_MISSING: sqlite:x\.sqlite needs DuckDB's extension sqlite/);
  });

  it('a key column or a chosen column that is not there, types that cannot be compared', async () => {
    await world.parquet('t.parquet', `SELECT i AS id, [i] AS v FROM range(3) t(i)`);
    await world.parquet('k.parquet', `SELECT i AS k, i AS v FROM range(3) t(i)`);
    expect(await refused('k.parquet')).toBe('KEY_COLUMN_MISSING: the right has no column id, which is part of the key');
    expect(await refused('t.parquet')).toBe(
      'TYPE_MISMATCH: column v is BIGINT on the left side and BIGINT[] on the right side',
    );
    await world.parquet('texts.parquet', `SELECT 'x' || i AS id, i AS v FROM range(3) t(i)`);
    const key = await world.failing('ok.parquet', 'texts.parquet', KEY);
    expect([key.message, key.remedy]).toEqual([
      'key column id is BIGINT on the left side and VARCHAR on the right side',
      'Cast the column in a query for one side: #(select ...).',
    ]);
    expect((await world.failing('ok.parquet', 't.parquet', { ...KEY, busyAbove: 2 })).message).toBe(
      '--busy-above is of no use without --gentle',
    );
    expect((await world.failing('ok.parquet', 't.parquet', { ...KEY, columns: ['nope'] })).message).toBe(
      'the left has no column nope, which --columns names',
    );
    await world.parquet('p.parquet', `SELECT i AS id, i AS v FROM range(3) t(i)`);
    const filtered = (where: { batch?: string; stream?: string }) =>
      world.failing('ok.parquet', 'p.parquet', { ...KEY, rules: { columns: {}, where } });
    const unknown = await filtered({ stream: 'nope > 1' });
    expect(`${unknown.code}: ${unknown.message}`).toMatch(
      /^SQL_FAILED: the filter nope > 1 cannot be used on the right: Referenced column "nope" not found/,
    );
    expect(unknown.remedy).toBe('Correct the filter. Columns of the right: id, v.');
    expect((await filtered({ batch: 'id >' })).message).toMatch(
      /^the filter id > cannot be used on the left: syntax error/,
    );
    const text = await world.failing('ok.parquet', 'p.parquet', {
      ...KEY,
      rules: { columns: { v: { case: 'ignore' } } },
    });
    expect([text.code, text.remedy]).toEqual([
      'RULE_INVALID',
      'Remove `case` from the rule, or cast the column in a query for each side: #(select ...).',
    ]);
    await expect(rulesOf(world.context(), { texts: ['v: {absolut: 1}'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: '--rule:1:5 v.absolut: unknown key; did you mean "absolute"?',
      remedy: expect.stringMatching(/^Correct the rule, such as /) as string,
    });
  });

  it('a file that changes while it is compared', async () => {
    world.write('a.csv', `id,v\n${Array.from({ length: 5000 }, (_, i) => `${i},${i}`).join('\n')}\n`);
    const context = world.context();
    const progress = {
      update: (phase: string) => void (phase === 'counting rows' && appendFileSync(world.path('a.csv'), '5000,5000\n')),
    };
    const { diffTables } = await import('../../src/app/diff.js');
    await expect(
      diffTables({ ...context, progress }, { left: 'ok.parquet', right: 'a.csv', ...KEY }),
    ).rejects.toMatchObject({ code: 'ENDPOINT_CHANGED' });
  });

  it('a stop is an error and never a verdict', async () => {
    world.stop.abort();
    expect((await world.failing('ok.parquet', 'ok.parquet#(select * from data)', KEY)).code).toBe('INTERRUPTED');
  });

  const root = process.getuid?.() === 0;
  if (root)
    console.warn('*** NOT TESTED: a file that may not be read. The tests run as root, who may read every file. ***');
  it.skipIf(root)('a file that may not be read', async () => {
    world.write('a.csv', 'id,v\n');
    chmodSync(world.path('a.csv'), 0);
    expect(await refused('a.csv')).toMatch(/^ENDPOINT_UNREADABLE/);
  });

  it('a database that this process has open for writing', async () => {
    const instance = await DuckDBInstance.create(world.path('w.duckdb'));
    const error = await world.failing('ok.parquet', 'w.duckdb#t', KEY);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(?:STORE_LOCKED|TABLE_MISSING|ENDPOINT_UNREADABLE)$/),
    });
    instance.closeSync();
  });
});
