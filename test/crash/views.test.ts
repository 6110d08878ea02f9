import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { drive, inspect, makeWorld, type World } from './world.js';

const worlds: World[] = [];
afterEach(() => {
  for (const { root } of worlds.splice(0)) rmSync(root, { recursive: true, force: true });
});

const withViews = z.looseObject({ views: z.record(z.string(), z.looseObject({ every: z.string() })) });

describe('a process that is killed while it refreshes views', () => {
  it('leaves each view as it was, and the next one refreshes it', { timeout: 240_000 }, async () => {
    const world = await makeWorld({ template: 'medallion', hold: 'snapshot', files: 2, lines: 300, maxEvents: 200 });
    worlds.push(world);
    const config = withViews.parse(parse(readFileSync(world.config, 'utf8')));
    for (const view of Object.values(config.views)) view.every = '1ms';
    writeFileSync(world.config, stringify(config));
    const rows = (): Promise<unknown> =>
      inspect(world.store, (ask) => ask('SELECT * FROM main.daily_summary ORDER BY event_date'));
    expect((await drive(world, 'once').ended).stderr).toBe('');
    const before = await rows();
    expect(before).not.toEqual([]);
    const payload = {
      event_id: 'new',
      user_id: 'u',
      event_type: 'purchase',
      amount: 1,
      timestamp: '2026-03-01T10:00:00Z',
    };
    writeFileSync(
      join(world.root, 'data', 'events-01.ndjson'),
      `${JSON.stringify({ payload: JSON.stringify(payload) })}\n`,
      { flag: 'a' },
    );
    // The last of the three views, so that those before it were committed.
    for (const point of ['view computed', 'view written', 'view stored']) {
      expect((await drive(world, 'once', point, '3').ended).signal).toBe('SIGKILL');
      expect(await rows()).toEqual(before);
    }
    expect((await drive(world, 'once').ended).stderr).toBe('');
    expect(await rows()).not.toEqual(before);
    const states = await inspect(world.store, (ask) => ask('SELECT name, error FROM cutover.views ORDER BY name'));
    expect(states).toEqual([
      ['daily_summary', null],
      ['hourly_trends', null],
      ['realtime_kpis', null],
    ]);
  });
});
