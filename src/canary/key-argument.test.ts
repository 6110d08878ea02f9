import { describe, expect, it } from 'vitest';
import { CutoverError } from '../model/errors.js';
import { parseKeyArgument } from './key-argument.js';

describe('parseKeyArgument', () => {
  it.each([
    ['a,b', ['x', 'y'], ['a', 'b']],
    ['a,', ['x', 'y'], ['a', '']],
    ['a,b', ['x'], ['a,b']],
    ['["2024-01-01","view"]', ['x', 'y'], ['2024-01-01', 'view']],
    ['[ "a,[b]\\"1" , 12.50, true ]', ['x', 'y', 'z'], ['a,[b]"1', '12.50', 'true']],
    ['[9007199254740993, -1e3]', ['x', 'y'], ['9007199254740993', '-1e3']],
    ['[""]', ['x'], ['']],
    ['["\\u00fc\\\\"]', ['x'], ['ü\\']],
  ])('%s', (text, columns, parts) => {
    expect(parseKeyArgument(text, columns)).toEqual(parts);
  });

  it.each([
    ['a', ['x', 'y'], 'has 1 parts'],
    ['a,b,c', ['x', 'y'], 'has 3 parts'],
    ['', ['x'], 'has no parts'],
    ['["a"]', ['x', 'y'], 'has 1 parts'],
    ['[]', ['x'], 'has 0 parts'],
    ['["a", null]', ['x', 'y'], 'holds null'],
    ['[["a"],"b"]', ['x', 'y'], 'holds a list'],
    ['["a",{}]', ['x', 'y'], 'holds a list or an object'],
    ['["a",', ['x', 'y'], 'not JSON'],
  ])('refuses %s', (text, columns, message) => {
    let caught: unknown;
    try {
      parseKeyArgument(text, columns);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CutoverError);
    expect(caught).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining(message) as string });
  });
});
