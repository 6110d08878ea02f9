import type { WireBroker, WireRequest } from 'kafkajs/src/cluster/index.js';
import type { AbortedTransaction } from './record-batch.js';
import { WireReader, WireWriter } from './wire.js';

const FETCH = 1;
const METADATA = 3;
const READ_COMMITTED = 1;

/** Error codes of the protocol that are told apart. Source: Apache Kafka, "Protocol Guide", "Error Codes". */
export const KAFKA_ERROR = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  invalidTopic: 17,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

/** The broker answers for a topic, and says neither that it is there nor that it is not. */
class KafkaTopicError extends Error {
  override readonly name = 'KafkaTopicError';
}

function supports(broker: WireBroker, api: number, version: number): boolean {
  const range = broker.versions?.[api];
  return range !== undefined && range.minVersion <= version && version <= range.maxVersion;
}

async function send<T>(
  broker: WireBroker,
  head: Omit<WireRequest, 'encode'>,
  body: Buffer,
  read: (reader: WireReader) => T,
  timeout: number,
): Promise<T> {
  return broker.connectionPool.send({
    request: { ...head, encode: () => Promise.resolve({ buf: body, buffer: body }) },
    response: {
      decode: (payload) => Promise.resolve(read(new WireReader(payload))),
      parse: (data) => Promise.resolve(data),
    },
    requestTimeout: timeout,
    logResponseError: false,
  });
}

/**
 * The ids of topics: a topic that was deleted and created anew has another one. Null where the topic does not exist; undefined where the broker
 * is older than Kafka 3.0 and has no ids.
 */
export async function topicIds(
  broker: WireBroker,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string | null | undefined>> {
  if (!supports(broker, METADATA, 12)) return new Map(topics.map((topic) => [topic, undefined]));
  const writer = new WireWriter()
    .tags()
    .compactArray(topics, (one, topic) => one.uuid('0'.repeat(32)).compactText(topic).tags())
    .int8(0)
    .int8(0)
    .tags();
  const found = await send(
    broker,
    { apiKey: METADATA, apiVersion: 12, apiName: 'Metadata' },
    writer.done(),
    readTopicIds,
    30_000,
  );
  return new Map(topics.map((topic) => [topic, found.get(topic) ?? null]));
}

function readTopicIds(reader: WireReader): ReadonlyMap<string, string> {
  reader.tags();
  reader.int32();
  reader.compactArray(() => {
    reader.int32();
    reader.compactText();
    reader.int32();
    reader.compactText();
    reader.tags();
  });
  reader.compactText();
  reader.int32();
  const ids = new Map<string, string>();
  reader.compactArray(() => {
    const error = reader.int16();
    const name = reader.compactText();
    const id = reader.uuid();
    reader.int8();
    reader.compactArray(() => {
      reader.int16();
      reader.int32();
      reader.int32();
      reader.int32();
      for (let n = 0; n < 3; n += 1) reader.compactArray(() => reader.int32());
      reader.tags();
    });
    reader.int32();
    reader.tags();
    if (name !== null && error === KAFKA_ERROR.none) ids.set(name, id);
    else requireAbsence(name ?? id, error);
  });
  return ids;
}

/** Only the broker's word that there is no such topic counts for that: one that may not be seen, or has no leader yet, was not deleted. */
function requireAbsence(topic: string, error: number): void {
  if (error === KAFKA_ERROR.unknownTopicOrPartition || error === KAFKA_ERROR.invalidTopic) return;
  const what =
    error === KAFKA_ERROR.topicAuthorizationFailed
      ? 'this user may not see the topic (TOPIC_AUTHORIZATION_FAILED)'
      : `the broker says nothing about the topic but error ${error}`;
  throw new KafkaTopicError(`${topic}: ${what}`);
}

export interface FetchPartition {
  readonly topic: string;
  readonly topicId: string | undefined;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  /** The end of what is replicated; the end of what is decided (no open transaction before it). */
  readonly highWatermark: number;
  readonly lastStable: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly records: Buffer;
}

export interface FetchLimits {
  readonly maxWait: number;
  readonly maxBytes: number;
  readonly partitionBytes: number;
}

/**
 * Fetches committed records as the broker has them. By topic id where the broker can (Kafka 3.1 and newer), so that a topic that was created anew under
 * the same name is never taken for the former one.
 */
export async function fetchBatches(
  broker: WireBroker,
  partitions: readonly FetchPartition[],
  limits: FetchLimits,
): Promise<readonly FetchedPartition[]> {
  const byId = supports(broker, FETCH, 13) && partitions.every(({ topicId }) => topicId !== undefined);
  const topics = [...new Set(partitions.map(({ topic }) => topic))].map(
    (topic) => [topic, partitions.filter((one) => one.topic === topic)] as const,
  );
  const names = new Map(partitions.map(({ topic, topicId }) => [byId ? (topicId ?? '') : topic, topic]));
  const body = byId ? bodyById(topics, limits) : bodyByName(topics, limits);
  const read = (reader: WireReader): { error: number; fetched: FetchedPartition[] } =>
    byId ? readById(reader, names) : readByName(reader, names);
  const head = { apiKey: FETCH, apiVersion: byId ? 13 : 11, apiName: 'Fetch' };
  const { error, fetched } = await send(broker, head, body, read, limits.maxWait + 30_000);
  if (error !== KAFKA_ERROR.none) throw new Error(`the broker refuses the fetch with error ${error}`);
  return fetched;
}

type Topics = readonly (readonly [topic: string, partitions: readonly FetchPartition[]])[];

function headOf({ maxWait, maxBytes }: FetchLimits, writer: WireWriter): WireWriter {
  // No replica, at least one byte, no fetch session.
  return writer.int32(-1).int32(maxWait).int32(1).int32(maxBytes).int8(READ_COMMITTED).int32(0).int32(-1);
}

function bodyById(topics: Topics, limits: FetchLimits): Buffer {
  return headOf(limits, new WireWriter().tags())
    .compactArray(topics, (writer, [, partitions]) =>
      writer
        .uuid(partitions[0]?.topicId ?? '')
        .compactArray(partitions, (one, { partition, offset }) =>
          one.int32(partition).int32(-1).int64(offset).int32(-1).int64(-1).int32(limits.partitionBytes).tags(),
        )
        .tags(),
    )
    .compactArray([], () => undefined)
    .compactText('')
    .tags()
    .done();
}

function bodyByName(topics: Topics, limits: FetchLimits): Buffer {
  return headOf(limits, new WireWriter())
    .array(topics, (writer, [topic, partitions]) =>
      writer
        .text(topic)
        .array(partitions, (one, { partition, offset }) =>
          one.int32(partition).int32(-1).int64(offset).int64(-1).int32(limits.partitionBytes),
        ),
    )
    .array([], () => undefined)
    .text('')
    .done();
}

type Names = ReadonlyMap<string, string>;

function readById(reader: WireReader, names: Names): { error: number; fetched: FetchedPartition[] } {
  reader.tags();
  reader.int32();
  const error = reader.int16();
  reader.int32();
  const fetched = reader.compactArray(() => {
    const topic = names.get(reader.uuid()) ?? '';
    const partitions = reader.compactArray((): FetchedPartition => {
      const { partition, code, highWatermark, lastStable } = positionsOf(reader);
      const aborted = reader.compactArray(() => {
        const transaction = { producer: reader.int64(), firstOffset: reader.offset() };
        reader.tags();
        return transaction;
      });
      reader.int32();
      const records = reader.compactBytes();
      reader.tags();
      return { topic, partition, error: code, highWatermark, lastStable, aborted, records };
    });
    reader.tags();
    return partitions;
  });
  return { error, fetched: fetched.flat() };
}

function readByName(reader: WireReader, names: Names): { error: number; fetched: FetchedPartition[] } {
  reader.int32();
  const error = reader.int16();
  reader.int32();
  const fetched = reader.array(() => {
    const topic = names.get(reader.text() ?? '') ?? '';
    return reader.array((): FetchedPartition => {
      const { partition, code, highWatermark, lastStable } = positionsOf(reader);
      const aborted = reader.array(() => ({ producer: reader.int64(), firstOffset: reader.offset() }));
      reader.int32();
      return {
        topic,
        partition,
        error: code,
        highWatermark,
        lastStable,
        aborted,
        records: reader.bytes(reader.int32()),
      };
    });
  });
  return { error, fetched: fetched.flat() };
}

function positionsOf(reader: WireReader): {
  partition: number;
  code: number;
  highWatermark: number;
  lastStable: number;
} {
  const partition = reader.int32();
  const code = reader.int16();
  const highWatermark = reader.offset();
  const lastStable = reader.offset();
  reader.int64();
  return { partition, code, highWatermark, lastStable };
}
