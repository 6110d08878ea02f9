import { describe, expect, it } from 'vitest';
import { countsOf, worldPerTest } from './diff-world.js';

const world = worldPerTest();
const KEY = { key: ['id'] };

describe('values of files of different kinds', () => {
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
});
