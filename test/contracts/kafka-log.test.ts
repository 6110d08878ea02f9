import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, inject } from 'vitest';
import { systemClock } from '../../src/cli/clock.js';
import { openKafkaLog } from '../../src/log/kafka/open.js';
import { silentLogger } from '../../src/model/ports.js';
import { loudly } from '../parts/require.js';
import { Claims } from '../kafka/claims.js';
import { createTopic, withProducer } from '../kafka/topics.js';
import { eventLogSuite, type LogFixture } from './event-log.js';

const { brokers, problem } = inject('kafka');

const ROWS = Array.from({ length: 23 }, (_, index) => ({
  id: `e${index}`,
  amount: index % 5 === 0 ? null : `${index}.50`,
  at: `2024-01-01 00:${String(index).padStart(2, '0')}:00+00`,
  note: ['plain', 'two\nlines', 'a "quoted" one', 'comma, and é😀', ''][index % 5] ?? '',
}));

const SCHEMA = [
  { name: 'id', type: 'text' },
  { name: 'amount', type: 'decimal(18,2)' },
  { name: 'at', type: 'timestamptz' },
  { name: 'note', type: 'text' },
];

function fixture(bounded: boolean): () => Promise<LogFixture> {
  return async () => {
    const servers = brokers ?? [];
    const topic = await createTopic(servers, 2);
    await withProducer(servers, async (producer) => {
      for (const [index, row] of ROWS.entries())
        await producer.send({
          topic,
          messages: [
            { key: index % 3 === 0 ? null : row.id, value: JSON.stringify(row), partition: index < 16 ? 0 : 1 },
          ],
        });
    });
    const tempDir = await mkdtemp(join(tmpdir(), 'kafka-log-'));
    let opened = 0;
    return {
      open: () =>
        openKafkaLog({
          config: {
            kind: 'kafka',
            brokers: servers,
            topics: [topic],
            group: `${topic}-${(opened += 1)}`,
            format: 'json',
            schema: SCHEMA,
            metadata: ['_topic', '_key'],
            eventTime: 'at',
            start: { kind: 'earliest' },
            onDataLoss: 'stop',
            sessionTimeout: 6000,
          },
          asTexts: false,
          tempDir,
          checkpoints: new Claims(),
          bounded,
          fill: { events: 1, ms: 1 },
          clock: systemClock,
          logger: silentLogger,
          holdsNul: true,
        }),
      columns: [...SCHEMA, { name: '_topic', type: 'text' }, { name: '_key', type: 'text' }],
      types: ['VARCHAR', 'DECIMAL(18,2)', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR', 'VARCHAR', 'VARCHAR'],
      events: ROWS.map((row, index) => ({
        partition: `${topic}/${index < 16 ? 0 : 1}`,
        offset: index < 16 ? index : index - 16,
        values: { ...row, _topic: topic, _key: index % 3 === 0 ? null : row.id },
        eventTime: row.at,
      })),
      remove: () => rm(tempDir, { recursive: true }),
    };
  };
}

describe.skipIf(loudly('the Kafka log', problem))('on a real broker', () => {
  eventLogSuite('kafka log', fixture(false));
  eventLogSuite('kafka log, up to its end', fixture(true));
});
