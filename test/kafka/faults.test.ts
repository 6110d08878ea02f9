import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localKafkaProblem, startLocalKafka, type KafkaPart } from '../parts/kafka.js';
import { loudly } from '../parts/require.js';
import { LogReader, readAll } from './open-log.js';
import { createTopic, deleteBefore, recreateTopic, send, withAdmin, withProducer } from './topics.js';

const problem = await localKafkaProblem();

/** Only this broker is killed and stopped: the tests of other files have another. */
describe.skipIf(loudly('faults of Kafka', problem))('with faults of Kafka', () => {
  let broker: KafkaPart;
  let brokers: readonly string[];
  beforeAll(async () => {
    broker = await startLocalKafka();
    ({ brokers } = broker);
  }, 120_000);
  afterAll(() => broker.stop());

  const numbered = (from: number, to: number): { value: string }[] =>
    Array.from({ length: to - from }, (_, n) => ({ value: `v${from + n}` }));

  const cut = (topic: string, offset: number): Promise<void> => deleteBefore(brokers, topic, offset);
  const recreate = (topic: string): Promise<void> => recreateTopic(brokers, topic);

  it('records deleted below the stored offset: the run stops and names them', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const { claims } = await readAll(brokers, [topic]);
    await send(brokers, topic, numbered(10, 30));
    await cut(topic, 15);
    await expect(readAll(brokers, [topic], { claims })).rejects.toMatchObject({
      code: 'LOG_DATA_LOST',
      message: `${topic}/0: offsets 10 to 14 were deleted from the topic before they were read`,
    });
    expect(claims.states.get(`${topic}/0`)?.nextOffset).toBe(10);
  });

  it('and with on_data_loss: mark their place goes into quarantine, once, and the rest is read', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const { claims } = await readAll(brokers, [topic]);
    await send(brokers, topic, numbered(10, 30));
    await cut(topic, 15);
    const config = { onDataLoss: 'mark' } as const;
    const marked = await readAll(brokers, [topic], { claims, config });
    expect(marked.events.map(({ offset, error, values }) => error ?? `${offset} ${values['_value'] ?? ''}`)).toEqual([
      'offsets 10 to 14 were deleted from the topic before they were read',
      ...Array.from({ length: 15 }, (_, n) => `${15 + n} v${15 + n}`),
    ]);
    expect(marked.events[0]?.offset).toBe(10);
    expect((await readAll(brokers, [topic], { claims, config })).events).toEqual([]);
  });

  it('records deleted before the log was ever read are its beginning, not a loss', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    await cut(topic, 4);
    expect((await readAll(brokers, [topic])).values).toEqual(numbered(4, 10).map(({ value }) => value));
  });

  it('a topic created anew is never taken for the former one, even when it is longer', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const { claims } = await readAll(brokers, [topic]);
    await recreate(topic);
    await send(brokers, topic, numbered(100, 150));
    const stop = readAll(brokers, [topic], { claims });
    await expect(stop).rejects.toMatchObject({
      code: 'LOG_DATA_LOST',
      message: `${topic}/0: the topic was deleted and created anew`,
    });
    const config = { onDataLoss: 'mark' } as const;
    const marked = await readAll(brokers, [topic], { claims, config });
    expect(marked.events.map(({ partition, offset, error }) => [partition, offset, error]).slice(0, 2)).toEqual([
      [`${topic}/0`, 10, 'the topic was deleted and created anew'],
      [`${topic}/0#2`, 0, null],
    ]);
    expect(marked.values.slice(1)).toEqual(numbered(100, 150).map(({ value }) => value));
    await send(brokers, topic, numbered(150, 152));
    expect((await readAll(brokers, [topic], { claims, config })).values).toEqual(['v150', 'v151']);
  });

  it('a topic that is created anew while it is read', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const reader = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      await reader.drain();
      await recreate(topic);
      await send(brokers, topic, numbered(100, 150));
      await expect(reader.until(() => reader.events.length > 10)).rejects.toMatchObject({
        code: 'LOG_DATA_LOST',
        message: `${topic}/0: the topic was deleted and created anew`,
      });
    } finally {
      await reader.close();
    }
  });

  it('a topic that is deleted while it is read', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const reader = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      await reader.drain();
      await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
      await expect(reader.until(() => false)).rejects.toMatchObject({
        code: 'LOG_DATA_LOST',
        message: `${topic}/0: the topic was deleted`,
      });
    } finally {
      await reader.close();
    }
    await expect(readAll(brokers, [topic])).rejects.toMatchObject({
      code: 'LOG_TOPIC_MISSING',
      message: `the topic ${topic} does not exist`,
    });
  });

  it('a rebalance: each event is committed under one claim only, by whoever has the partition', async () => {
    const topic = await createTopic(brokers, 4);
    const produce = (from: number, to: number): Promise<unknown> =>
      withProducer(brokers, (producer) =>
        producer.send({ topic, messages: numbered(from, to).map((message, n) => ({ ...message, partition: n % 4 })) }),
      );
    await produce(0, 40);
    const one = await LogReader.open(brokers, [topic], { bounded: false });
    await one.until(() => one.events.length === 40);
    const two = await LogReader.open(brokers, [topic], { bounded: false, claims: one.claims });
    let produced = 40;
    const all = (): boolean => one.events.length + two.events.length === produced;
    const working = (reader: LogReader, done: () => boolean): Promise<void> => reader.until(done);
    // Events come all the while that the partitions change hands.
    const feeding = (async () => {
      while (two.events.length === 0) {
        await produce(produced, (produced += 40));
        await sleep(100);
      }
    })();
    const shared = (): boolean => two.events.length > 0 && all();
    await Promise.all([feeding, working(one, shared), working(two, shared)]);
    await one.close();
    await produce(produced, (produced += 40));
    await working(two, all);
    await two.close();
    expect([...one.values, ...two.values].sort()).toEqual(
      numbered(0, produced)
        .map(({ value }) => value)
        .sort(),
    );
  }, 90_000);

  it('a broker that is killed for a while', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const reader = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      await reader.drain();
      await broker.kill();
      for (const end = Date.now() + 30_000; Date.now() < end;) {
        expect(await reader.step()).toBe(false);
        await sleep(200);
      }
      await broker.restart();
      await send(brokers, topic, numbered(10, 20));
      await reader.until(() => reader.events.length === 20);
      expect(reader.values).toEqual(numbered(0, 20).map(({ value }) => value));
    } finally {
      await reader.close();
    }
  }, 120_000);

  it('a broker that is frozen for a while', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 10));
    const reader = await LogReader.open(brokers, [topic], { bounded: false });
    try {
      await reader.drain();
      broker.pause();
      for (const end = Date.now() + 25_000; Date.now() < end;) {
        await reader.step();
        await sleep(200);
      }
      broker.resume();
      await send(brokers, topic, numbered(10, 20));
      await reader.until(() => reader.events.length === 20);
      expect(reader.values).toEqual(numbered(0, 20).map(({ value }) => value));
    } finally {
      broker.resume();
      await reader.close();
    }
  }, 120_000);
});
