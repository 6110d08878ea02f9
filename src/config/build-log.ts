import path from 'node:path';
import type {
  DeclaredColumn,
  FileLogConfig,
  KafkaLogConfig,
  KafkaStart,
  KafkaTls,
  LogConfig,
} from '../model/project.js';
import type { BuildContext } from './build.js';
import { METADATA, type KafkaLogInput } from './kafka-schema.js';
import type { LogInput } from './schema.js';

/** The log's part of the project: globs and files made absolute, not expanded. */
export function buildLog(log: LogInput, context: BuildContext): LogConfig {
  return log.kind === 'kafka' ? buildKafkaLog(log, context) : buildFileLog(log, context);
}

/** Plain objects put number-like names first; the file's order is what counts. */
function columnsOf(declared: Readonly<Record<string, string>>, context: BuildContext): DeclaredColumn[] {
  const inFile = context.namesAt(['log', 'schema']).filter((name) => Object.hasOwn(declared, name));
  const names = inFile.length === Object.keys(declared).length ? inFile : Object.keys(declared);
  return names.map((name) => ({ name, type: declared[name] ?? 'text' }));
}

function buildFileLog(log: Exclude<LogInput, { kind: 'kafka' }>, context: BuildContext): FileLogConfig {
  return {
    kind: 'file',
    paths: log.path.map((glob) => path.resolve(context.root, glob)),
    ...(log.format !== undefined && { format: log.format }),
    ...(log.schema !== undefined && { schema: columnsOf(log.schema, context) }),
    ...(log.event_time !== undefined && { eventTime: log.event_time }),
  };
}

function buildKafkaLog(log: KafkaLogInput, context: BuildContext): KafkaLogConfig {
  const { registry, tls } = log;
  return {
    kind: 'kafka',
    brokers: log.brokers,
    topics: log.topics,
    group: log.group,
    format: log.format,
    ...(registry !== undefined && {
      registry: {
        url: registry.url,
        ...(registry.username !== undefined && { username: registry.username }),
        ...(registry.password !== undefined && { password: registry.password }),
      },
    }),
    schema: log.schema === undefined ? [] : columnsOf(log.schema, context),
    metadata: log.metadata ?? METADATA.filter((name) => log.format !== 'registry' || name !== '_value'),
    ...(log.event_time !== undefined && { eventTime: log.event_time }),
    start: buildStart(log.start),
    onDataLoss: log.on_data_loss,
    sessionTimeout: log.session_timeout,
    ...(tls !== undefined && tls !== false && { tls: buildTls(tls === true ? {} : tls, context.root) }),
    ...(log.sasl !== undefined && { sasl: log.sasl }),
  };
}

function buildStart(start: KafkaLogInput['start']): KafkaStart {
  if (typeof start === 'string') return { kind: start };
  if ('timestamp' in start) return { kind: 'timestamp', at: new Date(start.timestamp) };
  const offsets = Object.entries(start.offsets).flatMap(([topic, partitions]) =>
    Object.entries(partitions).map(([partition, offset]) => [`${topic}/${Number(partition)}`, offset] as const),
  );
  return { kind: 'offsets', offsets: new Map(offsets) };
}

function buildTls(tls: Exclude<KafkaLogInput['tls'], boolean | undefined>, root: string): KafkaTls {
  return {
    ...(tls.ca !== undefined && { ca: path.resolve(root, tls.ca) }),
    ...(tls.cert !== undefined && { cert: path.resolve(root, tls.cert) }),
    ...(tls.key !== undefined && { key: path.resolve(root, tls.key) }),
  };
}
