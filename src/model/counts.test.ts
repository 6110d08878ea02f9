import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byCount, counted, grouped } from './counts.js';

describe('grouped', () => {
  it('separates thousands of numbers only', () => {
    expect(grouped(1234567)).toBe('1,234,567');
    expect(grouped('-1234.56789')).toBe('-1,234.56789');
    expect(grouped('123456789012345678901234567890')).toBe('123,456,789,012,345,678,901,234,567,890');
    expect(['999', '1e21', 'NaN', '1h', ''].map(grouped)).toEqual(['999', '1e21', 'NaN', '1h', '']);
  });

  it('loses no digit', () => {
    fc.assert(fc.property(fc.bigInt(), (value) => BigInt(grouped(value).replaceAll(',', '')) === value));
  });
});

it('counted', () => {
  expect([counted(1, 'key'), counted(2000, 'key'), counted(0, 'batch', 'batches')]).toEqual([
    '1 key',
    '2,000 keys',
    '0 batches',
  ]);
});

it('byCount has the form for one at one only', () => {
  expect([0, 1, 1.5, 2].map((count) => byCount(count, 'is', 'are'))).toEqual(['are', 'is', 'are', 'are']);
  expect([1, 2].map((count) => byCount(count, 'row'))).toEqual(['row', 'rows']);
});
