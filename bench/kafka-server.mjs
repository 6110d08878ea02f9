/** A broker for a bench: those of KAFKA_BROKERS, else one of its own that the tests' parts start. */
import { createJiti } from 'jiti';
import { Kafka, logLevel } from 'kafkajs';

export async function withBrokers(work) {
  const given = process.env.KAFKA_BROKERS ?? '';
  if (given !== '') return work(given.split(',').map((broker) => broker.trim()));
  const parts = await createJiti(import.meta.url).import('../test/parts/kafka.ts');
  const server = await parts.startLocalKafka({ 'log.retention.check.interval.ms': '300000' });
  try {
    return await work([...server.brokers]);
  } finally {
    await server.stop();
  }
}

export function client(brokers) {
  return new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.ERROR });
}

const PARTITIONS = 4;
const TYPES = ['view', 'click', 'cart', 'purchase', 'refund'];
const BATCH = 10_000;

/** Record `i`, of the kind that the medallion template reads: 90 days, five types, 10,000 users. */
function record(i) {
  // Multiplied by a prime, so that neighbours fall on different days and users; nothing is random.
  const n = (i * 7919) % 777_600_000;
  const time = new Date(Date.UTC(2026, 0, 1) + n * 10).toISOString();
  const amount = ((i * 31) % 100_000) / 100;
  return {
    key: `u${(i * 131) % 10_000}`,
    partition: i % PARTITIONS,
    value: `{"event_id":"e${i}","user_id":"u${(i * 131) % 10_000}","event_type":"${TYPES[i % 5]}","amount":${amount.toFixed(2)},"timestamp":"${time}"}`,
  };
}

/** A new topic of four partitions. Returns its name. */
export async function newTopic(brokers) {
  const topic = `bench-${process.pid}`;
  const admin = client(brokers).admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  await admin.disconnect();
  return topic;
}

/** Sends the records from the `from`-th up to the `to`-th. */
export async function fill(brokers, topic, from, to) {
  const producer = client(brokers).producer({ maxInFlightRequests: 1 });
  await producer.connect();
  for (let at = from; at < to; at += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, to - at) }, (_, i) => record(at + i));
    await producer.send({ topic, messages, acks: -1 });
  }
  await producer.disconnect();
}

export async function deleteTopic(brokers, topic) {
  const admin = client(brokers).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}
