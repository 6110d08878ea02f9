import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromText, fromTyped } from './convert-sql.js';
import { declaredTypeOf, parseDeclaredType } from './declared-type.js';
import { Inspector } from '../file/inspector.js';
import { quoteText } from './sql-text.js';

const inspector = new Inspector();
beforeAll(() => inspector.rows("SET TimeZone = 'UTC'"));
afterAll(() => inspector.close());

async function convert(text: string, type: string): Promise<string | null> {
  const sql = fromText('t', parseDeclaredType({ name: 'x', type }));
  const [row] = await inspector.rows(`SELECT (${sql})::VARCHAR FROM (SELECT ${quoteText(text)} AS t)`);
  return row?.[0] ?? null;
}

describe('fromText', () => {
  it.each([
    ['integer', '42', '42'],
    ['integer', ' -7 ', '-7'],
    ['integer', '5.00', '5'],
    ['integer', '1e3', '1000'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['decimal(10,2)', '1.230', '1.23'],
    ['decimal(18,8)', '1e-7', '0.00000010'],
    ['decimal(30,2)', '12345678901234567.89', '12345678901234567.89'],
    ['double', '1e-3', '0.001'],
    ['double', '0.0e5', '0.0'],
    ['double', '-Infinity', '-inf'],
    ['boolean', 'true', 'true'],
    ['date', '2024-02-29', '2024-02-29'],
    ['timestamp', '2024-01-01T10:00:00Z', '2024-01-01 10:00:00'],
    ['timestamp', '2024-01-01 10:00:00.123456000', '2024-01-01 10:00:00.123456'],
    ['timestamptz', '2024-01-01T10:00:00+02:00', '2024-01-01 08:00:00+00'],
    ['timestamptz', '2024-01-01T10:00:00', '2024-01-01 10:00:00+00'],
    ['bytes', 'QUI=', 'AB'],
    ['bigint[]', '["9223372036854775807",null]', '[9223372036854775807, NULL]'],
    ['text[]', '["a","b\\"c"]', "[a, 'b\"c']"],
    ['text[]', '[]', '[]'],
  ])('%s takes %s', async (type, text, expected) => {
    expect(await convert(text, type)).toBe(expected);
  });

  it.each([
    ['integer', '1.5'],
    ['integer', '1e-1'],
    ['integer', '2147483648'],
    ['integer', '0x10'],
    ['integer', '1_000'],
    ['integer', ''],
    ['bigint', '9223372036854775808'],
    ['decimal(10,2)', '1.239'],
    ['decimal(10,2)', '1234567.12e-1'],
    ['decimal(4,2)', '100.00'],
    ['double', '1e400'],
    ['double', '1e-400'],
    ['double', 'one'],
    ['boolean', 'maybe'],
    ['date', '2024-02-30'],
    ['date', '2024-01-01 10:00'],
    ['date', '2024-01-01x'],
    ['timestamp', '2024-01-01T10:00:00+02:00'],
    ['timestamp', '2024-01-01T10:00:00.123456789'],
    ['timestamp', '1704067200000'],
    ['timestamptz', '2024-01-01T10:00:00.1234567Z'],
    ['bytes', '!'],
    ['integer[]', '["1","x"]'],
  ])('%s refuses %s', async (type, text) => {
    expect(await convert(text, type)).toBeNull();
  });

  it('keeps every decimal exactly or refuses it, in plain and in scientific notation', async () => {
    const decimal = fc.record({
      digits: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      exponent: fc.integer({ min: -12, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(decimal, fc.integer({ min: 0, max: 12 }), async ({ digits, exponent }, scale) => {
        const result = await convert(`${digits}e${exponent}`, `decimal(38,${scale})`);
        if (result === null) return;
        // result = digits * 10^exponent, both scaled to integers.
        const [whole = '', fraction = ''] = result.split('.');
        expect(fraction.length).toBe(scale);
        expect(BigInt(whole + fraction) * 10n ** 12n).toBe(digits * 10n ** BigInt(12 + scale + exponent));
      }),
      { numRuns: 300 },
    );
  });
});

describe('fromTyped', () => {
  it.each([
    ['1.5::DOUBLE', 'DOUBLE', 'integer', null],
    ['2.0::DOUBLE', 'DOUBLE', 'integer', '2'],
    ['9007199254740993::BIGINT', 'BIGINT', 'double', null],
    ["TIMESTAMP '2024-01-01 10:00'", 'TIMESTAMP', 'date', null],
    ["TIMESTAMP '2024-01-01 10:00'", 'TIMESTAMP', 'timestamptz', '2024-01-01 10:00:00+00'],
    ["TIMESTAMP_NS '2024-01-01 10:00:00.123456789'", 'TIMESTAMP_NS', 'timestamp', null],
    ['1.2345::DECIMAL(10,4)', 'DECIMAL(10,4)', 'decimal(10,2)', null],
    ["'1.5'::VARCHAR", 'VARCHAR', 'integer', null],
    ["'nan'::DOUBLE", 'DOUBLE', 'double', 'nan'],
    ['{a: 1, b: [9007199254740993]}', 'STRUCT(a INTEGER, b BIGINT[])', 'json', '{"a":1,"b":[9007199254740993]}'],
    ['5::INTEGER', 'INTEGER', 'text', '5'],
  ])('%s (%s) as %s is %s', async (value, source, type, expected) => {
    const sql = fromTyped('s', source, parseDeclaredType({ name: 'x', type }));
    const [row] = await inspector.rows(`SELECT (${sql})::VARCHAR FROM (SELECT ${value} AS s)`);
    expect(row?.[0]).toBe(expected);
  });

  it('maps DuckDB types to declared ones that hold them', () => {
    expect(
      [
        'SMALLINT',
        'UBIGINT',
        'FLOAT',
        'DECIMAL(18,2)',
        'TIME',
        'UUID',
        'STRUCT(a INTEGER)',
        'INTEGER[]',
        'INTEGER[][]',
      ].map(declaredTypeOf),
    ).toEqual(['integer', 'decimal(20,0)', 'double', 'decimal(18,2)', 'text', 'text', 'json', 'integer[]', 'json']);
  });
});
