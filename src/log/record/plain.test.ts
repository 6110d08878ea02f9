import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inspector } from '../file/inspector.js';
import { fromText } from './convert-sql.js';
import { parseDeclaredType } from './declared-type.js';
import { plainTest } from './plain.js';
import { quoteText } from './sql-text.js';

const inspector = new Inspector();
beforeAll(() => inspector.rows("SET TimeZone = 'UTC'"));
afterAll(() => inspector.close());

/** What the careful way makes of a text, and what a plain cast does: how a store reads the interchange form. */
async function values(text: string, declared: string): Promise<readonly (string | null)[]> {
  const type = parseDeclaredType({ name: 'x', type: declared });
  const [row] = await inspector.rows(
    `SELECT CAST((${fromText('t', type)}) AS VARCHAR), CAST(TRY_CAST(t AS ${type.duckdb}) AS VARCHAR) FROM (SELECT ${quoteText(text)} AS t)`,
  );
  return row ?? [];
}

const digit = fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
const digits = fc.string({ unit: digit, minLength: 0, maxLength: 12 });
const number = fc
  .tuple(fc.constantFrom('', '-', '+'), digits, fc.constantFrom('', '.'), digits, fc.constantFrom('', 'e3', 'E-2'))
  .map((parts) => parts.join(''));
const two = (max: number): fc.Arbitrary<string> => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
const day = fc
  .tuple(fc.integer({ min: 0, max: 9999 }), two(13), two(32))
  .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${month}-${date}`);
const zone = fc.constantFrom('', 'Z', '+02:00', '-13:59', '+14:30', '+0200', ' ', ' UTC');
const moment = fc
  .tuple(
    day,
    fc.constantFrom('T', ' ', 't'),
    two(25),
    two(61),
    two(61),
    fc.constantFrom('', '.', `.5`, '.123456', '.1234567'),
    zone,
  )
  .map(
    ([date, between, hour, minute, second, fraction, at]) =>
      `${date}${between}${hour}:${minute}:${second}${fraction}${at}`,
  );
const word = fc.constantFrom('true', 'false', 'TRUE', 't', '1', '', ' ', 'null', 'NaN', 'Infinity', '{"a": 1}');

describe('plainTest', () => {
  it.each([
    ...['integer', 'bigint', 'double', 'boolean', 'date', 'timestamp', 'timestamptz', 'text'],
    ...['decimal(18,2)', 'decimal(3,3)', 'decimal(5,0)', 'decimal(38,10)'],
  ])('passes only texts that the careful way takes, as the same value: %s', async (declared) => {
    const test = plainTest(parseDeclaredType({ name: 'x', type: declared }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(number, day, moment, word, fc.string({ unit: 'grapheme' })), async (text) => {
        if (test?.(text) !== true) return;
        const [careful, plain] = await values(text, declared);
        expect(careful).not.toBeNull();
        expect(careful).toBe(plain);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['integer', '-42'],
    ['bigint', '123456789012345678'],
    ['decimal(18,2)', '1234567890123456.78'],
    ['decimal(3,3)', '0.125'],
    ['double', '-12.5'],
    ['boolean', 'true'],
    ['date', '2024-02-29'],
    ['timestamp', '2024-12-31 23:59:59.999999'],
    ['timestamptz', '2024-01-31T10:00:00.123Z'],
    ['timestamptz', '2024-01-31T10:00:00+02:00'],
    ['text', 'a "quoted" text, and more'],
  ])('passes %s %s', (declared, text) => {
    expect(plainTest(parseDeclaredType({ name: 'x', type: declared }))?.(text)).toBe(true);
  });

  it.each([
    ['date', '2023-02-29'],
    ['date', '1900-02-29'],
    ['date', '2024-04-31'],
    ['decimal(18,2)', '1.234'],
    ['text', 'a\0b'],
  ])('leaves %s %s to SQL', (declared, text) => {
    expect(plainTest(parseDeclaredType({ name: 'x', type: declared }))?.(text)).toBe(false);
  });

  it('has no say in lists and bytes', () => {
    expect(plainTest(parseDeclaredType({ name: 'x', type: 'text[]' }))).toBeNull();
    expect(plainTest(parseDeclaredType({ name: 'x', type: 'bytes' }))).toBeNull();
  });
});
