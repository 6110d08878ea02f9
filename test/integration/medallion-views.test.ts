import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { init } from '../../src/app/init.js';
import { runOnce } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import type { RunSummary } from '../../src/model/results.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import type { Row } from '../../src/store/contract.js';

interface SilverEvent {
  readonly user: string | null;
  readonly type: string | null;
  /** Cents. */
  readonly amount: number;
  readonly at: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const directory = mkdtempSync(join(tmpdir(), 'cutover-medallion-'));
let summary: RunSummary;
let silver: SilverEvent[];
let newest: number;
const tables = new Map<string, Row[]>();

beforeAll(async () => {
  await init({ template: 'medallion', directory, force: false });
  summary = await runOnce(
    {
      configFile: join(directory, 'cutover.yaml'),
      env: {},
      clock: systemClock,
      logger: silentLogger,
      progress: silentProgress,
      actor: 'ada',
      signal: new AbortController().signal,
    },
    { limit: 1 },
  );
  const store = await openDuckDbStore({
    path: join(directory, '.cutover/cutover.duckdb'),
    schemas: { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' },
  });
  const session = await store.session();
  const rows = await session.query(
    `SELECT user_id, event_type, CAST(coalesce(amount, 0) * 100 AS BIGINT) AS cents, epoch_ms(timestamp) AS at
     FROM main.silver_events WHERE timestamp IS NOT NULL`,
  );
  silver = rows.map((row) => ({
    user: row['user_id'] === null ? null : String(row['user_id']),
    type: row['event_type'] === null ? null : String(row['event_type']),
    amount: Number(row['cents']),
    at: Number(row['at']),
  }));
  newest = Math.max(...silver.map(({ at }) => at));
  for (const name of ['realtime_kpis', 'hourly_trends', 'daily_summary'])
    tables.set(name, await session.query(`SELECT * FROM main.${name}`));
  await store.close();
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const users = (events: readonly SilverEvent[]): string =>
  String(new Set(events.flatMap(({ user }) => user ?? [])).size);
const money = (cents: number): string => (cents / 100).toFixed(2);
const revenue = (events: readonly SilverEvent[]): number =>
  events.filter(({ type }) => type === 'purchase').reduce((sum, { amount }) => sum + amount, 0);

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

describe('the views of the medallion template', () => {
  it('are built by the first run', () => {
    expect(summary.verdict).toBe('pass');
    expect(summary.views?.map(({ view, status, side, schedule }) => [view, status, side, schedule])).toEqual([
      ['realtime_kpis', 'fresh', 'batch', 'every 1m'],
      ['hourly_trends', 'fresh', 'batch', 'every 5m'],
      ['daily_summary', 'fresh', 'batch', 'every 15m'],
    ]);
  });

  it('realtime_kpis has the last hour of the sample', () => {
    const hour = silver.filter(({ at }) => at > newest - HOUR);
    expect(hour.length).toBeGreaterThan(3);
    const [row, ...more] = tables.get('realtime_kpis') ?? [];
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      events: String(hour.length),
      active_users: users(hour),
      revenue: money(revenue(hour)),
    });
  });

  it('hourly_trends has 24 hours by type', () => {
    const first = Math.floor(newest / HOUR) * HOUR - 23 * HOUR;
    const groups = grouped(
      silver.filter(({ at, type }) => at >= first && type !== null),
      ({ at, type }) => `${new Date(Math.floor(at / HOUR) * HOUR).toISOString().slice(0, 13)} ${type ?? ''}`,
    );
    const expected = [...groups]
      .map(([key, of]) => [key, String(of.length), users(of), money(of.reduce((sum, { amount }) => sum + amount, 0))])
      .sort();
    expect(expected.length).toBeGreaterThan(50);
    const found = (tables.get('hourly_trends') ?? []).map((row) => [
      `${String(row['event_hour']).slice(0, 13).replace(' ', 'T')} ${String(row['event_type'])}`,
      row['events'],
      row['active_users'],
      row['total_amount'],
    ]);
    expect(found.sort()).toEqual(expected);
  });

  it('daily_summary has every day of the sample, with revenue per user', () => {
    const groups = grouped(silver, ({ at }) => new Date(Math.floor(at / DAY) * DAY).toISOString().slice(0, 10));
    expect(groups.size).toBeGreaterThan(5);
    const rows = tables.get('daily_summary') ?? [];
    expect(rows).toHaveLength(groups.size);
    for (const row of rows) {
      const of = groups.get(String(row['event_date'])) ?? [];
      expect(row).toMatchObject({ events: String(of.length), active_users: users(of), revenue: money(revenue(of)) });
      const perUser = Number(row['revenue_per_user']);
      expect(Math.abs(perUser - revenue(of) / 100 / Number(users(of)))).toBeLessThanOrEqual(0.005 + 1e-9);
    }
  });
});
