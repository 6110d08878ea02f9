import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpoint, tableText, type NamePart } from './endpoint.js';
import { CutoverError } from './errors.js';

function failing(text: string, sql?: string): CutoverError {
  try {
    parseEndpoint(text, sql);
  } catch (error) {
    if (error instanceof CutoverError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

const plain = (...names: string[]): NamePart[] => names.map((name) => ({ name, quoted: false }));

describe('endpoints', () => {
  it.each([
    [
      'a.parquet',
      { kind: 'file', format: 'parquet', path: 'a.parquet', relation: { kind: 'whole' }, label: 'a.parquet' },
    ],
    ['dir/*/x.csv.gz', { kind: 'file', format: 'csv', path: 'dir/*/x.csv.gz' }],
    ['C:\\data\\x.tsv', { kind: 'file', format: 'csv', path: 'C:\\data\\x.tsv' }],
    ['a#b.jsonl.zst', { kind: 'file', format: 'ndjson', path: 'a#b.jsonl.zst' }],
    ['csv:export.txt', { kind: 'file', format: 'csv', path: 'export.txt' }],
    ['duckdb:w.db#s.t', { kind: 'duckdb', path: 'w.db', relation: { kind: 'table', name: plain('s', 't') } }],
    ['duckdb:///w.db#t', { kind: 'duckdb', path: '/w.db', relation: { kind: 'table', name: plain('t') } }],
    ['w.duckdb#t', { kind: 'duckdb', path: 'w.duckdb', label: 'duckdb:w.duckdb#t' }],
    ['duckdb:a#1.db#t', { kind: 'duckdb', path: 'a#1.db', relation: { kind: 'table', name: plain('t') } }],
    ['duckdb:w.db', { kind: 'duckdb', path: 'w.db', relation: { kind: 'whole' } }],
    ['sqlite:w.db#t', { kind: 'sqlite', path: 'w.db', relation: { kind: 'table', name: plain('t') } }],
    ['mysql://u:p@h/d#t', { kind: 'mysql', url: 'mysql://u:p@h/d', label: 'mysql://u@h/d#t' }],
  ])('%s', (text, expected) => {
    expect(parseEndpoint(text)).toMatchObject(expected);
  });

  it('takes quoted names, dots and # in them', () => {
    expect(parseEndpoint('duckdb:w.db#"my.schema"."a ""b""#c"').relation).toEqual({
      kind: 'table',
      name: [
        { name: 'my.schema', quoted: true },
        { name: 'a "b"#c', quoted: true },
      ],
    });
  });

  it('takes a query in place of a table, without its last semicolon', () => {
    const { relation, label } = parseEndpoint("postgres://h/d#(select id, '#x' as secret from t; )");
    expect(relation).toEqual({ kind: 'query', sql: "select id, '#x' as secret from t" });
    expect(label).toBe("postgres://h/d#(select id, '…' as secret from t)");
    expect(parseEndpoint('a.csv', 'select * from data;').relation).toEqual({
      kind: 'query',
      sql: 'select * from data',
    });
  });

  it('shows no password and no parameter', () => {
    const endpoint = parseEndpoint('postgresql://ada:s3cret@db:5433/shop?sslmode=require&password=other#public.orders');
    expect(endpoint.label).toBe('postgres://ada@db:5433/shop#public.orders');
    expect(endpoint).toMatchObject({ url: 'postgresql://ada:s3cret@db:5433/shop?sslmode=require&password=other' });
  });

  it.each([
    'postgres://ada:s3/cret@db/shop#t',
    'postgres://ada:s3#cret@db/shop#t',
    'postgres://ada:s3cret@db:x/shop#t',
  ])('does not repeat the password of a URL that is wrong: %s', (text) => {
    const error = failing(text);
    expect(error.code).toBe('ENDPOINT_INVALID');
    expect(`${error.message} ${error.remedy}`).not.toMatch(/s3|cret/);
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['data', 'the ending of data tells no format'],
    ['s3://key:secret@bucket/x.parquet', 'endpoints of the kind s3:// are not known'],
    ['a.parquet#t', 'a.parquet#t names a table of a file'],
    ['duckdb:#t', 'names no file'],
  ])('%s is refused', (text, message) => {
    expect(failing(text).message).toContain(message);
    expect(failing(text).message).not.toContain('secret');
  });

  it('refuses a query beside a table, and an empty one', () => {
    expect(failing('duckdb:w.db#t', 'select 1').message).toContain('a query was given besides');
    expect(failing('duckdb:w.db', ' ').message).toContain('is empty');
  });

  it('reads back every path and name that it is given', () => {
    const part = fc.oneof(
      fc.stringMatching(/^[A-Za-z_é][A-Za-z0-9_$é-]{0,8}$/).map((name) => ({ name, quoted: false })),
      fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).map((name) => ({ name, quoted: true })),
    );
    const path = fc.stringMatching(/^[A-Za-z0-9_./*[\]{} #'é-]{0,20}$/).map((text) => `./${text}x.db`);
    fc.assert(
      fc.property(path, fc.array(part, { minLength: 1, maxLength: 2 }), (file, name) => {
        const text = `duckdb:${file}#${tableText(name)}`;
        // What follows an earlier `#` may be a name too, and then it is one.
        fc.pre(!/#[\p{L}\p{N}_$-]+(?:\.[\p{L}\p{N}_$-]+)?\s*$/u.test(file.split(/(?=#)/).slice(1).join('')));
        expect(parseEndpoint(text)).toMatchObject({ kind: 'duckdb', path: file, relation: { kind: 'table', name } });
      }),
      { numRuns: 500 },
    );
  });

  it('never shows a password', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 12 }), (password) => {
        fc.pre(!'postgres://ada@db:5433/shop#public.orders'.includes(password));
        const { label } = parseEndpoint(`postgres://ada:${encodeURIComponent(password)}@db:5433/shop#public.orders`);
        expect(label).toBe('postgres://ada@db:5433/shop#public.orders');
      }),
    );
  });
});
