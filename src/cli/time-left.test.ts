import { describe, expect, it } from 'vitest';
import { TimeLeft, timeLeftText } from './time-left.js';

describe('the time left', () => {
  it('says nothing before there is a basis', () => {
    const left = new TimeLeft(1000, 0, 0);
    expect(left.after(500, 1999)).toBeNull();
    const slow = new TimeLeft(1000, 0, 0);
    expect(slow.after(9, 60_000)).toBeNull();
    expect(slow.after(10, 60_001)).not.toBeNull();
  });

  it('falls second by second at a steady pace, to nothing', () => {
    const left = new TimeLeft(100, 0, 0);
    const told = Array.from({ length: 100 }, (_, i) => left.after(i + 1, (i + 1) * 1000));
    expect(told[0]).toBeNull();
    expect(told.slice(1)).toEqual(Array.from({ length: 99 }, (_, i) => (98 - i) * 1000));
  });

  it('takes what was done before it began for no pace', () => {
    const left = new TimeLeft(1000, 900, 0);
    expect(left.after(950, 10_000)).toBe(10_000);
  });

  it('believes a pace that changed, and grows with it', () => {
    const left = new TimeLeft(1000, 0, 0);
    for (let second = 1; second <= 10; second += 1) left.after(second * 50, second * 1000);
    const before = left.after(500, 10_000);
    let after: number | null = null;
    for (let second = 11; second <= 40; second += 1) after = left.after(500 + (second - 10), second * 1000);
    expect(before).toBe(10_000);
    expect(after).toBe(470_000);
  });

  it('keeps to what was done when less is told later, and when the clock goes back', () => {
    const left = new TimeLeft(100, 0, 0);
    expect(left.after(50, 10_000)).toBe(10_000);
    expect(left.after(40, 10_000)).toBe(10_000);
    expect(left.after(50, 5000)).toBe(10_000);
    expect(left.after(100, 20_000)).toBe(0);
  });

  it('remembers little, however often it is told', () => {
    const left = new TimeLeft(1_000_000, 0, 0);
    let last: number | null = null;
    for (let done = 1; done <= 100_000; done += 1) last = left.after(done, done);
    expect(last).toBeCloseTo(900_000, -4);
  });

  it('is told in words no more exact than it is', () => {
    const told = [null, 500, 3200, 42_000, 100_000, 3_600_000, 5 * 3_600_000, 80 * 3_600_000].map(timeLeftText);
    expect(told).toEqual([
      '',
      ', nearly done',
      ', about 4s left',
      ', about 45s left',
      ', about 2m left',
      ', about 60m left',
      ', about 5h left',
      ', about 3d left',
    ]);
  });
});
