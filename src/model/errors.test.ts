import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from './error-codes.js';
import { CutoverError, messageOf } from './errors.js';

describe('CutoverError', () => {
  it('carries code, message, remedy, place and cause', () => {
    const cause = new Error('disk');
    const place = { file: 'cutover.yaml', line: 3, path: 'store.path' };
    const error = new CutoverError('STORE_FULL', 'No space is left.', 'Free some space.', { place, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'CutoverError', code: 'STORE_FULL', remedy: 'Free some space.', place, cause });
    expect(error.message).toBe('No space is left.');
  });

  it('has no cause unless one is given', () => {
    expect('cause' in new CutoverError('USAGE', 'm', 'r')).toBe(false);
  });
});

describe('ERROR_CODES', () => {
  it('means one thing each, in one line', () => {
    const meanings = Object.values(ERROR_CODES);
    expect(new Set(meanings).size).toBe(meanings.length);
    for (const meaning of meanings) expect(meaning).toMatch(/^[A-Z][^\n]+[.]$/);
  });
});

describe('messageOf', () => {
  it('gives the text of anything that was thrown', () => {
    expect(messageOf(new Error('x'))).toBe('x');
    expect(messageOf('y')).toBe('y');
    expect(messageOf(undefined)).toBe('undefined');
  });
});
