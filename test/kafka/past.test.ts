import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { PartitionState, RawRecord } from '../../src/log/contract.js';
import { failure } from '../integration/project.js';
import { RelationReader, type ReadEvent } from '../contracts/event-log.js';
import { loudly } from '../parts/require.js';
import { LogReader, readAll, type ReaderOptions } from './open-log.js';
import { clientOf, createTopic, deleteBefore, recreateTopic, send, withAdmin } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const brokers = given ?? [];

const numbered = (from: number, to: number): { key: string; value: string }[] =>
  Array.from({ length: to - from }, (_, n) => ({ key: `k${from + n}`, value: `v${from + n}` }));

const CONFIG = { format: 'json', schema: [{ name: 'id', type: 'bigint' }], metadata: ['_key'] } as const;

describe.skipIf(loudly('reading Kafka again', problem))('what was read of a topic', () => {
  let relations: RelationReader;
  beforeAll(async () => {
    relations = await RelationReader.open();
  });
  afterAll(() => {
    relations.close();
  });

  function stateOf({ claims }: LogReader, name: string): PartitionState {
    const state = claims.states.get(name);
    if (state === undefined) throw new Error(`${name} was not read`);
    return state;
  }

  /** Work with a log of the topic that is no member of the group. */
  async function aside<T>(topic: string, options: ReaderOptions, work: (reader: LogReader) => Promise<T>): Promise<T> {
    const reader = await LogReader.open(brokers, [topic], { ...options, claims: null });
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  }

  function range(topic: string, state: PartitionState, from: number, to: number, max = 1000): Promise<ReadEvent[]> {
    return aside(topic, {}, async ({ log }) => {
      const columns = (await log.columns()).map(({ name }) => name);
      const events: ReadEvent[] = [];
      for await (const chunk of log.read?.(state, from, to, max) ?? []) {
        const found = await relations.read(chunk, columns);
        expect(found).toHaveLength(chunk.events);
        events.push(...found);
        await chunk.release();
      }
      return events;
    });
  }

  function retried(
    topic: string,
    state: PartitionState,
    records: readonly RawRecord[],
    config: object = {},
  ): Promise<ReadEvent[]> {
    return aside(topic, { config: { ...CONFIG, ...config } }, async ({ log }) => {
      const reread = await log.retry?.(state, records);
      if (reread === undefined) throw new Error('the log cannot retry');
      const columns = (await log.columns()).map(({ name }) => name);
      const events = await relations.read(
        { ...reread, partition: 0, name: state.name, from: 0, to: 1e9, events: 0, position: '', epoch: 0 },
        columns,
      );
      await reread.release();
      return events;
    });
  }

  it('comes again without what was never committed, over gaps, at any bound', async () => {
    const topic = await createTopic(brokers, 1);
    const producer = clientOf(brokers).producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (let n = 0; n < 12; n += 1) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: numbered(n * 3, n * 3 + 3) });
      await (n % 2 === 0 ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    const reader = await readAll(brokers, [topic]);
    const state = stateOf(reader, `${topic}/0`);
    expect(reader.events).toHaveLength(18);
    for (const max of [1, 2, 7, 1000])
      expect(await range(topic, state, 0, state.nextOffset, max)).toEqual(reader.events);
    for (const [from, to] of [
      [1, 9],
      [4, 8],
      [3, 4],
    ] as const)
      expect(await range(topic, state, from, to, 2)).toEqual(
        reader.events.filter(({ offset }) => offset >= from && offset < to),
      );
  });

  it('is gone where the topic was shortened, or is another one', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 20));
    const state = stateOf(await readAll(brokers, [topic]), `${topic}/0`);
    await deleteBefore(brokers, topic, 5);
    expect(await failure(range(topic, state, 0, 20))).toMatchObject({ code: 'LOG_RANGE_GONE' });
    expect(await failure(range(topic, state, 4, 20))).toMatchObject({ code: 'LOG_RANGE_GONE' });
    expect(await range(topic, state, 5, 20)).toHaveLength(15);
    expect(await failure(range(topic, { ...state, nextOffset: 30 }, 5, 30))).toMatchObject({ code: 'LOG_RANGE_GONE' });
    await recreateTopic(brokers, topic);
    await send(brokers, topic, numbered(0, 20));
    expect(await failure(range(topic, state, 5, 20))).toMatchObject({ code: 'LOG_RANGE_GONE' });
  });

  it('is retried as the record that it was: with its key, and only if it is the same', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, [
      { key: 'a', value: '{"id":1}' },
      { key: 'b', value: '{"id":"two"}' },
      { key: 'c', value: '{"id":3}' },
      { key: 'd', value: 'x' },
    ]);
    const reader = await readAll(brokers, [topic], { config: CONFIG });
    const state = stateOf(reader, `${topic}/0`);
    const kept = reader.events.flatMap(({ offset, error, raw }) =>
      error === null ? [] : [{ offset, reason: error, raw }],
    );
    expect(kept.map(({ offset }) => offset)).toEqual([1, 3]);
    const text = { schema: [{ name: 'id', type: 'text' }] };
    expect(await retried(topic, state, kept, text)).toMatchObject([
      { offset: 1, error: null, values: { id: 'two', _key: 'b' } },
      { offset: 3, error: 'not valid JSON', raw: 'x' },
    ]);
    const other = kept.map((record) => ({ ...record, raw: '{"id":"other"}' }));
    expect((await retried(topic, state, other, text)).map(({ error, raw }) => [error, raw])).toEqual([
      ['what Kafka has at this offset is no longer the record that was read', '{"id":"other"}'],
      ['what Kafka has at this offset is no longer the record that was read', '{"id":"other"}'],
    ]);
    await deleteBefore(brokers, topic, 2);
    const gone = await retried(topic, state, kept, text);
    expect(gone.map(({ error }) => error)).toEqual([
      `${kept[0]?.reason ?? ''}; the record is no longer in Kafka`,
      'not valid JSON',
    ]);
    const twice = await retried(
      topic,
      state,
      [{ offset: 1, reason: gone[0]?.error ?? '', raw: kept[0]?.raw ?? '' }],
      text,
    );
    expect(twice.map(({ error }) => error)).toEqual([gone[0]?.error]);
    await recreateTopic(brokers, topic);
    await send(brokers, topic, numbered(0, 5));
    expect((await retried(topic, state, kept.slice(1), text)).map(({ error }) => error)).toEqual([
      'not valid JSON; the record is no longer in Kafka',
    ]);
  });

  it('never makes an event of the mark of a loss, though a record may stand at its offset', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, [
      { key: 'a', value: '{"id":1}' },
      { key: 'b', value: null },
    ]);
    const state = stateOf(await readAll(brokers, [topic], { config: CONFIG }), `${topic}/0`);
    const words = 'offsets 0 to 14 were deleted from the topic before they were read';
    const marks = [0, 1].map((offset) => ({ offset, reason: words, raw: '', lost: true }));
    expect(await retried(topic, state, marks)).toMatchObject(
      marks.map(({ offset }) => ({ offset, error: words, raw: '' })),
    );
    // The words alone make no mark of a record.
    const kept = { offset: 1, reason: words, raw: '' };
    expect(await retried(topic, state, [kept])).toMatchObject([{ offset: 1, error: null }]);
  });

  it('is told by the chunk that a row is such a mark', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 1));
    const { claims } = await readAll(brokers, [topic], { config: CONFIG });
    await send(brokers, topic, numbered(1, 5));
    await deleteBefore(brokers, topic, 3);
    const reader = await LogReader.open(brokers, [topic], { claims, config: { ...CONFIG, onDataLoss: 'mark' } });
    try {
      const told: (boolean | undefined)[] = [];
      for (;;) {
        const chunk = await reader.log.next([...claims.states.values()], 100, AbortSignal.timeout(30_000));
        if (chunk === null) break;
        told.push(chunk.lost);
        claims.commit(chunk.name, chunk.to, chunk.position);
        await chunk.release();
      }
      expect(told).toEqual([true, false]);
    } finally {
      await reader.close();
    }
  });

  it('leaves the group alone', async () => {
    const topic = await createTopic(brokers, 1);
    await send(brokers, topic, numbered(0, 5));
    const state = stateOf(await readAll(brokers, [topic]), `${topic}/0`);
    await aside(topic, {}, async ({ log }) => {
      for await (const chunk of log.read?.(state, 0, 5, 10) ?? []) await chunk.release();
      const { groups } = await withAdmin(brokers, (admin) => admin.describeGroups([`g-${topic}`]));
      expect(groups.map(({ members }) => members)).toEqual([[]]);
    });
  });
});
