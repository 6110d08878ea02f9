import { describe, expect, it } from 'vitest';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

/** What is wrong with a log of Kafka, without the place in the file. */
async function problems(keys: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const jobs = 'batch: { sql: select 1 }, stream: { sql: select 1 }';
  const text = `version: 1\nlog: { kind: kafka, ${keys} }\npipelines:\n  p: { key: id, ${jobs} }\n`;
  const error = await file.refused(text, env);
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.place?.line).toBe(2);
  return error.message.split('\n').map((line) => line.replace(/^.*?cutover\.yaml:\d+:\d+ /, ''));
}

const FINE = "brokers: 'k:9092', topics: orders, schema: { id: text }";
const RAW = "brokers: 'k:9092', topics: orders, format: raw";
const REGISTRY = `${FINE}, format: registry, registry: { url: 'http://r:8081' }`;
const BROKER = 'log.brokers: every broker must be host:port, such as kafka-1:9092';
const TIMEOUT = 'log.session_timeout: must be between 6s and 5m';
const START =
  'log.start: must be earliest, latest, { timestamp: 2026-01-31T00:00:00Z } or { offsets: { topic: { 0: 1200 } } }';

const CASES: [what: string, keys: string, ...expected: string[]][] = [
  ['nothing', 'group: g', 'log.brokers: is missing', 'log.topics: is missing'],
  ['a broker without port', FINE.replace("'k:9092'", 'k'), BROKER],
  ['a broker with a scheme', FINE.replace('k:9092', 'kafka://k:9092'), BROKER],
  ['one bad broker of several', FINE.replace('k:9092', 'k:9092, j'), BROKER],
  ['no brokers', FINE.replace("'k:9092'", '[]'), 'log.brokers: must not be an empty list'],
  ['no topics', FINE.replace('orders', '[]'), 'log.topics: must not be an empty list'],
  ['a topic twice', FINE.replace('orders', '[a, a]'), 'log.topics[1]: "a" stands twice'],
  ['an unknown format', `${FINE}, format: avro`, 'log.format: "avro" is not known; known are: json, raw, registry'],
  [
    'json without schema',
    FINE.replace(', schema: { id: text }', ''),
    'log.schema: is missing; format json needs the names and types of the columns',
  ],
  ['an empty schema', FINE.replace('{ id: text }', '{}'), 'log.schema: must name at least one column'],
  [
    'raw with schema',
    `${RAW}, schema: { id: text }`,
    'log.schema: is not for format raw, whose events have only the columns of the record itself',
  ],
  ['raw without any column', `${RAW}, metadata: []`, 'log.metadata: must not be empty with format raw'],
  ['a column of the record twice', `${RAW}, metadata: [_key, _key]`, 'log.metadata: names a column twice'],
  [
    'an unknown column of the record',
    `${FINE}, metadata: [_partition]`,
    'log.metadata[0]: "_partition" is not known; known are: _topic, _key, _value, _headers, _timestamp',
  ],
  ['registry without registry', `${FINE}, format: registry`, 'log.registry: is missing; give its url'],
  [
    'a registry that is not used',
    `${FINE}, registry: { url: 'http://r:8081' }`,
    'log.registry: is only for format registry, not for json',
  ],
  [
    'the bytes of a registry as a text',
    `${REGISTRY}, metadata: [_key, _value]`,
    'log.metadata: must not name _value with format registry, whose values are bytes and no text',
  ],
  ['a registry without URL', REGISTRY.replace("{ url: 'http://r:8081' }", '{}'), 'log.registry.url: is missing'],
  [
    'a registry that is no URL',
    REGISTRY.replace('http://r:8081', 'r:8081'),
    'log.registry.url: must be a URL such as http://registry:8081',
  ],
  [
    'a password in the URL of a registry',
    REGISTRY.replace('r:8081', 'u:p@r:8081'),
    'log.registry.url: must hold no password; give registry.username and registry.password',
  ],
  [
    'columns that differ in case only',
    FINE.replace('{ id: text }', '{ id: text, ID: text }'),
    'log.schema.ID: stands twice, in other letters',
  ],
  ['no such event time', `${FINE}, event_time: at`, 'log.event_time: "at" is not among the columns id, _timestamp'],
  [
    'an event time that is left out',
    `${FINE}, metadata: [_key], event_time: _timestamp`,
    'log.event_time: "_timestamp" is not among the columns id',
  ],
  ['an unknown start', `${FINE}, start: newest`, 'log.start: "newest" is not known; known are: earliest, latest'],
  ['a start of another kind', `${FINE}, start: [1]`, `${START}, not a list`],
  ['a start with an unknown key', `${FINE}, start: { offset: 5 }`, `${START}, not a map`],
  [
    'a start without zone',
    `${FINE}, start: { timestamp: 2026-01-31T00:00:00 }`,
    'log.start.timestamp: must be a moment such as 2026-01-31T00:00:00Z, with its offset from UTC',
  ],
  [
    'a start on a day that does not exist',
    `${FINE}, start: { timestamp: 2026-13-01T00:00:00Z }`,
    'log.start.timestamp: there is no such moment',
  ],
  [
    'start offsets of an unknown topic',
    `${FINE}, start: { offsets: { payments: { 0: 5 } } }`,
    'log.start.offsets.payments: is not one of the topics',
  ],
  [
    'start offsets of no partition',
    `${FINE}, start: { offsets: { orders: { first: 5 } } }`,
    'log.start.offsets.orders.first: must be the number of a partition',
  ],
  [
    'a start offset below 0',
    `${FINE}, start: { offsets: { orders: { 0: -1 } } }`,
    'log.start.offsets.orders.0: must be at least 0, not -1',
  ],
  [
    'another way to lose data',
    `${FINE}, on_data_loss: skip`,
    'log.on_data_loss: "skip" is not known; known are: stop, mark',
  ],
  ['a session that is too short', `${FINE}, session_timeout: 5999ms`, TIMEOUT],
  ['a session that is too long', `${FINE}, session_timeout: 301s`, TIMEOUT],
  [
    'a certificate without key',
    `${FINE}, tls: { cert: a }`,
    'log.tls: cert and key go together: one of them is missing',
  ],
  [
    'a key without certificate',
    `${FINE}, tls: { key: a }`,
    'log.tls: cert and key go together: one of them is missing',
  ],
  [
    'an unknown mechanism',
    `${FINE}, sasl: { mechanism: gssapi, username: u, password: p }`,
    'log.sasl.mechanism: "gssapi" is not known; known are: plain, scram-sha-256, scram-sha-512',
  ],
  [
    'half an authentication',
    `${FINE}, sasl: { mechanism: plain }`,
    'log.sasl.username: is missing',
    'log.sasl.password: is missing',
  ],
];

describe('a bad log of Kafka', () => {
  for (const [what, keys, ...expected] of CASES) {
    it(what, async () => {
      expect(await problems(keys)).toEqual(expected);
    });
  }

  it('shows a variable, not what it holds', async () => {
    const [problem] = await problems(FINE.replace('k:9092', '${KAFKA}'), { KAFKA: 'user:secret@k' });
    expect(problem).toBe(BROKER);
  });
});
