import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../src/cli/clock.js';
import type { Chunk } from '../../src/log/contract.js';
import { openKafkaLog } from '../../src/log/kafka/open.js';
import { silentLogger } from '../../src/model/ports.js';
import type { DeclaredColumn } from '../../src/model/project.js';
import { chunkColumns } from '../../src/shadow/events-view.js';
import type { SqlSession } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { Claims } from './claims.js';
import { createTopic, send } from './topics.js';

const { brokers: given, problem } = inject('kafka');
const brokers = given ?? [];
const { url, problem: noServer } = inject('postgres');
const SCHEMAS = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };

const SCHEMA = [
  { name: 't', type: 'text' },
  { name: 'j', type: 'json' },
  { name: 'b', type: 'boolean' },
  { name: 'i', type: 'integer' },
  { name: 'l', type: 'bigint' },
  { name: 'n', type: 'decimal(18,2)' },
  { name: 'x', type: 'double' },
  { name: 'd', type: 'date' },
  { name: 's', type: 'timestamp' },
  { name: 'z', type: 'timestamptz' },
];
const METADATA = ['_topic', '_key', '_value', '_headers', '_timestamp'] as const;

const PLAIN = [
  '{"t":"a, \\"b\\"\\n\\\\.","j":{"a": [1, "é"]},"b":true,"i":-5,"l":123456789012345678,"n":1.5,"x":0.1,"d":"2024-02-29","s":"2024-01-01T10:00:00.123456","z":"2024-01-01T10:00:00+02:00"}',
  '{"t":"","j":null,"b":false,"i":0,"l":-1,"n":"0.00","x":-12.5,"d":"1999-12-31","s":"2024-01-01 10:00:00Z","z":"2024-12-31T23:59:59.999Z"}',
  '{}',
  'no json, "quoted"',
];
const ODD = ['{"n": 1e2, "x": 1e300, "t": "a"}', '{"i": 1.5}', '{"d": "2023-02-29"}', '{"z": "2024-01-01"}'];

/** The chunk of a topic of one partition, in both forms. */
async function inBothForms(
  messages: readonly (string | null)[],
  work: (texts: Chunk, relation: Chunk, columns: readonly DeclaredColumn[]) => Promise<void>,
): Promise<void> {
  const topic = await createTopic(brokers, 1);
  await send(
    brokers,
    topic,
    messages.map((value, i) => ({ key: i % 2 === 0 ? null : `k${i}`, value })),
  );
  const tempDir = await mkdtemp(join(tmpdir(), 'kafka-texts-'));
  const open = (asTexts: boolean): ReturnType<typeof openKafkaLog> =>
    openKafkaLog({
      config: {
        ...{ kind: 'kafka', brokers, topics: [topic], group: `${topic}-${String(asTexts)}`, format: 'json' },
        ...{ schema: SCHEMA, metadata: METADATA, eventTime: 'z', start: { kind: 'earliest' }, onDataLoss: 'stop' },
        sessionTimeout: 6000,
      },
      ...{
        tempDir,
        asTexts,
        holdsNul: true,
        checkpoints: new Claims(),
        bounded: true,
        fill: { events: messages.length, ms: 10_000 },
      },
      ...{ clock: systemClock, logger: silentLogger },
    });
  const logs = [await open(true), await open(false)];
  try {
    const chunks = await Promise.all(logs.map((log) => log.next([], 1000, AbortSignal.timeout(60_000))));
    const [texts, relation] = chunks;
    if (texts === null || texts === undefined || relation === null || relation === undefined)
      throw new Error('no chunk');
    await work(texts, relation, chunkColumns((await logs[0]?.columns()) ?? []));
  } finally {
    for (const log of logs) await log.close();
    await rm(tempDir, { recursive: true });
  }
}

const raw = (name: string): string => (name === '_raw' ? `CASE WHEN _error IS NOT NULL THEN _raw END` : `"${name}"`);

async function expectSame(session: SqlSession, texts: Chunk, relation: Chunk, columns: readonly DeclaredColumn[]) {
  expect(await session.load('a', texts.source, columns)).toBe(texts.events);
  expect(await session.load('b', relation.source, columns)).toBe(relation.events);
  const all = columns.map(({ name }) => `CAST(${raw(name)} AS VARCHAR)`).join(', ');
  const rows = await session.query(`SELECT ${all} FROM a ORDER BY _offset`);
  expect(rows).toEqual(await session.query(`SELECT ${all} FROM b ORDER BY _offset`));
  expect(rows).toHaveLength(texts.events);
}

describe.skipIf(loudly('rows of the Kafka log as texts', problem ?? noServer))('rows as texts', () => {
  it('are those of the relation, in PostgreSQL and in DuckDB', async () => {
    await inBothForms([...PLAIN, null], async (texts, relation, columns) => {
      expect([texts.source.kind, relation.source.kind]).toEqual(['csv', 'relation']);
      expect([texts.from, texts.to, texts.events]).toEqual([0, PLAIN.length + 1, PLAIN.length + 1]);
      const store = openPostgresStore({ url: await createDatabase(url ?? ''), schemas: SCHEMAS });
      const duck = await openDuckDbStore({ path: ':memory:', schemas: SCHEMAS });
      try {
        await expectSame(await store.session(), texts, relation, columns);
        await expectSame(await duck.session(), texts, relation, columns);
      } finally {
        await store.close();
        await duck.close();
      }
    });
  });

  it.each(ODD)('are left to SQL where it has to judge: %s', async (message) => {
    await inBothForms([...PLAIN, message], async (texts, relation) => {
      expect(texts.source.kind).toBe('relation');
      expect(texts.events).toBe(relation.events);
      await Promise.all([texts.release(), relation.release()]);
    });
  });
});
