import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { freePort, ServerProcess, type Part } from './process.js';

const run = promisify(execFile);

const VERSION = '4.3.1';

/** The jars stay between runs. */
const CACHE = fileURLToPath(new URL(`../../.cache/kafka-${VERSION}/`, import.meta.url));

export interface KafkaPart extends Part {
  readonly brokers: readonly string[];
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>cutover</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency></dependencies>
</project>
`;

/** Brings the jars of Apache Kafka into the cache, once. */
async function jars(): Promise<string> {
  const lib = join(CACHE, 'lib');
  if ((await readdir(lib).catch(() => [])).length > 20) return lib;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'fetch-'));
  await writeFile(join(folder, 'pom.xml'), POM);
  await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`], {
    cwd: folder,
  });
  // Whole or not at all: another process may be at it too.
  await rename(join(folder, 'lib'), lib).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  return lib;
}

/** Whether a broker can be started here; else why not. */
export async function localKafkaProblem(): Promise<string | null> {
  const java = await run('java', ['-version']).then(
    ({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0),
    () => 0,
  );
  if (java < 17) return 'there is no Java 17 or newer';
  const cached = (await readdir(join(CACHE, 'lib')).catch(() => [])).length > 20;
  const maven =
    cached ||
    (await run('mvn', ['-v']).then(
      () => true,
      () => false,
    ));
  return maven ? null : 'there is no Maven to fetch Apache Kafka with';
}

export interface BrokerSettings {
  /** Listeners besides the plain one: ports by protocol, such as SASL_SSL. */
  readonly listeners?: Readonly<Record<string, number>>;
  /** Users of SCRAM, such as SCRAM-SHA-256=[name=me,password=secret]. */
  readonly scram?: readonly string[];
}

/** One broker (KRaft) on free ports, with its data in a temporary folder. */
export async function startLocalKafka(
  settings: Readonly<Record<string, string>> = {},
  { listeners = {}, scram = [] }: BrokerSettings = {},
): Promise<KafkaPart> {
  const lib = await jars();
  const root = await mkdtemp(join(tmpdir(), 'cutover-kafka-'));
  const [port, controller] = [await freePort(), await freePort()];
  const others = Object.entries(listeners);
  const addresses = others.map(([protocol, at]) => `,${protocol}://127.0.0.1:${at}`).join('');
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${addresses}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${addresses}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT']
      .concat(others.map(([protocol]) => `${protocol}:${protocol}`))
      .join(','),
    'log.dirs': join(root, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.retention.check.interval.ms': '1000',
    ...settings,
  };
  const file = join(root, 'server.properties');
  await writeFile(
    file,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const classpath = join(lib, '*');
  const quiet = join(root, 'log4j2.yaml');
  await writeFile(quiet, 'Configuration:\n  status: "OFF"\n  Loggers:\n    Root:\n      level: "OFF"\n');
  const java = ['-Xmx512m', '-Xms256m', `-Dlog4j2.configurationFile=${quiet}`, '-cp', classpath];
  const id = Buffer.from(root.padEnd(16).slice(-16)).toString('base64url');
  const users = scram.flatMap((user) => ['--add-scram', user]);
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file, ...users]);
  const brokers = [`127.0.0.1:${port}`];
  const server = new ServerProcess();
  const start = (): Promise<void> =>
    server.start({ command: 'java', args: [...java, 'kafka.Kafka', file] }, () => kafkaAnswers(brokers));
  await start();
  return {
    brokers,
    kill: () => server.signal('SIGKILL'),
    restart: start,
    pause: () => void server.signal('SIGSTOP'),
    resume: () => void server.signal('SIGCONT'),
    stop: async () => {
      await server.signal('SIGKILL');
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Whether a broker that can lead partitions answers. */
export async function kafkaAnswers(brokers: readonly string[]): Promise<boolean> {
  const admin = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    connectionTimeout: 1000,
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
