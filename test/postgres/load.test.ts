import { afterEach, describe, expect, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { SharedWorld } from './world.js';

const { url, problem } = inject('postgres');
const SECONDS = Number(process.env['CUTOVER_LOAD_SECONDS'] ?? 8);

let world: SharedWorld | undefined;
afterEach(() => world?.remove());

describe.skipIf(loudly('load on PostgreSQL', problem))('two `cutover run` on one store under load', () => {
  it(
    'find not one discrepancy while events come and cycles run back to back',
    { timeout: (SECONDS + 120) * 1000 },
    async () => {
      world = await SharedWorld.make(url ?? '', { every: '1ms', maxEvents: 100 });
      world.produce(500);
      const runs = [world.cli(['run', '--quiet']), world.cli(['run', '--quiet'])];
      for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
        world.produce(60, 'live.ndjson');
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      await world.settled();
      for (const { child, ended } of runs) {
        child.kill('SIGTERM');
        expect((await ended).code).toBe(0);
      }
      const [load] = await world.ask<{ cycles: string; cuts: string }>(
        'SELECT count(*) AS cycles, count(DISTINCT cut_json) AS cuts FROM cutover.comparisons',
      );
      console.log(`${load?.cycles} comparisons at ${load?.cuts} cuts while ${world.events} events were ingested`);
      // It says nothing unless cycles ran at many different cuts while events came.
      expect(Number(load?.cuts)).toBeGreaterThan(5);
      expect(await world.broken()).toEqual([]);
      expect(await world.tables()).toEqual(await world.expected(url ?? ''));
    },
  );
});
