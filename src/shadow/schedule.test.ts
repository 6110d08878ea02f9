import { describe, expect, it } from 'vitest';
import { nextDue } from './schedule.js';

const after = (schedule: Parameters<typeof nextDue>[0], from: string): string =>
  nextDue(schedule, new Date(from)).toISOString();

describe('nextDue', () => {
  it('adds the time between two cycles', () => {
    expect(after({ every: 900_000 }, '2026-03-01T23:50:00.500Z')).toBe('2026-03-02T00:05:00.500Z');
  });

  it('reads cron in UTC, across days in which clocks change', () => {
    expect(after({ cron: '30 2 * * *' }, '2026-03-28T02:30:00Z')).toBe('2026-03-29T02:30:00.000Z');
    expect(after({ cron: '30 2 * * *' }, '2026-03-29T02:29:59.999Z')).toBe('2026-03-29T02:30:00.000Z');
    expect(after({ cron: '*/15 * * * *' }, '2026-03-01T00:07:00Z')).toBe('2026-03-01T00:15:00.000Z');
    expect(after({ cron: '0 0 29 2 *' }, '2026-03-01T00:00:00Z')).toBe('2028-02-29T00:00:00.000Z');
  });

  it('is exclusive', () => {
    expect(after({ cron: '0 * * * *' }, '2026-03-01T05:00:00Z')).toBe('2026-03-01T06:00:00.000Z');
  });
});
