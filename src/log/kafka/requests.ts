import type { WireBroker, WireRequest } from 'kafkajs/src/cluster/index.js';
import type { AbortedTransaction } from './record-batch.js';
import { WireReader, WireWriter } from './wire.js';

const FETCH = 1;
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

/** Whether the broker knows that version of a request. */
export function supports(broker: WireBroker, api: number, version: number): boolean {
  const range = broker.versions?.[api];
  return range !== undefined && range.minVersion <= version && version <= range.maxVersion;
}

/** Sends a request of our own over kafkajs's connection, and reads the answer. */
export async function send<T>(
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
