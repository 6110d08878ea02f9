import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../src/cli/clock.js';
import type { KafkaLogConfig } from '../../src/model/project.js';
import { loudly } from '../parts/require.js';
import { LogReader, readAll } from './open-log.js';
import { avroBytes, avroLong, framed, TestRegistry } from './schema-registry.js';
import { createTopic, send } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const brokers = given ?? [];

describe.skipIf(loudly('a Kafka log with a schema registry', problem))('values of a schema registry', () => {
  let registry: TestRegistry;
  let id: number;
  let topic: string;
  let config: Partial<KafkaLogConfig>;
  beforeEach(async () => {
    registry = await TestRegistry.start();
    id = await registry.register('t-value', {
      schema: JSON.stringify({
        type: 'record',
        name: 'Order',
        fields: [
          { name: 'order_id', type: 'long' },
          { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
          { name: 'raw', type: ['null', 'bytes'] },
        ],
      }),
    });
    topic = await createTopic(brokers, 1);
    config = {
      format: 'registry',
      registry: { url: registry.url },
      schema: [
        { name: 'order_id', type: 'bigint' },
        { name: 'at', type: 'timestamptz' },
        { name: 'raw', type: 'bytes' },
      ],
      metadata: ['_key'],
      eventTime: 'at',
    };
  });
  afterEach(() => registry.stop());

  const order = (n: bigint): Buffer =>
    framed(
      id,
      Buffer.concat([avroLong(n), avroLong(1_700_000_000_123_456n), avroLong(1n), avroBytes(Uint8Array.of(0, 255))]),
    );

  it('are exact events, tombstones included; what does not fit goes to quarantine as it came', async () => {
    await send(brokers, topic, [
      { key: 'a', value: order(9_007_199_254_740_993n) },
      { key: 'b', value: null },
      { key: 'c', value: framed(99, Uint8Array.of(2)) },
      { key: 'd', value: framed(id, Uint8Array.of(2)) },
    ]);
    const { events } = await readAll(brokers, [topic], { config });
    expect(events[0]).toMatchObject({
      eventTime: '2023-11-14 22:13:20.123456+00',
      error: null,
      values: {
        order_id: '9007199254740993',
        at: '2023-11-14 22:13:20.123456+00',
        raw: '\\x00\\xFF',
        _key: 'a',
      },
    });
    expect(events[1]).toMatchObject({ error: null, values: { order_id: null, _key: 'b' } });
    expect(events[2]).toMatchObject({ error: 'the registry has no schema 99', raw: 'base64:AAAAAGMC' });
    expect(events[3]?.error).toContain(`does not fit schema ${id} of the registry`);
  });

  it('wait for a registry that is away; nothing of them is quarantined', async () => {
    await send(brokers, topic, [{ value: order(1n) }, { value: order(2n) }]);
    const { port } = registry;
    await registry.stop();
    const reader = await LogReader.open(brokers, [topic], { config, bounded: false });
    try {
      for (const end = Date.now() + 8000; Date.now() < end;) {
        expect(await reader.step()).toBe(false);
        await sleep(100);
      }
      expect(reader.claims.states.get(`${topic}/0`)?.nextOffset).toBe(0);
      await registry.listen(port);
      await reader.until(() => reader.events.length === 2);
      expect(reader.events.map(({ values, error }) => [values['order_id'], error])).toEqual([
        ['1', null],
        ['2', null],
      ]);
    } finally {
      await reader.close();
    }
  });

  it('end a run up to the end with an error when the registry stays away, and nothing is skipped', async () => {
    await send(brokers, topic, [{ value: order(1n) }]);
    registry.status = 503;
    // A clock that runs fast: a minute is soon over.
    const begun = Date.now();
    const clock = { ...systemClock, now: () => new Date(begun + (Date.now() - begun) * 15) };
    const reader = await LogReader.open(brokers, [topic], { config, clock });
    try {
      await expect(reader.drain()).rejects.toMatchObject({
        code: 'LOG_UNREACHABLE',
        message: expect.stringContaining(`the schema registry ${registry.url} cannot be reached: `) as string,
      });
      expect(reader.events).toEqual([]);
    } finally {
      await reader.close();
    }
    registry.status = undefined;
    const again = await readAll(brokers, [topic], { config, claims: reader.claims });
    expect(again.events).toHaveLength(1);
  });
});
