import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatMembers, jsonTokens } from './json-tokens.js';

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

describe('flatMembers', () => {
  it('gives what jsonTokens gives', () => {
    const json = ' { "a" : 12345678901234567.890 ,"é":"x, }", "c":null,"d":true , "a":-1e+5 } ';
    expect(flatMembers(json)).toEqual(jsonTokens(json));
    expect(flatMembers(json)).toHaveLength(5);
  });

  it('takes nothing but JSON, and then agrees with jsonTokens', () => {
    const scrap = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"', '\\', ' ', '\t', '\u00a0', '\u0001', 'a', 'é'],
      ...['0', '1', '.', '-', '+', 'e', 'E'],
      '"a"',
      '"a":',
      'true',
      'nul',
      'null',
      '-0',
      '1.5',
      '""',
    );
    const flat = fc
      .array(
        fc.tuple(
          fc.string(),
          fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.constantFrom(true, null)),
        ),
      )
      .map(
        (members) =>
          `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
      );
    const damaged = fc
      .tuple(flat, fc.nat(), scrap)
      .map(([json, n, piece]) => json.slice(0, n % json.length) + piece + json.slice(n % json.length));
    fc.assert(
      fc.property(
        fc.oneof(
          flat,
          damaged,
          fc.array(scrap).map((parts) => `{${parts.join('')}}`),
        ),
        (json) => {
          const tokens = flatMembers(json);
          if (tokens === null) return;
          expect(() => JSON.parse(json) as unknown).not.toThrow();
          expect(tokens).toEqual(jsonTokens(json));
        },
      ),
      { numRuns: 5000 },
    );
  });
});
