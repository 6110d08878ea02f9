import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { demoConfiguration, type DemoPlace } from './demo-data.js';
import { CutoverError } from '../model/errors.js';
import type { SqlSession } from '../store/contract.js';

const PARTITIONS = 4;

/**
 * The demo on a real broker and server: a topic and a database of its own, so that nothing that is there is touched. Both go when it ends.
 * Errors: USAGE where the variables are not set; LOG_UNREACHABLE, those of the store.
 */
export async function kafkaPlace(env: NodeJS.ProcessEnv, keep: boolean): Promise<DemoPlace> {
  const [brokers, url] = [env['KAFKA_BROKERS'] ?? '', env['DATABASE_URL'] ?? ''];
  if (brokers === '' || !/^postgres(?:ql)?:\/\//.test(url)) throw unset();
  const name = `cutover_demo_${randomBytes(4).toString('hex')}`;
  const server = new URL(url);
  const own = new URL(url);
  own.pathname = `/${name}`;
  // A demo of files should not load these clients.
  const { createOwnTopic } = await import('../log/kafka/own-topic.js');
  await onServer(url, (session) => session.script(`CREATE DATABASE ${name}`));
  const drop = (): Promise<void> => onServer(url, (session) => session.script(`DROP DATABASE ${name} WITH (FORCE)`));
  const topic = await createOwnTopic(
    brokers.split(',').map((broker) => broker.trim()),
    name,
    PARTITIONS,
  ).catch(async (error: unknown) => {
    await drop();
    throw error;
  });
  return {
    store: 'postgres',
    slices: 'json',
    configuration: demoConfiguration(
      `{ kind: postgres, url: '\${DATABASE_URL}' }`,
      `{ kind: kafka, brokers: '\${KAFKA_BROKERS}', topics: [${name}], group: ${name}, metadata: [], event_time: date,
  schema: { date: timestamp, delay: integer, distance: integer, origin: text, destination: text } }`,
    ),
    env: { KAFKA_BROKERS: brokers, DATABASE_URL: own.href },
    shown: `topic ${name} (${PARTITIONS} partitions) at ${brokers}, database ${name} at ${server.host}${keep ? '' : '; both are removed at the end'}`,
    arrive: async (slice) => {
      const lines = (await readFile(slice, 'utf8')).trimEnd().split('\n');
      await topic.send(lines.map((value) => ({ key: originOf(value), value })));
    },
    close: async () => {
      await topic.close(!keep);
      if (!keep) await drop();
    },
  };
}

/** Flights of an airport stay in order. */
function originOf(line: string): string {
  const flight: unknown = JSON.parse(line);
  return typeof flight === 'object' && flight !== null && 'origin' in flight ? String(flight.origin) : '';
}

async function onServer(url: string, work: (session: SqlSession) => Promise<void>): Promise<void> {
  const { openPostgresStore } = await import('../store/postgres/store.js');
  const schemas = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };
  const store = openPostgresStore({ url, schemas });
  try {
    await work(await store.session());
  } finally {
    await store.close();
  }
}

function unset(): CutoverError {
  return new CutoverError(
    'USAGE',
    'demo --kafka needs KAFKA_BROKERS (host:port) and DATABASE_URL (postgres://..., a user who may create databases)',
    '`docker compose up --detach --wait kafka postgres` starts both: KAFKA_BROKERS=localhost:9092 DATABASE_URL=postgres://cutover:cutover@localhost:5432/cutover. In a clone of the repository `npm run demo:kafka` starts them without Docker.',
  );
}
