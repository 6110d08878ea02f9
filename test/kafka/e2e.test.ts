import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { PARTITIONS } from './e2e-feed.js';
import { KafkaWorld, stoppedWell, type KafkaWorldOptions } from './e2e-world.js';
import { withProducer } from './topics.js';

const kafka = inject('kafka');
const postgres = inject('postgres');
const problem = kafka.problem ?? postgres.problem;

const worlds: KafkaWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
});

async function made(options: Partial<KafkaWorldOptions> = {}): Promise<KafkaWorld> {
  const world = await KafkaWorld.make({ brokers: kafka.brokers ?? [], server: postgres.url ?? '', ...options });
  worlds.push(world);
  return world;
}

/** Sends records in transactions that stay open for a moment; every other one is aborted. */
function transact(world: KafkaWorld, rounds: number): Promise<void> {
  const options = { transactionalId: world.topic, idempotent: true, maxInFlightRequests: 1 };
  const work = async (producer: Parameters<Parameters<typeof withProducer>[1]>[0]): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const aborted = round % 2 === 0;
      const transaction = await producer.transaction();
      for (const half of ['a', 'b']) {
        const messages = Array.from({ length: 3 * PARTITIONS }, (_, n) => {
          const id = `${aborted ? 'aborted' : 'done'}-${round}-${half}-${n}`;
          const event = { event_id: id, user_id: aborted ? 'nobody' : 'u1', amount: '1.25', seq: round };
          return { key: id, value: JSON.stringify(event), partition: n % PARTITIONS };
        });
        await transaction.send({ topic: world.topic, acks: -1, messages });
        await sleep(150);
      }
      await (aborted ? transaction.abort() : transaction.commit());
    }
  };
  return withProducer(world.brokers, work, options);
}

/** A lease (ms) that a frozen process outlives. */
const LEASE = 3000;

describe.skipIf(loudly('Kafka to PostgreSQL', problem))('Kafka to PostgreSQL', { timeout: 120_000 }, () => {
  it('lands what was committed, redelivered, reordered and malformed records included, and nothing that was aborted', async () => {
    const world = await made({ maxEvents: 40 });
    const run = world.cli(['run']);
    world.feed.start(10, 100);
    await transact(world, 8);
    await world.settled();
    await stoppedWell(run);
    await world.sound();
    const counts = `SELECT count(*) FILTER (WHERE user_id = 'nobody') AS aborted, count(*) FILTER (WHERE event_id LIKE 'done-%') AS done,
      count(*) FILTER (WHERE _value IS NULL) > 0 AS tombstones, count(*) > count(DISTINCT event_id) AS again FROM cutover.landing`;
    expect(await world.ask(counts)).toEqual([
      { aborted: '0', done: String(4 * 6 * PARTITIONS), tombstones: true, again: true },
    ]);
  });

  it('goes on while a second process joins and leaves in the middle of micro-batches', async () => {
    const world = await made({ maxEvents: 30, streamSuffix: 'SELECT pg_sleep(0.1);' });
    world.feed.start(4, 100);
    const first = world.cli(['run']);
    await world.progress(60);
    for (let round = 0; round < 2; round++) {
      const second = world.cli(['run']);
      await second.shows(/partitions taken over/);
      await world.progress(60);
      await stoppedWell(second);
      await world.progress(60);
    }
    await world.settled();
    await stoppedWell(first);
    await world.sound();
  });

  it('goes on when one of two is killed, be it the one that runs the cycles or the other', async () => {
    const world = await made({ maxEvents: 30 });
    world.feed.start(8, 100);
    const first = world.cli(['run']);
    await first.shows(/partitions taken over/);
    const second = world.cli(['run']);
    await second.shows(/partitions taken over/);
    await world.progress(60);
    first.child.kill('SIGKILL');
    await second.shows(/taking over: this process runs the cycles/);
    await world.advanced();
    const third = world.cli(['run']);
    await third.shows(/partitions taken over/);
    await world.progress(60);
    third.child.kill('SIGKILL');
    await world.advanced();
    await world.settled();
    await stoppedWell(second);
    await world.sound();
  });

  it.each([
    ['the middle of a cycle', 'batch side published'],
    ['the middle of a micro-batch', 'stream jobs applied'],
  ])('goes on when the one that runs the cycles is frozen past its lease in %s, and wakes', async (_, point) => {
    const world = await made({ maxEvents: 30 });
    world.feed.start(8, 100);
    const frozen = world.drive(LEASE, ['forever', point, '5']);
    await frozen.shows(/frozen at/);
    const other = world.drive(LEASE, ['forever']);
    await other.shows(/comparison user_totals/);
    await world.advanced();
    frozen.child.kill('SIGCONT');
    await frozen.shows(/connecting again[\s\S]*standing by/);
    await world.progress(60);
    // Now it takes over in its turn.
    other.child.kill('SIGKILL');
    await frozen.shows(/taking over: this process runs the cycles/);
    await world.settled();
    await stoppedWell(frozen);
    await world.sound();
  });

  it('does not let a process commit what it read before it lost the partition', async () => {
    const world = await made({ maxEvents: 30 });
    world.feed.start(8, 100);
    const first = world.cli(['run']);
    await first.shows(/partitions taken over/);
    // Long enough a lease that only the group notices.
    const frozen = world.drive(60_000, ['forever', 'chunk staged', '3']);
    await frozen.shows(/frozen at/);
    await world.advanced();
    frozen.child.kill('SIGCONT');
    await frozen.shows(/were not committed.*PARTITION_LOST/);
    await world.settled();
    await stoppedWell(frozen, first);
    await world.sound();
  });
});
