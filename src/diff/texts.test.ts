import { describe, expect, it } from 'vitest';
import { sameTexts } from './texts.js';

describe('sameTexts', () => {
  it.each([
    ['Straße', 'STRAẞE', true],
    ['Straße', 'STRASSE', false],
    ['ΣΑΣ', 'σας', true],
    ['Кошка', 'кОШКА', true],
    ['\u{10400}', '\u{10428}', true],
    ['K', '\u212A', true],
    ['I', 'ı', false],
    ['i', 'İ', false],
    ['é', 'É', true],
    ['é', 'E\u0301', false],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['a.c', 'abc', false],
    ['ﬁ', 'FI', false],
    ['', '', true],
  ])('case: %s and %s: %s', (a, b, expected) => {
    expect(sameTexts(a, b, { case: 'ignore' })).toBe(expected);
    expect(sameTexts(b, a, { case: 'ignore' })).toBe(expected);
    expect(sameTexts(a, b, {})).toBe(a === b);
  });

  it.each([
    ['a b', ' a b\t\n', true, true],
    ['a b', 'a  b', false, true],
    ['a b', 'a\u00a0\u3000b\u2028', false, true],
    ['a b', 'ab', false, false],
    ['a', 'a\u200b', false, false],
    ['a', '\ufeffa', false, false],
    ['a', '\u0085a', true, true],
    ['', ' \u2003 ', true, true],
    ['a b', 'A B ', false, false],
  ])('white space: %j and %j: trim %s, collapse %s', (a, b, trim, collapse) => {
    expect(sameTexts(a, b, { whitespace: 'trim' })).toBe(trim);
    expect(sameTexts(b, a, { whitespace: 'collapse' })).toBe(collapse);
  });

  it('may leave both out', () => {
    expect(sameTexts(' A  b', 'a B', { case: 'ignore', whitespace: 'collapse' })).toBe(true);
  });

  it('takes its time in proportion to the text', () => {
    const spaces = ' '.repeat(200_000);
    expect(sameTexts(`a${spaces}b`, `a${spaces}c`, { whitespace: 'collapse' })).toBe(false);
  });
});
