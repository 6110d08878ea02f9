import { Kafka, logLevel } from 'kafkajs';
import { unreachable } from './kafka-errors.js';

/** A topic that this process made, feeds and removes again: for the demo. cutover makes no other topic. */
export interface OwnTopic {
  /** Resolves when the brokers have all of them. */
  send(records: readonly { readonly key: string; readonly value: string }[]): Promise<void>;
  /** @param remove whether the topic goes too */
  close(remove: boolean): Promise<void>;
}

/** Errors: LOG_UNREACHABLE. */
export async function createOwnTopic(brokers: readonly string[], topic: string, partitions: number): Promise<OwnTopic> {
  const kafka = new Kafka({ clientId: 'cutover-demo', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin({ retry: { retries: 3 } });
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1 });
  try {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
    await producer.connect();
  } catch (error) {
    await Promise.all([admin.disconnect(), producer.disconnect()]).catch(() => undefined);
    throw unreachable(brokers, error);
  }
  return {
    send: async (records) => {
      await producer.send({ topic, acks: -1, messages: records.map(({ key, value }) => ({ key, value })) });
    },
    close: async (remove) => {
      try {
        if (remove) await admin.deleteTopics({ topics: [topic] });
      } finally {
        await Promise.all([admin.disconnect(), producer.disconnect()]);
      }
    },
  };
}
