import { describe, expect, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';
import { readAll, LogReader } from './open-log.js';
import { clientOf, createTopic, send, withAdmin, withProducer } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const brokers = given ?? [];

describe.skipIf(loudly('records of the Kafka log', problem))('records', () => {
  it('are events with their key, value, headers and time; tombstones and absent keys as such', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, [
      { key: 'k', value: 'v"1"\n,2', timestamp: '1700000000123', headers: { a: 'x', b: ['1', '2'] } },
      { key: null, value: '', timestamp: '1700000000124' },
      { key: 'gone', value: null, timestamp: '1700000000125' },
    ]);
    const { events } = await readAll(brokers, [topic], { config: { eventTime: '_timestamp' } });
    expect(events.map(({ offset, eventTime, values, error }) => ({ offset, eventTime, values, error }))).toEqual([
      {
        offset: 0,
        eventTime: '2023-11-14 22:13:20.123+00',
        error: null,
        values: {
          _topic: topic,
          _key: 'k',
          _value: 'v"1"\n,2',
          _headers: '{"a":"x","b":["1","2"]}',
          _timestamp: '2023-11-14 22:13:20.123+00',
        },
      },
      expect.objectContaining({
        offset: 1,
        values: expect.objectContaining({ _key: null, _value: '', _headers: '{}' }) as object,
      }),
      expect.objectContaining({ offset: 2, values: expect.objectContaining({ _key: 'gone', _value: null }) as object }),
    ]);
  });

  it('that do not fit the schema go to quarantine with their reason and their source', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, [
      { value: '{"n": 1, "t": "a"}' },
      { value: 'no json' },
      { value: '{"n": 1.5}' },
      { value: Buffer.from([0xff, 0xfe]) },
      { key: 'a tombstone', value: null },
      { value: '{"n": 9007199254740993}' },
    ]);
    const { events } = await readAll(brokers, [topic], {
      config: {
        format: 'json',
        schema: [
          { name: 'n', type: 'bigint' },
          { name: 't', type: 'text' },
        ],
        metadata: ['_key'],
      },
    });
    expect(
      events.map(({ offset, values, error, raw }) => [offset, values['n'], error, error === null ? null : raw]),
    ).toEqual([
      [0, '1', null, null],
      [1, null, 'not valid JSON', 'no json'],
      [2, null, `column "n": '1.5' does not fit bigint`, '{"n": 1.5}'],
      [3, null, 'not valid UTF-8', 'base64://4='],
      [4, null, null, null],
      [5, '9007199254740993', null, null],
    ]);
  });

  it('of aborted transactions are never seen, whatever their key; open ones are waited for', async () => {
    const topic = await createTopic(brokers, 1);
    const producer = (id: string) =>
      clientOf(brokers).producer({ transactionalId: `${topic}-${id}`, maxInFlightRequests: 1, idempotent: true });
    const [one, two] = [producer('one'), producer('two')];
    await Promise.all([one.connect(), two.connect()]);
    try {
      await send(brokers, topic, [{ value: 'before' }]);
      // Two that are open at once and both aborted, with a key that looks like a marker's.
      const key = Buffer.from([0, 0, 0, 0]);
      const [first, second] = [await one.transaction(), await two.transaction()];
      await first.send({ topic, messages: [{ key, value: 'aborted 1' }] });
      await second.send({ topic, messages: [{ key, value: 'aborted 2' }] });
      await first.send({ topic, messages: [{ key, value: 'aborted 3' }] });
      await second.send({ topic, messages: [{ key, value: 'aborted 4' }] });
      await first.abort();
      await second.abort();
      const third = await one.transaction();
      await third.send({ topic, messages: [{ key, value: 'committed 1' }] });
      const reader = await LogReader.open(brokers, [topic], { bounded: false });
      try {
        await reader.drain();
        expect(reader.values).toEqual(['before']);
        await third.send({ topic, messages: [{ key: 'x', value: 'committed 2' }] });
        await third.commit();
        await reader.until(() => reader.events.length >= 3);
        expect(reader.values).toEqual(['before', 'committed 1', 'committed 2']);
        // From the middle of the aborted ones, too.
        reader.claims.commit(`${topic}/0`, 3, reader.claims.states.get(`${topic}/0`)?.position ?? '');
      } finally {
        await reader.close();
      }
      const again = await readAll(brokers, [topic], { claims: reader.claims });
      expect(again.values).toEqual(['committed 1', 'committed 2']);
      // The marker of the last transaction has an offset too: the end is reached all the same.
      const [{ high } = { high: '' }] = await withAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic));
      expect(again.claims.states.get(`${topic}/0`)?.nextOffset).toBe(Number(high));
    } finally {
      await Promise.all([one.disconnect(), two.disconnect()]);
    }
  });

  it('that were compacted away leave gaps that are read over, at the end as well', async () => {
    const topic = await createTopic(brokers, 1, undefined, {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.001',
      'segment.ms': '100',
      'delete.retention.ms': '0',
      'min.compaction.lag.ms': '0',
    });
    for (let n = 0; n < 20; n += 1) {
      await send(brokers, topic, [{ key: `k${n % 3}`, value: n < 18 ? `v${n}` : null }]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const { values, claims } = await readAll(brokers, [topic]);
    // How much the broker has cleaned by now is its business: what is left comes in order, each key's newest with it.
    expect(values.slice(-3)).toEqual(['v17', null, null]);
    expect(claims.states.get(`${topic}/0`)?.nextOffset).toBe(20);
  });

  // The broker compresses anew what it takes into such a topic.
  it.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])('come out of %s batches', async (compression) => {
    const topic = await createTopic(brokers, 1, undefined, { 'compression.type': compression });
    const expected = Array.from({ length: 3000 }, (_, n) => `${compression} ${n} ${'é😀'.repeat(n % 50)}`);
    await send(
      brokers,
      topic,
      expected.map((value) => ({ value })),
    );
    const { values } = await readAll(brokers, [topic]);
    expect(values).toEqual(expected);
  });
});

describe.skipIf(loudly('where the Kafka log begins', problem))('a partition that was never read', () => {
  it('begins where the configuration says', async () => {
    const topic = await createTopic(brokers, 2);
    await withProducer(brokers, (producer) =>
      producer.send({
        topic,
        messages: Array.from({ length: 10 }, (_, n) => ({
          partition: n % 2,
          value: `v${n}`,
          timestamp: String(1_700_000_000_000 + n * 1000),
        })),
      }),
    );
    const read = async (start: Parameters<typeof readAll>[2]): Promise<unknown> =>
      (await readAll(brokers, [topic], start)).values.sort();
    expect(await read({ config: { start: { kind: 'latest' } } })).toEqual([]);
    expect(await read({ config: { start: { kind: 'timestamp', at: new Date(1_700_000_007_000) } } })).toEqual([
      'v7',
      'v8',
      'v9',
    ]);
    const offsets = new Map([
      [`${topic}/0`, 4],
      [`${topic}/1`, 3],
    ]);
    expect(await read({ config: { start: { kind: 'offsets', offsets } } })).toEqual(['v7', 'v8', 'v9']);
    expect(await read({})).toHaveLength(10);
  });

  it('keeps to its beginning over a restart before its first event, and a partition added later is read whole', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, [{ value: 'before' }]);
    const config = { start: { kind: 'latest' } } as const;
    const { claims } = await readAll(brokers, [topic], { config });
    await send(brokers, topic, [{ value: 'while away' }]);
    await withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }));
    await withProducer(brokers, (producer) =>
      producer.send({ topic, messages: [{ value: 'in the new one', partition: 1 }] }),
    );
    const { values } = await readAll(brokers, [topic], { config, claims });
    expect(values.sort()).toEqual(['in the new one', 'while away']);
  });
});
