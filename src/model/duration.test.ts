import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatElapsed, parseDuration } from './duration.js';

const SIZES = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['1s', 1000],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
    [' 5m ', 300_000],
  ])('reads %o', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '5',
    's',
    '-1s',
    '+1s',
    '1 s',
    '1.s',
    '.5s',
    '1e3s',
    '1h30m',
    '1S',
    '1w',
    '1,5s',
    'NaNs',
    '1s\n2s',
    '٣s',
  ])('refuses %o', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('multiplies by the unit', () => {
    const unit = fc.constantFrom<keyof typeof SIZES>('ms', 's', 'm', 'h', 'd');
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), unit, (n, u) => {
        expect(parseDuration(`${n}${u}`)).toBe(n * SIZES[u]);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [60_000, '1m'],
    [900_000, '15m'],
    [7_200_000, '2h'],
    [129_600_000, '1.5d'],
  ])('writes %o', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes what parseDuration reads, at most a twentieth of the unit away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * SIZES.d }), (ms) => {
        const text = formatDuration(ms);
        const unit = /[a-z]+$/.exec(text)?.[0] ?? '';
        const size = Object.entries(SIZES).find(([name]) => name === unit)?.[1] ?? NaN;
        expect(Math.abs((parseDuration(text) ?? NaN) - ms)).toBeLessThanOrEqual(size / 20);
      }),
    );
  });
});

describe('formatElapsed', () => {
  it.each([
    [0.4, '0ms'],
    [812, '812ms'],
    [1004, '1s'],
    [61_000, '1.02m'],
    [95_400_000, '1.1d'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });
});
