import type Cluster from 'kafkajs/src/cluster/index.js';
import type { PartitionProgress, PartitionState } from '../contract.js';
import type { KafkaLogConfig } from '../../model/project.js';
import { unreachable } from './kafka-errors.js';
import type { PartitionReader } from './partition-reader.js';
import { offsetsOf } from './placement.js';
import { partitionName, readPosition, sourceOf, type TopicPartition } from './position.js';

/** What a reader knows without asking. */
export function progressOf(reader: PartitionReader, now: number): PartitionProgress {
  return {
    name: reader.name,
    committed: reader.committed,
    end: reader.lastStable ?? null,
    idle: reader.arrivedAt === undefined ? null : now - reader.arrivedAt,
  };
}

/** Asks the brokers for the ends of all partitions, as a reader of committed records sees them. Errors: LOG_UNREACHABLE. */
export async function measurePartitions(
  { brokers, topics }: KafkaLogConfig,
  cluster: Cluster,
  known: readonly PartitionState[],
): Promise<readonly PartitionProgress[]> {
  try {
    await cluster.refreshMetadata();
    const measured: PartitionProgress[] = [];
    for (const topic of topics) {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      for (const partition of partitions.sort((a, b) => a - b))
        measured.push(await measureOne(cluster, { topic, partition }, known));
    }
    return measured;
  } catch (error) {
    throw unreachable(brokers, error);
  }
}

async function measureOne(
  cluster: Cluster,
  source: TopicPartition,
  known: readonly PartitionState[],
): Promise<PartitionProgress> {
  const current = known.find(
    ({ name, position }) =>
      partitionName(sourceOf(name)) === partitionName(source) &&
      position !== '' &&
      readPosition(position, name)?.ended === undefined,
  );
  const committed = current?.nextOffset ?? (await offsetsOf(cluster, source, { fromBeginning: true })) ?? 0;
  const end = (await offsetsOf(cluster, source, { fromBeginning: false })) ?? null;
  return { name: current?.name ?? partitionName(source), committed, end, idle: null };
}
