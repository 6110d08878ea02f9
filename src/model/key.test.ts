import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalKey } from './key.js';

/** The inverse, written from the framing alone: proves that nothing is lost. */
function parts(key: string): string[] {
  const bytes = Buffer.from(key, 'utf8');
  const out: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const colon = bytes.indexOf(0x3a, at);
    const end = colon + 1 + Number(bytes.toString('ascii', at, colon));
    out.push(bytes.toString('utf8', colon + 1, end));
    expect(bytes[end]).toBe(0x2c);
    at = end + 1;
  }
  return out;
}

const text = fc.string({ unit: 'binary' });
/** Texts made of what the framing itself is made of. */
const tricky = fc.stringMatching(/^[0-9:,]{0,6}$/);

describe('canonicalKey', () => {
  it('frames each part by its length', () => {
    expect(canonicalKey(['2024-01-01', 'view'])).toBe('10:2024-01-01,4:view,');
    expect(canonicalKey([''])).toBe('0:,');
    expect(canonicalKey([])).toBe('');
  });

  it('counts bytes of UTF-8, not characters', () => {
    expect(canonicalKey(['é'])).toBe('2:é,');
    expect(canonicalKey(['€'])).toBe('3:€,');
    expect(canonicalKey(['😀'])).toBe('4:😀,');
  });

  it('does not normalise: a composed and a decomposed letter are two keys', () => {
    expect(canonicalKey(['\u00e9'])).not.toBe(canonicalKey(['e\u0301']));
  });

  it('can be taken apart again, whatever the content', () => {
    const keys = fc.array(fc.oneof(text, tricky), { maxLength: 5 });
    fc.assert(
      fc.property(keys, (key) => {
        expect(parts(canonicalKey(key))).toEqual(key);
      }),
    );
  });

  it('gives two keys the same form only when they are equal', () => {
    const keys = fc.array(tricky, { maxLength: 3 });
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(canonicalKey(a) === canonicalKey(b)).toBe(a.length === b.length && a.every((part, i) => part === b[i]));
      }),
      { numRuns: 1000 },
    );
  });
});
