import { describe, expect, it } from 'vitest';
import { rateText } from './rate.js';

describe('rateText', () => {
  it('keeps four significant digits', () => {
    expect(rateText(0.27518796992481204, 0)).toBe('0.2752');
    expect(rateText(0.00012345678, 0)).toBe('0.0001235');
    expect(rateText(0, 0)).toBe('0');
    expect(rateText(1, 0.5)).toBe('1');
  });

  it('never lets a rate above the limit look like the limit', () => {
    expect(rateText(0.010000001, 0.01)).toBe('0.010000001');
  });
});
