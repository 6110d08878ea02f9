import type { KafkaLogConfig } from '../../model/project.js';
import type { Connection } from './connect.js';
import { topicMissing, unreachable } from './kafka-errors.js';
import { topicIds } from './topic-ids.js';

/** Connects, and gives the cluster's id. Errors: LOG_UNREACHABLE, LOG_TOPIC_MISSING. */
export async function lookAtCluster({ cluster }: Connection, { brokers, topics }: KafkaLogConfig): Promise<string> {
  try {
    await cluster.connect();
    await cluster.addMultipleTargetTopics([]);
    await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const ids = await topicIds(broker, topics);
    const missing = topics.filter((topic) => ids.get(topic) === null);
    if (missing.length > 0) throw topicMissing(missing);
    await cluster.addMultipleTargetTopics(topics).catch((error: unknown) => {
      // Brokers without topic ids say it only here.
      throw error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'
        ? topicMissing(topics)
        : error;
    });
    return (await broker.metadata([])).clusterId ?? brokers.join(',');
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('Kafka')) throw unreachable(brokers, error);
    throw error;
  }
}
