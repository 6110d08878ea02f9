import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import type { ClaimedPartition, PartitionStart } from '../../src/log/contract.js';
import { loudly } from '../parts/require.js';
import { Claims } from './claims.js';
import { LogReader, readAll } from './open-log.js';
import { createTopic, withProducer } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const brokers = given ?? [];

/** So many records in each of two partitions. */
function produce(topic: string, count: number): Promise<unknown> {
  const messages = Array.from({ length: 2 * count }, (_, n) => ({ value: `v${n}`, partition: n % 2 }));
  return withProducer(brokers, (producer) => producer.send({ topic, messages }));
}

/** A store that answers no claim before it is opened. */
class SlowClaims extends Claims {
  waiting = 0;
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  override async claim(
    names: readonly string[],
    starts?: readonly PartitionStart[],
  ): Promise<readonly ClaimedPartition[]> {
    this.waiting += 1;
    await this.#opened;
    this.waiting -= 1;
    return super.claim(names, starts);
  }
}

describe.skipIf(loudly('rebalances of a Kafka group', problem))('a partition that changes hands', () => {
  it('is read on from where the store is, however old is what the process knew of it', async () => {
    const topic = await createTopic(brokers, 1);
    await withProducer(brokers, (producer) =>
      producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] }),
    );
    const { claims } = await readAll(brokers, [topic]);
    const before = [...claims.states.values()].map((state) => ({ ...state, nextOffset: 1 }));
    await withProducer(brokers, (producer) => producer.send({ topic, messages: [{ value: 'd' }] }));
    const reader = await LogReader.open(brokers, [topic], { claims });
    try {
      const chunk = await reader.log.next(before, 100, AbortSignal.timeout(30_000));
      expect([chunk?.from, chunk?.to]).toEqual([3, 4]);
      await chunk?.release();
    } finally {
      await reader.close();
    }
  });

  it('is read on at once by a process that has it again, whatever became of what it read before', async () => {
    const topic = await createTopic(brokers, 2);
    await produce(topic, 10);
    const one = await LogReader.open(brokers, [topic], { bounded: false });
    const epochs = (): number[] => [...one.claims.states.values()].map(({ epoch }) => epoch);
    try {
      const chunk = await one.log.next([], 1, AbortSignal.timeout(30_000));
      if (chunk === null) throw new Error('nothing was read');
      // While that is in hand another process joins and leaves, so that both partitions are claimed anew.
      const two = await LogReader.open(brokers, [topic], { bounded: false, claims: one.claims });
      await two.until(() => two.events.length === 10);
      const shared = epochs();
      await two.close();
      while (epochs().some((epoch, n) => epoch === shared[n])) await sleep(20);
      const claimed = epochs();
      one.log.lost?.(chunk);
      await chunk.release();
      await produce(topic, 5);
      await one.until(() => one.events.length === 20);
      // Had it given its own partition up, it would have claimed it once more.
      expect(epochs()).toEqual(claimed);
    } finally {
      await one.close();
    }
  });

  it('is read from its beginning when others of its topic were read before, whenever this process began', async () => {
    const topic = await createTopic(brokers, 2);
    const to = (partition: number, ...values: string[]): Promise<unknown> =>
      withProducer(brokers, (producer) =>
        producer.send({ topic, messages: values.map((value) => ({ value, partition })) }),
      );
    await to(0, 'old', 'old');
    const config = { start: { kind: 'latest' } } as const;
    const { claims } = await readAll(brokers, [topic], { config });
    // While nobody reads. It is no reason to skip it that the other partition began at its end.
    await to(1, 'new');
    const reader = await LogReader.open(brokers, [topic], { claims, config });
    try {
      // This process knows nothing of what another one stored since.
      const chunk = await reader.log.next([], 100, AbortSignal.timeout(30_000));
      expect([chunk?.name, chunk?.from, chunk?.to, chunk?.events]).toEqual([`${topic}/1`, 0, 1, 1]);
      await chunk?.release();
    } finally {
      await reader.close();
    }
  });

  it('is read from where it was first taken over, also by a process that has it before anything was committed', async () => {
    const topic = await createTopic(brokers, 2);
    await produce(topic, 5);
    const config = { start: { kind: 'latest' } } as const;
    const first = await LogReader.open(brokers, [topic], { config, bounded: false });
    const { claims } = first;
    try {
      const nothing = await first.log.next([], 100, AbortSignal.timeout(5000));
      expect(nothing).toBe(null);
    } finally {
      await first.close();
    }
    // After the first had its partitions, and before it committed anything of them.
    await withProducer(brokers, (producer) =>
      producer.send({ topic, messages: [0, 1].map((partition) => ({ value: `new ${partition}`, partition })) }),
    );
    const { values } = await readAll(brokers, [topic], { config, claims });
    expect(values.toSorted()).toEqual(['new 0', 'new 1']);
  });

  it('is claimed for one assignment after the other, however slow the store is', async () => {
    const topic = await createTopic(brokers, 2);
    await produce(topic, 10);
    const slow = new SlowClaims();
    const one = await LogReader.open(brokers, [topic], { bounded: false, claims: slow });
    const two = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      const reading = one.until(() => one.events.length === 10);
      while (slow.waiting === 0) await sleep(20);
      await two.until(() => two.events.length === 10);
      // The group has given `one` its share by now; a moment for what it would do about it.
      await sleep(1000);
      expect(slow.waiting).toBe(1);
      slow.open();
      await reading;
      expect(one.events.length).toBe(10);
    } finally {
      slow.open();
      await one.close();
      await two.close();
    }
  });
});
