import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { localKafkaProblem, startLocalKafka, type KafkaPart } from '../parts/kafka.js';
import { localPostgresProblem, startLocalPostgres, type PostgresPart } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { KafkaWorld, stoppedWell } from './e2e-world.js';

const problem = (await localKafkaProblem()) ?? (await localPostgresProblem());

/** Only these servers are killed and stopped: the tests of other files have others. */
describe.skipIf(loudly('faults of the servers', problem))('two runs whose servers fail', { timeout: 120_000 }, () => {
  let broker: KafkaPart;
  let server: PostgresPart;
  let world: KafkaWorld;
  beforeAll(async () => {
    [broker, server] = await Promise.all([startLocalKafka(), startLocalPostgres()]);
  }, 120_000);
  afterEach(() => world.remove());
  afterAll(() => Promise.all([broker.stop(), server.stop()]));

  async function underFault(fault: () => Promise<void>, streamSuffix = ''): Promise<string> {
    world = await KafkaWorld.make({ brokers: broker.brokers, server: server.url, maxEvents: 30, streamSuffix });
    world.feed.start(8, 100);
    const runs = [world.cli(['run']), world.cli(['run'])];
    await Promise.all(runs.map((run) => run.shows(/partitions taken over/)));
    await world.progress(60);
    await fault();
    await world.advanced();
    await world.settled();
    const said = await stoppedWell(...runs);
    await world.sound();
    return said.join('');
  }

  it('the broker is killed while events flow, and started again', async () => {
    const said = await underFault(async () => {
      await broker.kill();
      await sleep(5000);
      await broker.restart();
    });
    expect(said).toMatch(/Kafka does not answer[\s\S]*Kafka answers again/);
  });

  it('the broker is frozen for longer than the session timeout', async () => {
    await underFault(async () => {
      broker.pause();
      await sleep(8000);
      broker.resume();
    });
  });

  it('PostgreSQL is killed in the middle of transactions, twice, and started again', async () => {
    const said = await underFault(async () => {
      for (let round = 0; round < 2; round++) {
        await server.kill();
        await sleep(700);
        await server.restart();
        await world.progress(60);
      }
    }, 'SELECT pg_sleep(0.02);');
    expect(said).toMatch(/connecting again[\s\S]*connected again/);
  });
});
