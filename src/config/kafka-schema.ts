import { z } from 'zod';
import * as value from './values.js';
import { strict } from './values.js';

export const METADATA = ['_topic', '_key', '_value', '_headers', '_timestamp'] as const;

/** One text with commas (as from a variable), or a list; always a list afterwards. */
const brokers = z
  .union([value.text, z.array(value.text).min(1, { error: 'must not be an empty list' })], {
    error: 'must be host:port, or a list of them',
  })
  .transform((given) => (typeof given === 'string' ? given.split(',') : given).map((broker) => broker.trim()))
  .refine((all) => all.every((broker) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker)), {
    error: 'every broker must be host:port, such as kafka-1:9092',
  });

const start = z.union(
  [
    z.enum(['earliest', 'latest']),
    strict({ timestamp: value.instant.describe('The first event at or after this moment.') }),
    strict({
      offsets: z
        .record(value.text, z.record(value.partitionNumber, value.count(0)))
        .describe('By topic and partition, such as { orders: { 0: 1200, 1: 950 } }.'),
    }),
  ],
  { error: 'must be earliest, latest, { timestamp: 2026-01-31T00:00:00Z } or { offsets: { topic: { 0: 1200 } } }' },
);

const tls = strict({
  ca: value.text.optional().describe("File of the authority's certificates (PEM). Default: those of Node."),
  cert: value.text.optional().describe('File of the certificate that this client shows (PEM).'),
  key: value.text.optional().describe('File of its key (PEM).'),
});

export const kafkaLog = strict({
  kind: z.literal('kafka').describe('Kafka topics: one partition for each of theirs, offsets as Kafka has them.'),
  brokers: brokers.describe('host:port of some brokers: a list, or one text with commas.'),
  topics: value.textOrList('a topic').describe('Topic or topics to read.'),
  group: value.text.default('cutover').describe('Consumer group: processes of one group share the partitions.'),
  format: z
    .enum(['json', 'raw', 'registry'])
    .default('json')
    .describe(
      'json: each value is an object with the columns of schema. raw: only the record itself (_key, _value, ...). registry: as json, after decoding by a schema registry.',
    ),
  registry: strict({
    url: value.text
      .refine((url) => /^https?:\/\/[^\s/]/.test(url), { error: 'must be a URL such as http://registry:8081' })
      .refine((url) => !/^https?:\/\/[^/]*@/.test(url), {
        error: 'must hold no password; give registry.username and registry.password',
      })
      .describe('URL of the schema registry.'),
    username: value.text.optional().describe('User of the registry.'),
    password: z.string().optional().describe('Password of the registry, best from a variable.'),
  })
    .optional()
    .describe('For format: registry.'),
  schema: z
    .record(value.eventColumn, value.columnType)
    .refine((columns) => Object.keys(columns).length > 0, { error: 'must name at least one column' })
    .optional()
    .describe('Columns in order, name to type. Needed unless format is raw.'),
  metadata: z
    .array(z.enum(METADATA))
    .optional()
    .describe(
      "The record's own columns that events have, after those of schema. Default: all; without _value with format registry.",
    ),
  event_time: value.text
    .optional()
    .describe('Column that holds the time at which an event happened: one of schema, or _timestamp.'),
  start: start.default('earliest').describe('Where a partition is read from that was never read before.'),
  on_data_loss: z
    .enum(['stop', 'mark'])
    .default('stop')
    .describe('Events that are gone before they were read: stop, or put their place into quarantine and go on.'),
  session_timeout: value.duration
    .prefault('15s')
    .refine((ms) => ms >= 6000 && ms <= 300_000, { error: 'must be between 6s and 5m' })
    .describe('How long the group waits for a process that went silent before others take its partitions.'),
  tls: z.union([z.boolean(), tls]).optional().describe('TLS: true, or the files of certificates.'),
  sasl: strict({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('Kind of authentication.'),
    username: value.text.describe('User.'),
    password: z.string().describe('Password, best from a variable: ${KAFKA_PASSWORD}.'),
  })
    .optional()
    .describe('Authentication.'),
});

export type KafkaLogInput = z.output<typeof kafkaLog>;
