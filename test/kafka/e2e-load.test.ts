import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { KafkaWorld, stoppedWell } from './e2e-world.js';

const kafka = inject('kafka');
const postgres = inject('postgres');
const problem = kafka.problem ?? postgres.problem;
const SECONDS = Number(process.env['CUTOVER_LOAD_SECONDS'] ?? 10);

let world: KafkaWorld | undefined;
afterEach(() => world?.remove());

async function load(of: KafkaWorld): Promise<{ cycles: number; cuts: number }> {
  const [counts] = await of.ask<{ cycles: number; cuts: number }>(
    `SELECT CAST(count(*) AS INTEGER) AS cycles, CAST(count(DISTINCT cut_json) AS INTEGER) AS cuts
     FROM cutover.comparisons WHERE pipeline = 'user_totals'`,
  );
  return counts ?? { cycles: 0, cuts: 0 };
}

describe.skipIf(loudly('load from Kafka to PostgreSQL', problem))(
  'two runs from Kafka to PostgreSQL under load',
  () => {
    it(
      'find not one discrepancy while events come and cycles run back to back',
      { timeout: (SECONDS + 240) * 1000 },
      async () => {
        const made = await KafkaWorld.make({
          brokers: kafka.brokers ?? [],
          server: postgres.url ?? '',
          maxEvents: 500,
        });
        world = made;
        const runs = [made.cli(['run']), made.cli(['run'])];
        made.feed.start(50, 50);
        // From here on both read.
        await Promise.all(runs.map((run) => run.shows(/partitions taken over/)));
        await sleep(SECONDS * 1000);
        // It says nothing unless cycles ran at many different cuts while events came.
        await made.until(async () => (await load(made)).cuts > 10, 'cycles ran at more than ten cuts');
        await made.settled();
        await stoppedWell(...runs);
        const { cycles, cuts } = await load(made);
        const { records } = await made.sound();
        console.log(`${cycles} cycles at ${cuts} cuts while ${records} records were ingested`);
      },
    );
  },
);
