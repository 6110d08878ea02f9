import path from 'node:path';
import { expect, it } from 'vitest';
import type { KafkaLogConfig } from '../model/project.js';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

async function logOf(log: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const pipelines = 'pipelines:\n  p: { key: id, batch: { sql: select 1 }, stream: { sql: select 1 } }\n';
  return (await file.load(`version: 1\nlog:\n${log}${pipelines}`, env)).log;
}

const WHOLE = `  kind: kafka
  brokers: \${KAFKA_BROKERS}
  topics: [orders, payments]
  group: shadow
  format: registry
  registry: { url: 'https://registry:8081', username: reader, password: '\${REGISTRY_PASSWORD}' }
  schema: { id: bigint, 2: text, amount: 'decimal(18, 2)', at: timestamptz }
  metadata: [_topic, _key]
  event_time: at
  start: { offsets: { orders: { 0: 1200, 1: 950 }, payments: { 0: 7 } } }
  on_data_loss: mark
  session_timeout: \${TIMEOUT:-30s}
  tls: { ca: certs/ca.pem, cert: certs/me.pem, key: certs/me.key }
  sasl: { mechanism: scram-sha-512, username: '\${KAFKA_USER}', password: '\${KAFKA_PASSWORD}' }
`;

it('a whole log of Kafka is read, its secrets from variables', async () => {
  const env = {
    KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092,[::1]:9093',
    REGISTRY_PASSWORD: 'r: s',
    KAFKA_USER: '12',
    KAFKA_PASSWORD: '0123',
  };
  const expected: KafkaLogConfig = {
    kind: 'kafka',
    brokers: ['kafka-1:9092', 'kafka-2:9092', '[::1]:9093'],
    topics: ['orders', 'payments'],
    group: 'shadow',
    format: 'registry',
    registry: { url: 'https://registry:8081', username: 'reader', password: 'r: s' },
    schema: [
      { name: 'id', type: 'bigint' },
      { name: '2', type: 'text' },
      { name: 'amount', type: 'decimal(18,2)' },
      { name: 'at', type: 'timestamptz' },
    ],
    metadata: ['_topic', '_key'],
    eventTime: 'at',
    start: {
      kind: 'offsets',
      offsets: new Map([
        ['orders/0', 1200],
        ['orders/1', 950],
        ['payments/0', 7],
      ]),
    },
    onDataLoss: 'mark',
    sessionTimeout: 30_000,
    tls: {
      ca: path.join(file.root, 'certs/ca.pem'),
      cert: path.join(file.root, 'certs/me.pem'),
      key: path.join(file.root, 'certs/me.key'),
    },
    sasl: { mechanism: 'scram-sha-512', username: '12', password: '0123' },
  };
  expect(await logOf(WHOLE, env)).toEqual(expected);
});

it('the smallest log of Kafka has every default', async () => {
  const schema = '  kind: kafka\n  brokers: localhost:9092\n  topics: orders\n  schema: { id: text }\n';
  expect(await logOf(schema)).toEqual({
    kind: 'kafka',
    brokers: ['localhost:9092'],
    topics: ['orders'],
    group: 'cutover',
    format: 'json',
    schema: [{ name: 'id', type: 'text' }],
    metadata: ['_topic', '_key', '_value', '_headers', '_timestamp'],
    start: { kind: 'earliest' },
    onDataLoss: 'stop',
    sessionTimeout: 15_000,
  });
  expect(await logOf(`${schema}  tls: true\n  start: latest\n`)).toMatchObject({ tls: {}, start: { kind: 'latest' } });
  expect(await logOf(`${schema}  tls: false\n`)).not.toHaveProperty('tls');
  expect(await logOf(`${schema}  start: { timestamp: '2026-01-31T01:00:00+01:00' }\n`)).toMatchObject({
    start: { kind: 'timestamp', at: new Date('2026-01-31T00:00:00Z') },
  });
  expect(await logOf(`${schema}  format: registry\n  registry: { url: 'http://r:8081' }\n`)).toMatchObject({
    metadata: ['_topic', '_key', '_headers', '_timestamp'],
  });
  expect(await logOf(schema.replace('  schema: { id: text }', '  format: raw'))).toMatchObject({ schema: [] });
});
