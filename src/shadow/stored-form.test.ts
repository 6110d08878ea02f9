import { describe, expect, it } from 'vitest';
import type { ColumnFamily } from '../model/column.js';
import { storedForm } from './stored-form.js';

const of = (family: ColumnFamily, type: string) => ({ name: 'c', family, type });

describe('a reducer’s value', () => {
  it.each([
    ['integer', 'INTEGER', 5, 5],
    ['integer', 'INTEGER', '5.0', 5],
    ['integer', 'BIGINT', 5, '5'],
    ['integer', 'BIGINT', '9223372036854775807', '9223372036854775807'],
    ['decimal', 'DECIMAL(18,2)', 1.5, '1.50'],
    ['decimal', 'DECIMAL(18,2)', '-0.5', '-0.50'],
    ['decimal', 'DECIMAL(18,2)', 12, '12.00'],
    ['decimal', 'DECIMAL(18,0)', '7', '7'],
    ['decimal', 'numeric', 1e-7, '0.0000001'],
    ['double', 'DOUBLE', '0.1', 0.1],
    ['double', 'DOUBLE', NaN, 'NaN'],
    ['double', 'FLOAT', 0.1, Math.fround(0.1)],
    ['text', 'VARCHAR', 1.4, '1.4'],
    ['date', 'DATE', '2024-02-29', '2024-02-29'],
    ['date', 'DATE', '2024-02-29 00:00:00', '2024-02-29'],
    ['timestamp', 'TIMESTAMP', '2024-02-29 01:02:03.1234560', '2024-02-29 01:02:03.1234560'],
    ['list', 'BIGINT[]', [1, 2], [1, 2]],
    ['text', 'VARCHAR', null, null],
  ] as const)('of family %s in a column of type %s: %j is stored as %j', (family, type, given, stored) => {
    expect(storedForm(of(family, type), given)).toEqual(stored);
  });

  it.each([
    ['integer', 'BIGINT', 1.4],
    ['integer', 'BIGINT', 'x'],
    ['integer', 'BIGINT', true],
    ['integer', 'BIGINT', 2 ** 60],
    ['decimal', 'DECIMAL(18,2)', '1.239'],
    ['decimal', 'DECIMAL(18,2)', 0.1 + 0.2],
    ['double', 'DOUBLE', 'x'],
    ['date', 'DATE', '2024-02-29 01:00:00'],
    ['timestamp', 'TIMESTAMP', '2024-02-29 01:02:03.1234567'],
  ] as const)('of family %s does not fit a column of type %s: %j', (family, type, given) => {
    expect(() => storedForm(of(family, type), given)).toThrow(/of c does not fit its type .* without loss/);
  });
});
