import type Cluster from 'kafkajs/src/cluster/index.js';
import type { ClaimedPartition, Checkpoints, PartitionStart, PartitionState } from '../contract.js';
import type { Logger } from '../../model/ports.js';
import type { KafkaLogConfig } from '../../model/project.js';
import { PartitionReader } from './partition-reader.js';
import { partitionName, readPosition, writePosition, type KafkaPosition, type TopicPartition } from './position.js';
import { topicIds } from './topic-ids.js';

export interface PlacementOptions {
  readonly config: KafkaLogConfig;
  readonly cluster: Cluster;
  readonly checkpoints: Checkpoints;
  readonly logger: Logger;
  /** A bounded run ends where the log ends when the partition is taken over. */
  readonly bounded: boolean;
}

/** A reader, or what keeps its partition from being read. */
export interface Placed {
  readonly reader: PartitionReader;
  /** The topic is not the one that was read before. */
  readonly anew: boolean;
}

/**
 * Claims partitions in the store and places a reader at each where the store stands: the group's own offsets count for nothing.
 * Errors: those of the store; those of the network.
 *
 * @param current whether they are still this process's: else none is claimed
 */
export async function placeReaders(
  options: PlacementOptions,
  assigned: readonly TopicPartition[],
  current: () => boolean,
): Promise<readonly Placed[]> {
  const { cluster } = options;
  await cluster.refreshMetadata();
  const ids = await topicIds(await cluster.findControllerBroker(), [...new Set(assigned.map(({ topic }) => topic))]);
  const starts = await startsOf(options, [...ids.keys()], ids, await options.checkpoints.stored());
  // The brokers may have taken their time: another process may have these partitions by now.
  if (!current()) return [];
  const claimed = await claimCurrent(options.checkpoints, assigned, starts);
  const stored = await options.checkpoints.stored();
  const placed: Placed[] = [];
  for (const { source, state } of claimed) {
    const topicId = ids.get(source.topic) ?? undefined;
    const before = readPosition(state.position, state.name);
    const anew = before !== null && before.topicId !== null && topicId !== undefined && before.topicId !== topicId;
    const position = writePosition({ topicId: topicId ?? before?.topicId ?? null });
    const start = before === null ? goesOnAt(source, state, stored) : state.nextOffset;
    const reader = new PartitionReader(source, state, topicId, position, start);
    if (start !== state.nextOffset) reader.leap({ to: start, lost: null, position });
    if (start > 0 && (before === null || starts.some(({ name }) => name === state.name)))
      options.logger.info({ partition: state.name, offset: start }, 'this partition is read from here on');
    if (options.bounded)
      reader.bound = Math.max(start, (await offsetsOf(cluster, source, { fromBeginning: false })) ?? 0);
    placed.push({ reader, anew });
  }
  return placed;
}

interface Current {
  readonly source: TopicPartition;
  readonly state: ClaimedPartition;
}

/** Claims the generation of each partition that is read now; those that ended before it are claimed too, which harms nothing. */
async function claimCurrent(
  checkpoints: Checkpoints,
  assigned: readonly TopicPartition[],
  starts: readonly PartitionStart[],
): Promise<Current[]> {
  const current: Current[] = [];
  let open = assigned;
  for (let generation = 1; open.length > 0; generation += 1) {
    const names = open.map((source) => partitionName(source, generation));
    const states = await checkpoints.claim(names, generation === 1 ? starts : []);
    const next: TopicPartition[] = [];
    for (const source of open) {
      const name = partitionName(source, generation);
      const state = states.find((one) => one.name === name);
      if (state === undefined) throw new Error(`no claim of ${name}`);
      if (readPosition(state.position, name)?.ended === undefined) current.push({ source, state });
      else next.push(source);
    }
    open = next;
  }
  return current;
}

/**
 * Where the partitions of topics begin of which the store has nothing yet. All of a topic's, whoever has them: one that comes later was added to it, and is told by that.
 */
async function startsOf(
  { config, cluster }: PlacementOptions,
  topics: readonly string[],
  ids: ReadonlyMap<string, string | null | undefined>,
  stored: readonly PartitionState[],
): Promise<readonly PartitionStart[]> {
  const starts: PartitionStart[] = [];
  for (const topic of topics) {
    const read = stored.filter(({ name, position }) => name.startsWith(`${topic}/`) && position !== '');
    for (const { partitionId: partition } of cluster.findTopicPartitionMetadata(topic)) {
      const source = { topic, partition };
      const name = partitionName(source);
      if (read.some((state) => state.name === name)) continue;
      const earliest = (await offsetsOf(cluster, source, { fromBeginning: true })) ?? 0;
      // A partition that was added to a topic which is read already holds nothing that anybody wanted to skip.
      const nextOffset = read.length > 0 ? earliest : await configuredStart(config, cluster, source, earliest);
      starts.push({ name, nextOffset, position: writePosition({ topicId: ids.get(topic) ?? null }) });
    }
  }
  return starts;
}

/** Where a generation begins of which nothing is stored: what ended the former one says it. */
function goesOnAt(source: TopicPartition, state: ClaimedPartition, stored: readonly PartitionState[]): number {
  const former = stored.flatMap(({ name, position }): KafkaPosition[] => {
    const ended = name === state.name ? null : readPosition(position, name);
    return ended !== null &&
      state.name.startsWith(`${partitionName(source)}#`) &&
      name.startsWith(partitionName(source))
      ? [ended]
      : [];
  });
  return former.findLast(({ ended }) => ended !== undefined)?.ended?.start ?? state.nextOffset;
}

async function configuredStart(
  { start }: KafkaLogConfig,
  cluster: Cluster,
  source: TopicPartition,
  earliest: number,
): Promise<number> {
  const latest = async (): Promise<number> => (await offsetsOf(cluster, source, { fromBeginning: false })) ?? earliest;
  switch (start.kind) {
    case 'earliest':
      return earliest;
    case 'latest':
      return latest();
    case 'timestamp':
      return (await offsetsOf(cluster, source, { fromTimestamp: start.at.getTime() })) ?? latest();
    case 'offsets':
      return start.offsets.get(partitionName(source)) ?? earliest;
  }
}

/** The offset at one end of a partition, or of the first record at or after a moment; undefined where there is none. */
export async function offsetsOf(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  which: { readonly fromBeginning: boolean } | { readonly fromTimestamp: number },
): Promise<number | undefined> {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], ...which }]);
  const offset = Number(found?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
  return offset < 0 ? undefined : offset;
}
