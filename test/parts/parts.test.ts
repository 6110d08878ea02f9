import pg from 'pg';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localKafkaProblem, startLocalKafka, type KafkaPart } from './kafka.js';
import { createDatabase, localPostgresProblem, startLocalPostgres, type PostgresPart } from './postgres.js';
import { loudly } from './require.js';

const noPostgres = await localPostgresProblem();
const noKafka = await localKafkaProblem();

describe.skipIf(loudly('a PostgreSQL of its own', noPostgres))('a local PostgreSQL', () => {
  let server: PostgresPart;
  beforeAll(async () => {
    server = await startLocalPostgres();
  });
  afterAll(() => server.stop());

  it('keeps its data over a kill, and is silent while it is paused', async () => {
    const url = await createDatabase(server.url);
    const ask = async (sql: string): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: url, query_timeout: 1000, connectionTimeoutMillis: 1000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.query(sql)).rows;
      } finally {
        client.end().catch(() => undefined);
      }
    };
    await ask('CREATE TABLE t AS SELECT 42 AS n');
    await server.kill();
    await expect(ask('SELECT n FROM t')).rejects.toThrow();
    await server.restart();
    expect(await ask('SELECT n FROM t')).toEqual([{ n: 42 }]);
    server.pause();
    await expect(ask('SELECT n FROM t')).rejects.toThrow();
    server.resume();
    expect(await ask('SELECT n FROM t')).toEqual([{ n: 42 }]);
  });
});

describe.skipIf(loudly('an Apache Kafka of its own', noKafka))('a local Kafka', () => {
  let broker: KafkaPart;
  beforeAll(async () => {
    broker = await startLocalKafka();
  }, 120_000);
  afterAll(() => broker.stop());

  it('keeps its records over a kill', async () => {
    const kafka = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 't', numPartitions: 2 }], waitForLeaders: true });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 't', acks: -1, messages: [{ key: 'a', value: '1', partition: 1 }] });
    await producer.disconnect();
    await broker.kill();
    await broker.restart();
    const ends = await admin.fetchTopicOffsets('t');
    expect(ends.map(({ partition, high }) => [partition, high]).sort()).toEqual([
      [0, '0'],
      [1, '1'],
    ]);
    await admin.disconnect();
  });
});
