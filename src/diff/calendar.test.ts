import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysOf, secondsOf } from './calendar.js';

describe('calendar', () => {
  it('agrees with Date on every day', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0100-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (date) => {
          const iso = date.toISOString();
          expect(daysOf(iso.slice(0, 10))?.units).toBe(BigInt(Math.floor(date.getTime() / 86_400_000)));
          const seconds = secondsOf(`${iso.slice(0, 10)} ${iso.slice(11, 23)}`);
          expect(seconds).toEqual({ units: BigInt(date.getTime()), scale: 3 });
        },
      ),
    );
  });

  it('keeps microseconds, also before 1970', () => {
    expect(secondsOf('1969-12-31 23:59:59.999999')).toEqual({ units: -1n, scale: 6 });
    expect(secondsOf('1970-01-01 00:00:00')).toEqual({ units: 0n, scale: 0 });
  });

  it.each(['infinity', '-infinity', '0000-01-01 00:00:00', '2024-01-01', ''])('has no number for %j', (text) => {
    expect(secondsOf(text)).toBeUndefined();
  });
});
