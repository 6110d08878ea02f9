import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath, type JsonPath } from '../model/json-path.js';
import { canonicalJson } from './json-value.js';

function paths(...texts: readonly string[]): JsonPath[] {
  return texts.map((text) => {
    const path = parseJsonPath(text);
    if (typeof path === 'string') throw new Error(`${text} ${path}`);
    return path;
  });
}

describe('canonicalJson', () => {
  it.each([
    ['{"a":1,"b":2}', ' { "b" : 2.0 ,\n"a":1e0 } '],
    ['1', '1.0'],
    ['1', '10e-1'],
    ['100', '1e2'],
    ['0', '-0.00e5'],
    ['1e400', '10e399'],
    ['1e-400', '0.1e-399'],
    ['123456789012345678901234567890', '1.2345678901234567890123456789e29'],
    ['"\\u0041\\/"', '"A/"'],
    ['"\\ud83d\\ude00"', '"😀"'],
    ['[]', '[ ]'],
    ['{"a":{"y":[1,{"c":1,"b":2}],"x":null}}', '{"a":{"x":null,"y":[1,{"b":2,"c":1}]}}'],
    ['{"\\u0061":1}', '{"a":1}'],
  ])('%s is %s', (a, b) => {
    expect(canonicalJson(a)).toBeDefined();
    expect(canonicalJson(a)).toBe(canonicalJson(b));
  });

  it.each([
    ['1', '"1"'],
    ['1', '-1'],
    ['1', '10'],
    ['9007199254740993', '9007199254740992'],
    ['1e400', '1e401'],
    ['1e99999999999999999999', '1e99999999999999999998'],
    ['0.1', '0.10000000000000000000000000000000001'],
    ['[1,2]', '[2,1]'],
    ['[]', '{}'],
    ['null', '"null"'],
    ['{"a":null}', '{}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"a":1,"a":2}', '{"a":2,"a":1}'],
    ['{"a":"1"}', '{"a":1}'],
    ['{"a":"b\\",\\"c"}', '{"a":"b","c":""}'],
    ['"é"', '"e\\u0301"'],
    ['"\\ud800"', '"\\ud801"'],
    ['[[]]', '[[],[]]'],
  ])('%s is not %s', (a, b) => {
    expect(canonicalJson(a)).toBeDefined();
    expect(canonicalJson(b)).toBeDefined();
    expect(canonicalJson(a)).not.toBe(canonicalJson(b));
  });

  it.each([
    '',
    ' ',
    'nul',
    'NaN',
    '01',
    '1.',
    '.5',
    '+1',
    '[1,]',
    '{"a"}',
    '{a:1}',
    '"a',
    '"\\x"',
    '1 2',
    '\u00a01',
    `'a'`,
    '"\t"',
  ])('%j is no JSON', (text) => {
    expect(canonicalJson(text)).toBeUndefined();
  });

  it('stops before the depth of the stack', () => {
    expect(canonicalJson('['.repeat(100_000) + ']'.repeat(100_000))).toBeUndefined();
    expect(canonicalJson('['.repeat(400) + ']'.repeat(400))).toBeDefined();
  });

  it('agrees with the platform on which values are equal', () => {
    const values = fc.jsonValue({ depthSize: 'small', maxDepth: 3 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const plain = (value: unknown): string =>
          JSON.stringify(value, (_, v: unknown) => (Object.is(v, -0) ? 0 : sorted(v)));
        expect(canonicalJson(JSON.stringify(a, null, 1))).toBe(canonicalJson(JSON.stringify(sorted(a))));
        expect(canonicalJson(JSON.stringify(a)) === canonicalJson(JSON.stringify(b))).toBe(plain(a) === plain(b));
      }),
    );
  });

  it('leaves out what stands at a path, and whether anything stands there', () => {
    const left = (text: string, ...ignored: string[]): string | undefined => canonicalJson(text, paths(...ignored));
    expect(left('{"a":{"b":1,"c":2}}', '$.a.b')).toBe(canonicalJson('{"a":{"c":2}}'));
    expect(left('{"a":{"c":2}}', '$.a.b')).toBe(canonicalJson('{"a":{"c":2}}'));
    expect(left('{"items":[{"ts":1,"n":1},{"ts":2,"n":2}]}', '$.items[*].ts')).toBe(
      canonicalJson('{"items":[{"n":1},{"n":2}]}'),
    );
    expect(left('[1,2,3]', '$[1]')).toBe(canonicalJson('[1,3]'));
    expect(left('{"a":{"t":1},"b":{"t":2,"u":3}}', '$.*.t')).toBe(canonicalJson('{"a":{},"b":{"u":3}}'));
    expect(left('{"a b":1,"c":2}', `$['a b']`, '$.c')).toBe(canonicalJson('{}'));
    expect(left('{"a":[1]}', '$.a.b')).toBe(canonicalJson('{"a":[1]}'));
    expect(left('{"0":1}', '$[0]')).toBe(canonicalJson('{"0":1}'));
    expect(left('{"t":1,"t":2}', '$.t')).toBe('{}');
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
