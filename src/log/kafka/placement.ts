import type Cluster from 'kafkajs/src/cluster/index.js';
import type { ClaimedPartition, Checkpoints, PartitionState } from '../contract.js';
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
  // The brokers may have taken their time: another process may have these partitions by now.
  if (!current()) return [];
  const claimed = await claimCurrent(options.checkpoints, assigned);
  const stored = await options.checkpoints.stored();
  const placed: Placed[] = [];
  for (const { source, state } of claimed) {
    const topicId = ids.get(source.topic) ?? undefined;
    const before = readPosition(state.position, state.name);
    const anew = before !== null && before.topicId !== null && topicId !== undefined && before.topicId !== topicId;
    const position = writePosition({ topicId: topicId ?? before?.topicId ?? null });
    const start = before === null ? await startOf(options, source, state, stored) : state.nextOffset;
    const reader = new PartitionReader(source, state, topicId, position, start);
    if (start !== state.nextOffset) reader.leap({ to: start, lost: null, position });
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
async function claimCurrent(checkpoints: Checkpoints, assigned: readonly TopicPartition[]): Promise<Current[]> {
  const current: Current[] = [];
  let open = assigned;
  for (let generation = 1; open.length > 0; generation += 1) {
    const states = await checkpoints.claim(open.map((source) => partitionName(source, generation)));
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

/** Where a partition begins that was never read. */
async function startOf(
  { config, cluster, logger }: PlacementOptions,
  source: TopicPartition,
  state: ClaimedPartition,
  stored: readonly PartitionState[],
): Promise<number> {
  const former = stored.flatMap(({ name, position }): KafkaPosition[] => {
    const ended = name === state.name ? null : readPosition(position, name);
    return ended !== null &&
      state.name.startsWith(`${partitionName(source)}#`) &&
      name.startsWith(partitionName(source))
      ? [ended]
      : [];
  });
  const goesOn = former.findLast(({ ended }) => ended !== undefined)?.ended?.start;
  if (goesOn !== undefined) return goesOn;
  const earliest = (await offsetsOf(cluster, source, { fromBeginning: true })) ?? 0;
  // A partition that was added to a topic which is read already holds nothing that anybody wanted to skip.
  const added = stored.some(({ name, position }) => name.startsWith(`${source.topic}/`) && position !== '');
  const wanted = added ? earliest : await configuredStart(config, cluster, source, earliest);
  if (wanted > 0) logger.info({ partition: state.name, offset: wanted }, 'this partition is read from here on');
  return wanted;
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
