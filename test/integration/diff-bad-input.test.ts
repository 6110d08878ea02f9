import { appendFileSync, chmodSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeEach, describe, expect, it } from 'vitest';
import { diffTables } from '../../src/app/diff.js';
import { rulesOf } from '../../src/app/diff-rules.js';
import { worldPerTest } from './diff-world.js';

const world = worldPerTest();
const KEY = { key: ['id'] };

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
    world.write('text.csv', 'id,v\n1,2\n');
    for (const other of ['text.csv', 'ok.parquet'])
      expect(await refused(`duckdb:${other}#t`)).toBe(
        `ENDPOINT_UNREADABLE: duckdb:${other} cannot be read: it is no database of DuckDB`,
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
    await expect(
      diffTables({ ...context, progress }, { left: 'ok.parquet', right: 'a.csv', ...KEY }),
    ).rejects.toMatchObject({ code: 'ENDPOINT_CHANGED' });
  });

  it('a file that both sides read and that changes between the one and the other', async () => {
    world.write('twice.csv', 'id,v\n1,1\n');
    const progress = {
      update: (phase: string) => void (phase === 'reading left' && appendFileSync(world.path('twice.csv'), '2,2\n')),
    };
    const sides = { left: 'twice.csv#(select * from data)', right: 'twice.csv#(select id, v from data)' };
    await expect(diffTables({ ...world.context(), progress }, { ...sides, ...KEY })).rejects.toMatchObject({
      code: 'ENDPOINT_CHANGED',
    });
  });

  it('a DuckDB database that something else than DuckDB writes while it is compared', async () => {
    await world.sql(
      `ATTACH '@/w.duckdb' AS w`,
      `CREATE TABLE w.t AS SELECT i AS id, i AS v FROM range(5000) r(i)`,
      `DETACH w`,
    );
    const seen: string[] = [];
    const progress = {
      update: (phase: string) => {
        if (seen.push(phase) === 1) utimesSync(world.path('w.duckdb'), 1, 1);
      },
    };
    const asked = { left: 'duckdb:w.duckdb#t', right: 'duckdb:w.duckdb#(select * from t)', ...KEY };
    await expect(diffTables({ ...world.context(), progress }, asked)).rejects.toMatchObject({
      code: 'ENDPOINT_CHANGED',
      message: expect.stringMatching(/w\.duckdb changed while it was compared$/) as string,
    });
    expect(await world.diff(asked.left, asked.right, KEY)).toMatchObject({ verdict: 'pass' });
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
