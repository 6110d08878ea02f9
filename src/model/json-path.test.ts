import { describe, expect, it } from 'vitest';
import { parseJsonPath } from './json-path.js';

describe('parseJsonPath', () => {
  it('reads names, positions and stars', () => {
    expect(parseJsonPath('$.items[*].ts')).toEqual([
      { kind: 'member', name: 'items' },
      { kind: 'elements' },
      { kind: 'member', name: 'ts' },
    ]);
    expect(parseJsonPath(`$["a.b"]['c\\'d'][0].*`)).toEqual([
      { kind: 'member', name: 'a.b' },
      { kind: 'member', name: `c'd` },
      { kind: 'element', index: 0 },
      { kind: 'members' },
    ]);
    expect(parseJsonPath('$.größe_1-x')).toEqual([{ kind: 'member', name: 'größe_1-x' }]);
  });

  it.each([
    ['a.b', 'must begin with $, such as $.name or $.items[*].at, not "a.b"'],
    ['$', 'names the whole value; use `ignore` for that'],
    ['$..a', `is not understood from "..a" on; steps are .name, ['any name'], .*, [0] and [*]`],
    ['$.a b', `is not understood from " b" on; steps are .name, ['any name'], .*, [0] and [*]`],
    ['$.a[-1]', `is not understood from "[-1]" on; steps are .name, ['any name'], .*, [0] and [*]`],
    ['$.a[01]', `is not understood from "[01]" on; steps are .name, ['any name'], .*, [0] and [*]`],
    ['$.', `is not understood from "." on; steps are .name, ['any name'], .*, [0] and [*]`],
    [`$['a`, `is not understood from "['a" on; steps are .name, ['any name'], .*, [0] and [*]`],
  ])('refuses %s', (text, problem) => {
    expect(parseJsonPath(text)).toBe(problem);
  });
});
