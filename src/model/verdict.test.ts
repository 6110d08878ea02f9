import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, worst } from './verdict.js';
import type { Verdict } from './verdict.js';

const verdicts = fc.constantFrom<Verdict>('pass', 'inconclusive', 'fail', 'error');

describe('worst', () => {
  it('is inconclusive for nothing at all', () => {
    expect(worst([])).toBe('inconclusive');
  });

  it('orders pass, inconclusive, fail, error', () => {
    expect(worst(['pass', 'inconclusive'])).toBe('inconclusive');
    expect(worst(['fail', 'inconclusive'])).toBe('fail');
    expect(worst(['fail', 'error', 'pass'])).toBe('error');
    expect(worst(new Set<Verdict>(['pass']))).toBe('pass');
  });

  it('passes only when everything passes', () => {
    fc.assert(
      fc.property(fc.array(verdicts), (list) => {
        expect(worst(list) === 'pass').toBe(list.length > 0 && list.every((verdict) => verdict === 'pass'));
      }),
    );
  });

  it('never gets better by one more verdict, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(verdicts, { minLength: 1 }), verdicts, (list, more) => {
        expect(worst([worst(list), more])).toBe(worst([more, ...list]));
        expect(worst([worst([...list, more]), worst(list)])).toBe(worst([...list, more]));
        expect(worst([...list].reverse())).toBe(worst(list));
      }),
    );
  });
});

describe('exitCodeOf', () => {
  it('keeps the promise made to pipelines', () => {
    const codes = (['pass', 'fail', 'error', 'inconclusive'] as const).map(exitCodeOf);
    expect(codes).toEqual([0, 1, 2, 3]);
  });
});
