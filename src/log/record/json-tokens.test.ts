import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonTokens } from './json-tokens.js';

describe('jsonTokens', () => {
  it('keeps the source text of every member', () => {
    const json = ' { "a" : 12345678901234567.890 , "b\\u0041" : { "x" : [1, "}" ] } ,"c":"\\"," ,"d":[ ],"e":-1e+5}';
    expect(jsonTokens(json)).toEqual([
      { name: 'a', text: '12345678901234567.890' },
      { name: 'bA', text: '{ "x" : [1, "}" ] }' },
      { name: 'c', text: '"\\","' },
      { name: 'd', text: '[ ]' },
      { name: 'e', text: '-1e+5' },
    ]);
  });

  it('finds what JSON.parse finds', () => {
    const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), spaced)), (members) => {
        const unique = new Map(members);
        const source = [...unique].map(
          ([name, [value, indent]]) => `${JSON.stringify(name)}: ${JSON.stringify(value, null, indent)}`,
        );
        const tokens = jsonTokens(`{ ${source.join(' ,')} }`);
        expect(tokens.map((token) => [token.name, JSON.parse(token.text)])).toEqual(
          [...unique].map(([name, [value]]) => [name, JSON.parse(JSON.stringify(value))]),
        );
      }),
    );
  });

  it('finds the elements of an array', () => {
    expect(jsonTokens('[1.0, "a,b", [2], null]').map((token) => token.text)).toEqual(['1.0', '"a,b"', '[2]', 'null']);
    expect(jsonTokens('[]')).toEqual([]);
  });
});
