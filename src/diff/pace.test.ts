import { describe, expect, it } from 'vitest';
import { Pace } from './pace.js';

/** Runs chunks of which each takes `fixed` ms and `each` ms a slice. */
function run(pace: Pace, chunks: number, cost: (size: number) => number): number[] {
  return Array.from({ length: chunks }, () => {
    const size = pace.next;
    pace.took(size, cost(size));
    return size;
  });
}

describe('the size of chunks', () => {
  it('settles where a chunk lasts as long as wanted, from below and from above', () => {
    expect(run(new Pace(500, 1, 1000), 12, (size) => size * 5).at(-1)).toBe(100);
    expect(run(new Pace(500, 800, 1000), 12, (size) => size * 5).at(-1)).toBe(100);
  });

  it('follows a server that becomes slower', () => {
    const pace = new Pace(500, 100, 1000);
    run(pace, 5, (size) => size * 5);
    expect(run(pace, 8, (size) => size * 50).at(-1)).toBe(10);
  });

  it('grows by no more than a factor of two, and no larger than it may', () => {
    expect(run(new Pace(500, 1, 10), 6, () => 0)).toEqual([1, 2, 4, 8, 10, 10]);
  });

  it('stops shrinking where every chunk reads the whole table', () => {
    const sizes = run(new Pace(500, 64, 64), 20, (size) => 20_000 + size);
    expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(50);
  });
});
