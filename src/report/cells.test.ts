import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Discrepancy } from '../model/comparison.js';
import { cellText, differencesOf, jsonText, pairText, visible } from './cells.js';

// eslint-disable-next-line no-control-regex -- what must never reach a terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Texts full of what is dangerous or alike. */
const nasty = fc.string({
  unit: fc.constantFrom(
    'a',
    '\\',
    'n',
    'x',
    '\n',
    '\r',
    '\t',
    '\u001b',
    '\u009b',
    '\u202e',
    ' ',
    '\u00a0',
    '"',
    '{',
    '}',
    'u',
    'é',
    'e',
    '\u0301',
    '\ud800',
    '東',
  ),
});

describe('texts in a table', () => {
  it('hold nothing that controls a terminal, and stay on one line', () => {
    fc.assert(fc.property(nasty, (text) => !CONTROL.test(visible(text)) && !CONTROL.test(cellText(text))));
  });

  it('differ where the values differ', () => {
    fc.assert(fc.property(nasty, nasty, (a, b) => (a === b) === (cellText(a) === cellText(b))));
  });

  it('tell NULL, the empty text and spaces apart', () => {
    expect([null, '', '""', 'NULL', ' a', 'a\u00a0', -0, 0, false].map((cell) => cellText(cell))).toEqual([
      'NULL',
      '""',
      '""""',
      '"NULL"',
      '" a"',
      '"a\\xa0"',
      '-0',
      '0',
      'false',
    ]);
    expect(cellText(['a', null, { b: 1 }])).toBe('["a",null,{"b":1}]');
  });

  it('show what looks alike by its code points', () => {
    expect(pairText('Caf\u00e9', 'Cafe\u0301')).toEqual(['Caf\\xe9', 'Cafe\\u{301}']);
    expect(pairText('東京', '大阪')).toEqual(['東京', '大阪']);
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        fc.pre(a !== b);
        const [left, right] = pairText(a, b);
        expect(left.normalize('NFC')).not.toBe(right.normalize('NFC'));
      }),
    );
  });
});

describe('jsonText', () => {
  it('reads back as the same value and controls nothing', () => {
    fc.assert(
      fc.property(fc.array(nasty), (texts) => {
        const json = jsonText(texts);
        expect(JSON.parse(json)).toEqual(texts);
        expect(json).not.toMatch(CONTROL);
      }),
    );
  });
});

describe('a row without a key', () => {
  const told = (columns: Discrepancy['columns']): string[] =>
    differencesOf({ key: { id: null }, kind: 'null_key', columns, first_seen: null, cause: null }).map(
      ({ name, batch, stream }) => `${name}: ${batch} | ${stream}`,
    );

  it('is on one side only, and no row of NULLs on the other', () => {
    expect(told({ v: { batch: 5, stream: null }, w: { batch: null, stream: null } })).toEqual([
      'v: 5 | no row',
      'w: NULL | no row',
    ]);
    expect(told({ v: { batch: null, stream: 5 } })).toEqual(['v: no row | 5']);
  });

  it('of which no value tells the side is left as it is', () => {
    expect(told({ v: { batch: null, stream: null } })).toEqual(['v: NULL | NULL']);
  });
});
