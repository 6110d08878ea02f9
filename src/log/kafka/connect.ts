import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import type { Logger } from '../../model/ports.js';
import type { KafkaLogConfig, KafkaTls } from '../../model/project.js';
import { certificateUnreadable } from './kafka-errors.js';

const CLIENT_ID = 'cutover';
/** kafkajs's default of one second is too short for a broker that is at work. */
const CONNECTION_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;
/** From when on topics are looked at again: new partitions, other leaders. */
export const METADATA_AGE = 30_000;
const READ_COMMITTED = 1;

/** The two ways into a cluster: membership in the group goes by kafkajs, reading by its wire layer. */
export interface Connection {
  readonly kafka: Kafka;
  readonly cluster: Cluster;
}

/** Nothing is connected yet. Errors: LOG_UNREACHABLE when a certificate cannot be read. */
export async function connectionOf(config: KafkaLogConfig, logger: Logger): Promise<Connection> {
  const ssl = config.tls === undefined ? undefined : await tlsOf(config.tls);
  const sasl = config.sasl === undefined ? undefined : (config.sasl as SASLOptions);
  const createSocket = createSocketFactory();
  const socketFactory: typeof createSocket = (options) => {
    // Each waiting request of kafkajs listens once while a connection is made: no leak, and no warning for the user.
    return createSocket(options).setMaxListeners(0);
  };
  const retry = { retries: 2, initialRetryTime: 200, maxRetryTime: 2000 };
  const settings: KafkaConfig = {
    clientId: CLIENT_ID,
    brokers: [...config.brokers],
    connectionTimeout: CONNECTION_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    retry,
    socketFactory,
    logLevel: logLevel.WARN,
    // What matters is said by cutover itself; kafkajs reports each failed try.
    logCreator:
      () =>
      ({ namespace, log: { message } }) =>
        logger.debug({ from: `kafkajs ${namespace}` }, message),
  };
  const kafka = new Kafka(settings);
  const cluster = new Cluster({
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    logger: kafka.logger(),
    socketFactory,
    brokers: config.brokers,
    clientId: CLIENT_ID,
    connectionTimeout: CONNECTION_TIMEOUT,
    authenticationTimeout: CONNECTION_TIMEOUT,
    reauthenticationThreshold: CONNECTION_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_AGE,
    retry,
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
  });
  return { kafka, cluster };
}

async function tlsOf(tls: KafkaTls): Promise<ConnectionOptions> {
  const options: ConnectionOptions = {};
  for (const which of ['ca', 'cert', 'key'] as const) {
    const path = tls[which];
    if (path === undefined) continue;
    options[which] = await readFile(path).catch((error: unknown) => {
      throw certificateUnreadable(which, error);
    });
  }
  return options;
}
