import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { loudly } from '../parts/require.js';

const { brokers, problem } = inject('kafka');
const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures');

/** The payloads of the fixture, in the order of files and lines. */
function payloads(): (string | null)[] {
  const folder = join(FIXTURES, 'medallion');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  return files.sort().flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { payload: string | null }).payload),
  );
}

describe.skipIf(loudly('the producer of the medallion events', problem))('the producer', () => {
  const kafka = new Kafka({ brokers: [...(brokers ?? [])], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const topic = `producer-${process.pid}`;

  beforeAll(async () => {
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] });
  });
  afterAll(async () => {
    await admin.deleteTopics({ topics: [topic] }).catch(() => undefined);
    await admin.disconnect();
  });

  it('sends as many records as it is allowed to, each payload as a value, in order, and ends', async () => {
    const expected = payloads().slice(0, 2000);
    const env = {
      ...process.env,
      KAFKA_BROKERS: (brokers ?? []).join(', '),
      TOPIC: topic,
      RATE: '20000',
      LIMIT: '2000',
    };
    const { stdout } = await promisify(execFile)(process.execPath, [join(FIXTURES, 'producer', 'produce.mjs')], {
      env,
    });
    expect(stdout).toBe(`sent 2000 records to ${topic}\n`);
    const read: { key: string | null; value: string | null; partition: number }[] = [];
    const consumer = kafka.consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: ({ partition, message: { key, value } }) => {
            read.push({ key: key?.toString() ?? null, value: value?.toString() ?? null, partition });
            if (read.length === expected.length) resolve();
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    expect(read.map(({ value }) => value).sort()).toEqual([...expected].sort());
    // An event that is delivered again comes after itself, in the same partition.
    const keyed = read.filter(({ key }) => key !== null);
    const partitions = new Map(keyed.map(({ key, partition }) => [key, partition]));
    expect(keyed.every(({ key, partition }) => partitions.get(key) === partition)).toBe(true);
    const order = (key: string | null): (string | null)[] =>
      read.filter((one) => one.key === key).map(({ value }) => value);
    const again = keyed.map(({ key }) => key).filter((key, i, all) => all.indexOf(key) < i);
    expect(again.length).toBeGreaterThan(0);
    for (const key of again)
      expect(order(key)).toEqual(expected.filter((value) => value?.includes(`"${String(key)}"`)));
  });

  it('says what is wrong with its settings', async () => {
    const env = { ...process.env, KAFKA_BROKERS: (brokers ?? []).join(','), TOPIC: topic, RATE: 'fast' };
    await expect(
      promisify(execFile)(process.execPath, [join(FIXTURES, 'producer', 'produce.mjs')], { env }),
    ).rejects.toThrow('RATE must be a number above 0, not fast');
  });
});
