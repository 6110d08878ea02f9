import { describe, expect, it } from 'vitest';
import type { ColumnFamily } from '../model/column.js';
import type { ColumnRule } from '../model/project.js';
import type { ComparedColumn } from './compared-column.js';
import { judgeCell, type CellVerdict } from './comparator.js';
import { formatDecimal } from './decimal.js';

function column(
  family: ColumnFamily,
  rule: ColumnRule = {},
  streamFamily = family,
  types?: [string, string],
): ComparedColumn {
  const [batchType, streamType] = types ?? [family, streamFamily];
  return {
    name: 'c',
    batch: { name: 'c', type: batchType, family },
    stream: { name: 'c', type: streamType, family: streamFamily },
    rule,
  };
}

function judge(
  of: ComparedColumn,
  batch: string | null,
  stream: string | null,
  distinct = batch !== stream,
): CellVerdict['outcome'] {
  return judgeCell(of, { batch, stream, distinct }).outcome;
}

function difference(of: ComparedColumn, batch: string, stream: string): string | null {
  const found = judgeCell(of, { batch, stream, distinct: batch !== stream }).difference;
  return found === null || found === 'Infinity' ? found : formatDecimal(found);
}

describe('judgeCell without rules', () => {
  it('lets NULL equal only NULL', () => {
    expect(judge(column('integer'), null, null)).toBe('equal');
    expect(judge(column('integer'), null, '0')).toBe('different');
    expect(judge(column('text'), '', null)).toBe('different');
  });

  it('compares numbers by value', () => {
    expect(judge(column('decimal', {}, 'double'), '0.1', '0.1')).toBe('equal');
    expect(judge(column('integer', {}, 'double'), '100000000000000000000', '1e+20')).toBe('equal');
    expect(judge(column('double'), '0.0', '-0.0')).toBe('equal');
    expect(judge(column('double'), 'NaN', 'NaN')).toBe('equal');
    expect(judge(column('double'), 'Infinity', '-Infinity')).toBe('different');
    expect(judge(column('integer'), '9007199254740992', '9007199254740993')).toBe('different');
  });

  it('keeps trailing spaces and Unicode forms apart', () => {
    expect(judge(column('text'), 'a', 'a ')).toBe('different');
    expect(judge(column('text'), 'é', 'e\u0301')).toBe('different');
  });

  it('never calls values equal that the store holds to be distinct', () => {
    for (const family of ['text', 'list', 'struct', 'timestamp', 'interval', 'json'] as const) {
      expect(judge(column(family), '[]', '[]', true)).toBe('different');
    }
    expect(judge(column('timestamp'), '2024-01-01 00:00:00', '2024-01-01 00:00:00', true)).toBe('different');
  });

  it('compares lists of two numeric types by the values of their elements', () => {
    const lists = column('list', {}, 'list', ['INTEGER[]', 'DECIMAL(10,2)[]']);
    expect(judge(lists, '["1",null]', '["1.00",null]')).toBe('equal');
    expect(judge(lists, '["1"]', '["1.01"]')).toBe('different');
    expect(judge(lists, '["1","2"]', '["2.00","1.00"]')).toBe('different');
    const texts = column('list', {}, 'list', ['VARCHAR[]', 'INTEGER[]']);
    expect(judge(texts, '["01"]', '["1"]')).toBe('different');
  });

  it('measures the difference exactly', () => {
    expect(difference(column('decimal'), '0.30', '0.1')).toBe('0.2');
    expect(difference(column('integer'), '9223372036854775807', '-9223372036854775808')).toBe('18446744073709551615');
    expect(difference(column('double'), 'Infinity', '1.0')).toBe('Infinity');
    expect(difference(column('double'), 'NaN', '1.0')).toBeNull();
    expect(difference(column('timestamp'), '2024-01-01 00:00:00.000000', '2024-01-02 00:00:00.000001')).toBe(
      '86400.000001',
    );
    expect(difference(column('date'), '2024-02-28', '2024-03-01')).toBe('2');
    expect(difference(column('text'), 'a', 'b')).toBeNull();
  });
});

describe('judgeCell with rules', () => {
  it('tolerates up to and including the absolute limit', () => {
    const cents = column('double', { absolute: '0.01' });
    expect(judge(cents, '1.01', '1.0')).toBe('tolerated');
    expect(judge(cents, '1.0100000000000002', '1.0')).toBe('different');
    expect(
      judge(column('timestamp', { absolute: '0.5' }), '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.500000'),
    ).toBe('tolerated');
    expect(
      judge(column('timestamp', { absolute: '0.5' }), '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.500001'),
    ).toBe('different');
  });

  it('takes relative limits against the larger magnitude', () => {
    const percent = column('decimal', { relative: 0.01 });
    expect(judge(percent, '100', '99')).toBe('tolerated');
    expect(judge(percent, '100', '98.99')).toBe('different');
    expect(judge(percent, '-100', '-99')).toBe('tolerated');
    expect(judge(percent, '0', '0.000001')).toBe('different');
  });

  it('needs only one of two limits', () => {
    const either = column('decimal', { relative: 0.01, absolute: '5' });
    expect(judge(either, '10', '14')).toBe('tolerated');
    expect(judge(either, '10000', '10050')).toBe('tolerated');
    expect(judge(either, '10', '16')).toBe('different');
  });

  it('tolerates no infinity and no NaN', () => {
    const wide = column('double', { relative: 1, absolute: '1e300' });
    expect(judge(wide, 'Infinity', '1.0')).toBe('different');
    expect(judge(wide, 'NaN', '1.0')).toBe('different');
    expect(judge(wide, null, '1.0')).toBe('different');
  });

  it('fills NULL only as the rule says, and shows it as tolerated', () => {
    expect(judge(column('integer', { nullEquals: 'zero' }), null, '0')).toBe('tolerated');
    expect(judge(column('decimal', { nullEquals: 'zero' }), '0.00', null)).toBe('tolerated');
    expect(judge(column('integer', { nullEquals: 'zero' }), null, '1')).toBe('different');
    expect(judge(column('integer', { nullEquals: 'zero', absolute: '1' }), null, '1')).toBe('tolerated');
    expect(judge(column('text', { nullEquals: 'empty' }), '', null)).toBe('tolerated');
    expect(judge(column('text', { nullEquals: 'empty' }), ' ', null)).toBe('different');
    expect(judge(column('text', { nullEquals: 'empty' }), null, null)).toBe('equal');
  });

  it('compares sets of two types without regard to order and repetition, with NULL as an element', () => {
    const set = column('list', { set: true }, 'list', ['INTEGER[]', 'BIGINT[]']);
    expect(judge(set, '["1","2"]', '["2","1","1"]')).toBe('equal');
    expect(judge(set, '["1",null]', '["1"]')).toBe('different');
  });

  it('rounds exactly, half away from zero, whatever the sign and the number of digits', () => {
    const to = (round: number, a: string, b: string): string => judge(column('decimal', { round }), a, b);
    expect(to(2, '1.005', '1.01')).toBe('tolerated');
    expect(to(2, '1.0049999999999999999999', '1.01')).toBe('different');
    expect(to(2, '-1.005', '-1.01')).toBe('tolerated');
    expect(to(2, '-0.004', '0.004')).toBe('tolerated');
    expect(to(0, '0.5', '1.4')).toBe('tolerated');
    expect(to(-2, '150', '249')).toBe('tolerated');
    expect(to(-2, '149', '150')).toBe('different');
    expect(to(5, '1.5', '1.50')).toBe('equal');
    // The number that the double's shortest text names, not the binary fraction a little below it.
    expect(judge(column('double', { round: 2 }), '0.285', '0.29')).toBe('tolerated');
    expect(judge(column('double', { round: 2 }), 'NaN', '0.0')).toBe('different');
  });

  it('calls texts tolerated only where a rule on texts says so', () => {
    expect(judge(column('text', { case: 'ignore' }), 'a', 'A')).toBe('tolerated');
    expect(judge(column('text', { nullEquals: 'empty' }), 'a', 'A')).toBe('different');
    expect(judge(column('text', { case: 'ignore' }), 'a', 'a', true)).toBe('different');
    expect(judge(column('text', { whitespace: 'trim', nullEquals: 'empty' }), null, ' ')).toBe('tolerated');
    expect(judge(column('text', { whitespace: 'trim' }), null, ' ')).toBe('different');
  });

  it('compares JSON by value, and leaves paths out only by a rule', () => {
    const json = column('json', { ignorePaths: ['$.t', '$.l[*].t'] });
    expect(judge(column('json'), '{"a":1}', '{ "a": 1.0 }')).toBe('equal');
    expect(judge(column('json'), '{"t":1}', '{"t":2}')).toBe('different');
    expect(judge(json, '{"t":1}', '{"t":1.0}')).toBe('equal');
    expect(judge(json, '{"t":1,"l":[{"t":1}]}', '{"l":[{"t":2}]}')).toBe('tolerated');
    expect(judge(json, '{"t":1,"l":[{"u":1}]}', '{"l":[{"u":2}]}')).toBe('different');
    expect(judge(json, 'not JSON', 'not  JSON')).toBe('different');
    expect(judge(json, null, 'null')).toBe('different');
  });
});
