import { describe, expect, it } from 'vitest';
import { blocksOf, changeOf, fileOf, plain, stepsOf, unprinted } from './documented.js';

const PAGE = [
  '# A page',
  '```console',
  '$ one',
  'first',
  '…',
  'last',
  '$ two',
  '```',
  '```yaml',
  '# a.yaml',
  'b: 1',
  '```',
];
const exact = { ends: true };

describe('the examples of a page', () => {
  it('are commands with what they print, and files', () => {
    const [console, yaml] = blocksOf(PAGE.join('\n'));
    expect(console === undefined ? null : stepsOf(console)).toEqual([
      { command: 'one', line: 3, shown: ['first', '…', 'last'] },
      { command: 'two', line: 7, shown: [] },
    ]);
    expect(yaml === undefined ? null : fileOf(yaml)).toEqual({ name: 'a.yaml', text: '# a.yaml\nb: 1\n' });
  });

  it('change a line that is there once', () => {
    const change = changeOf({ language: 'diff', line: 1, lines: ['--- a.yaml', '-b: 1', '+b: 2'] });
    expect(change?.apply('a: 0\nb: 1\n')).toBe('a: 0\nb: 2\n');
    expect(() => change?.apply('a: 0\n')).toThrow('not there once');
  });

  it('are held against print line by line, but for what differs from run to run', () => {
    const printed = 'fresh  711ms  1h\nat 2026-01-02T03:04:05.678Z\n\nstream a49cb2a0 in 2595 ms\n';
    const shown = ['fresh  8.32s   1h', 'at 2030-01-02T03:04:05Z', 'stream b7b73278 in 3 ms'];
    expect(unprinted(shown, printed, exact)).toBeNull();
    expect(plain('443 keys, 33.63%')).toBe('443 keys, 33.63%');
    expect(unprinted(['fresh  8.32s   2h', ...shown.slice(1)], printed, exact)).toContain('2h');
  });

  it.each([
    [['a', 'c'], 'a\nb\nc', 'a\nc'],
    [['a', '…', 'c'], 'a\nb\nc', null],
    [['…', 'a', 'c'], 'a\nb\na\nc', null],
    [['a', '…', 'b'], 'x\na\nb', 'a'],
    [['c', '…', 'a'], 'a\nc', 'c'],
    [['be…', 'c'], 'begin\nc', null],
    [['a'], 'a\nb', '(the end, but this follows) b'],
    [['a', '…'], 'a\nb', null],
    [['a', 'b'], 'a', 'a\nb'],
  ])('%j of %j: %j', (shown, printed, missing) => {
    expect(unprinted(shown, printed, exact)).toBe(missing);
  });
});
