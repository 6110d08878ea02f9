import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, nearest } from './pattern.js';

describe('covers', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'A', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['*_at', 'created_at', true],
    ['*_at', '_at', true],
    ['*_at', 'at', false],
    ['amount_*', 'amount', false],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'ac', false],
    ['ab*ba', 'aba', false],
    ['a*bb*b', 'abb', false],
    ['a.c', 'abc', false],
    ['*', 'a*', true],
    ['a*', '*', false],
    ['*_at', 'x*_at', true],
    ['x*_at', '*_at', false],
    ['a*', 'a*b', true],
    ['a*b', 'a*', false],
    ['a*b', 'ab', true],
  ])('%s of %s: %s', (pattern, name, expected) => {
    expect(covers(pattern, name)).toBe(expected);
  });

  it('of two patterns says whether every name of the one is one of the other', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 5 }).map((parts) => parts.join(''));
    const names = ['', 'a', 'b', 'ab', 'ba', 'aa', 'bb', 'aab', 'aba', 'abb', 'baa', 'bab', 'bba', 'x', 'axb', 'bxa'];
    const regular = (text: string): RegExp => new RegExp(`^${text.replaceAll('*', '.*')}$`);
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        if (covers(wide, narrow))
          expect(names.filter((name) => regular(narrow).test(name) && !regular(wide).test(name))).toEqual([]);
        // A letter that neither has stands for any text.
        else expect(regular(wide).test(narrow.replaceAll('*', 'x'))).toBe(false);
      }),
    );
  });
});

describe('nearest', () => {
  it('takes the own name before a pattern, and the narrower pattern before the wider', () => {
    const names = ['*', '*_at', 'x_*_at', 'x_a_at', 'other'];
    expect(nearest(names, 'x_a_at')).toBe('x_a_at');
    expect(nearest(names, 'x_b_at')).toBe('x_*_at');
    expect(nearest(names, 'y_at')).toBe('*_at');
    expect(nearest(names, 'z')).toBe('*');
    expect(nearest(['*_at'], 'z')).toBeUndefined();
  });

  it('takes none of two of which neither is narrower', () => {
    expect(nearest(['*', 'a_*', '*_b'], 'a_b')).toEqual(['a_*', '*_b']);
    expect(nearest(['a_*', '*_b', 'a_*_b'], 'a_x_b')).toBe('a_*_b');
    expect(nearest(['a*', 'a**'], 'ab')).toEqual(['a*', 'a**']);
  });

  it('knows a column that has a star in its name', () => {
    expect(nearest(['count(*)', 'count*'], 'count(*)')).toBe('count(*)');
  });
});
