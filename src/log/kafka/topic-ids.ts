import type { WireBroker } from 'kafkajs/src/cluster/index.js';
import { KAFKA_ERROR, send, supports } from './requests.js';
import { WireWriter, type WireReader } from './wire.js';

const METADATA = 3;

/** The broker answers for a topic, and says neither that it is there nor that it is not. */
class KafkaTopicError extends Error {
  override readonly name = 'KafkaTopicError';
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
