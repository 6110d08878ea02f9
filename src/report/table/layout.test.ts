import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar, displayWidth, fitted, focused, padded, table, wrapped } from './layout.js';

const paint = (text: string): string => text;

describe('widths', () => {
  it('count wide characters twice and marks not at all', () => {
    expect(['abc', '東京', 'e\u0301', '👩‍👩‍👧', '✓', '한국', 'ｱ'].map(displayWidth)).toEqual([3, 4, 1, 2, 1, 4, 1]);
  });

  it('fit and fill exactly', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '東', 'e\u0301', '👍', ' ') });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (value, width) => {
        expect(displayWidth(padded(fitted(value, width), width))).toBe(width);
      }),
    );
    expect(fitted('東京都', 4)).toBe('東…');
  });
});

describe('table', () => {
  const columns = [
    { header: 'key', shrinkTo: 4 },
    { header: 'n', align: 'right' as const },
  ];

  it('aligns columns and trims the ends of lines', () => {
    expect(table(columns, [[{ text: '東' }, { text: '10' }], [{ text: 'abc' }]], { paint, width: 80 })).toEqual([
      '  key   n',
      '  東   10',
      '  abc',
    ]);
  });

  it('shrinks only what may shrink', () => {
    expect(table(columns, [[{ text: 'abcdefgh' }, { text: '10' }]], { paint, width: 10 })[1]).toBe('  abc…  10');
    expect(table(columns, [[{ text: 'abcdefgh' }, { text: '1234567890' }]], { paint, width: 10 })[1]).toBe(
      '  abc…  1234567890',
    );
  });
});

describe('focused', () => {
  it('shows long values from shortly before they differ', () => {
    const same = 'x'.repeat(40);
    expect(focused([`${same}1`, `${same}2`], 24)).toEqual(['xxxxx…xxx1', 'xxxxx…xxx2']);
    expect(focused(['short', 'other'], 24)).toEqual(['short', 'other']);
  });
});

it('wrapped keeps every word', () => {
  expect(wrapped('aa bb ccccccc d', 5)).toEqual(['aa bb', 'ccccccc', 'd']);
});

it('bar is empty only at nothing and full only at all', () => {
  expect([0, 0.0001, 0.5, 0.9999, 1].map((rate) => bar(rate, 4))).toEqual(['░░░░', '█░░░', '██░░', '███░', '████']);
});
