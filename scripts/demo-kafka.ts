/**
 * Runs `cutover demo --kafka`, with what else it is given, on the servers of KAFKA_BROKERS and DATABASE_URL; where they are not set on a Kafka and a
 * PostgreSQL of the tests, which it starts and stops.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { localKafkaProblem, startLocalKafka } from '../test/parts/kafka.js';
import { localPostgresProblem, startLocalPostgres } from '../test/parts/postgres.js';

const stops: (() => Promise<void>)[] = [];

async function brokers(): Promise<string> {
  const given = process.env['KAFKA_BROKERS'] ?? '';
  if (given !== '') return given;
  const problem = await localKafkaProblem();
  if (problem !== null) throw new Error(`Kafka cannot be started here: ${problem}. Set KAFKA_BROKERS.`);
  const broker = await startLocalKafka();
  stops.push(() => broker.stop());
  return broker.brokers.join(',');
}

async function database(): Promise<string> {
  const given = process.env['DATABASE_URL'] ?? '';
  if (given !== '') return given;
  const problem = await localPostgresProblem();
  if (problem !== null) throw new Error(`PostgreSQL cannot be started here: ${problem}. Set DATABASE_URL.`);
  const server = await startLocalPostgres();
  stops.push(() => server.stop());
  return server.url;
}

// An interrupt reaches the demo too, which ends and removes what it made; the servers are stopped after it.
process.on('SIGINT', () => undefined);
try {
  const env = { ...process.env, KAFKA_BROKERS: await brokers(), DATABASE_URL: await database() };
  const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'demo', '--kafka', ...process.argv.slice(2)], { env, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  for (const stop of stops) await stop();
}
