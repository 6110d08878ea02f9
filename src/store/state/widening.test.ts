import { describe, expect, it } from 'vitest';
import { widens, widensInPlace } from './widening.js';

describe('a wider type', () => {
  it.each([
    ['INTEGER', 'BIGINT'],
    ['integer', 'bigint'],
    ['INTEGER', 'DECIMAL(10,0)'],
    ['INTEGER', 'DECIMAL(12,2)'],
    ['BIGINT', 'DECIMAL(19,0)'],
    ['DECIMAL(10,2)', 'DECIMAL(18,2)'],
    ['numeric(10,2)', 'numeric(12,4)'],
  ])('%s -> %s', (former, wanted) => {
    expect(widens(former, wanted)).toBe(true);
  });

  it.each([
    ['BIGINT', 'INTEGER'],
    ['INTEGER', 'DECIMAL(9,0)'],
    ['BIGINT', 'DECIMAL(18,0)'],
    ['BIGINT', 'DECIMAL(20,2)'],
    ['DECIMAL(10,2)', 'DECIMAL(10,4)'],
    ['DECIMAL(10,2)', 'DECIMAL(12,0)'],
    ['INTEGER', 'DOUBLE'],
    ['BIGINT', 'DOUBLE'],
    ['DATE', 'TIMESTAMP'],
    ['INTEGER[]', 'BIGINT[]'],
    ['VARCHAR', 'JSON'],
    ['DECIMAL(10,0)', 'INTEGER'],
  ])('not %s -> %s', (former, wanted) => {
    expect(widens(former, wanted)).toBe(false);
  });
});

describe('a wider type in place', () => {
  it.each([
    ['numeric(10,2)', 'numeric(18,2)', true],
    ['numeric(10,2)', 'numeric(18,4)', false],
    ['integer', 'bigint', false],
    ['integer', 'numeric(12,0)', false],
    ['numeric(10,2)', 'numeric(9,2)', false],
  ])('%s -> %s: %s', (former, wanted, expected) => {
    expect(widensInPlace(former, wanted)).toBe(expected);
  });
});
