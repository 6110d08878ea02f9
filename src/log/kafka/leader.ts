import type Cluster from 'kafkajs/src/cluster/index.js';
import type { TopicPartition } from './position.js';

/** The broker that leads a partition, by what is known of the cluster; null: nothing is, as after all brokers were away, or it has none now. */
export function leaderOf(cluster: Cluster, { topic, partition }: TopicPartition): string | null {
  try {
    const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    return found === undefined || found.leader === null || found.leader < 0 ? null : String(found.leader);
  } catch {
    return null;
  }
}
