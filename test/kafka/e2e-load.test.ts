import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { KafkaWorld, stoppedWell } from './e2e-world.js';

const kafka = inject('kafka');
const postgres = inject('postgres');
const SECONDS = Number(process.env['CUTOVER_LOAD_SECONDS'] ?? 10);

let world: KafkaWorld | undefined;
afterEach(() => world?.remove());

describe.skipIf(loudly('load from Kafka to PostgreSQL', kafka.problem ?? postgres.problem))(
  'two runs under load',
  () => {
    it(
      'find not one discrepancy while events come and cycles run back to back',
      { timeout: (SECONDS + 120) * 1000 },
      async () => {
        world = await KafkaWorld.make({ brokers: kafka.brokers ?? [], server: postgres.url ?? '', maxEvents: 500 });
        const runs = [world.cli(['run']), world.cli(['run'])];
        world.feed.start(50, 50);
        await sleep(SECONDS * 1000);
        await world.settled();
        await stoppedWell(...runs);
        const [load] = await world.ask<{ cycles: string; cuts: string }>(
          `SELECT count(*) AS cycles, count(DISTINCT cut_json) AS cuts FROM cutover.comparisons WHERE pipeline = 'user_totals'`,
        );
        const { records } = await world.sound();
        console.log(`${load?.cycles} cycles at ${load?.cuts} cuts while ${records} records were ingested`);
        // It says nothing unless cycles ran at many different cuts while events came.
        expect(Number(load?.cuts)).toBeGreaterThan(5);
      },
    );
  },
);
