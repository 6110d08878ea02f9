import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Admin, type Message, type Producer } from 'kafkajs';

let topics = 0;

/** A name that no other test has. */
export function topicName(): string {
  return `t-${process.pid}-${(topics += 1)}-${Math.random().toString(36).slice(2, 8)}`;
}

export function clientOf(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 20, maxRetryTime: 1000 } });
}

/** Runs `work` with an administrator of the cluster. */
export async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Metadata takes a moment to spread, and a broker another to serve the partitions that it leads: a producer that comes before that tries again, with all
 * partitions of its request, and some records would be there twice.
 */
async function untilLed(admin: Admin, topic: string, partitions: number): Promise<void> {
  for (const end = Date.now() + 60_000; ;) {
    const found = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
    const known = found?.topics.find(({ name }) => name === topic)?.partitions ?? [];
    const led = known.length === partitions && known.every(({ leader, isr }) => leader >= 0 && isr.length > 0);
    const served = led ? await admin.fetchTopicOffsets(topic).catch(() => []) : [];
    if (served.length === partitions) return;
    if (Date.now() > end) throw new Error(`${topic} has no leaders after a minute`);
    await sleep(100);
  }
}

export async function createTopic(
  brokers: readonly string[],
  numPartitions: number,
  topic = topicName(),
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  // Tests send records of any time: none is to be too old.
  const configEntries = Object.entries({ 'retention.ms': '-1', ...settings }).map(([name, value]) => ({ name, value }));
  await withAdmin(brokers, async (admin) => {
    const topics = [{ topic, numPartitions, configEntries }];
    if (!(await admin.createTopics({ topics, waitForLeaders: false }))) throw new Error(`${topic} is there already`);
    await untilLed(admin, topic, numPartitions);
  });
  return topic;
}

/** Runs `work` with a producer. */
export async function withProducer<T>(
  brokers: readonly string[],
  work: (producer: Producer) => Promise<T>,
  options: Parameters<Kafka['producer']>[0] = {},
): Promise<T> {
  const producer = clientOf(brokers).producer({ allowAutoTopicCreation: false, ...options });
  await producer.connect();
  try {
    return await work(producer);
  } finally {
    await producer.disconnect();
  }
}

/** Sends records one after the other, all of them acknowledged. */
export function send(brokers: readonly string[], topic: string, messages: readonly Message[]): Promise<unknown> {
  return withProducer(brokers, (producer) => producer.send({ topic, acks: -1, messages: [...messages] }));
}

/** Deletes the records of partition 0 below an offset, as retention would. */
export async function deleteBefore(brokers: readonly string[], topic: string, offset: number): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    // kafkajs asks for no metadata by itself here.
    await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  });
}

/** Deletes a topic and creates one of the same name. */
export async function recreateTopic(brokers: readonly string[], topic: string): Promise<void> {
  await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
  for (;;) {
    await sleep(200);
    const created = await createTopic(brokers, 1, topic).then(
      () => true,
      () => false,
    );
    if (created) return;
  }
}
