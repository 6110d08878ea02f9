import { CutoverError } from '../../model/errors.js';

/** What the store keeps of a partition besides its offset. */
export interface KafkaPosition {
  /** The topic's id; null from a broker without ids. */
  readonly topicId: string | null;
  /** Set when the partition's offsets began anew: the next one of its generations goes on, from `start`. */
  readonly ended?: { readonly start: number };
}

export function writePosition(position: KafkaPosition): string {
  return JSON.stringify({
    kind: 'kafka',
    topic_id: position.topicId,
    ...(position.ended && { ended: position.ended }),
  });
}

/** @returns null for a partition that was never read */
export function readPosition(text: string, name: string): KafkaPosition | null {
  if (text === '') return null;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'kafka')
    throw new CutoverError(
      'INTERNAL',
      `the stored position of ${name} is not one of Kafka`,
      'Please report this defect.',
    );
  const topicId = 'topic_id' in value && typeof value.topic_id === 'string' ? value.topic_id : null;
  const ended = 'ended' in value ? value.ended : undefined;
  const start = typeof ended === 'object' && ended !== null && 'start' in ended ? Number(ended.start) : undefined;
  return { topicId, ...(start !== undefined && { ended: { start } }) };
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The store's name of a partition: `topic/3`. When its offsets began anew (the topic was created anew, or its end was cut off) what comes is another sequence
 * of events with the same offsets: it becomes a partition of its own, `topic/3#2`.
 */
export function partitionName({ topic, partition }: TopicPartition, generation = 1): string {
  return `${topic}/${partition}${generation === 1 ? '' : `#${generation}`}`;
}

/** The partition behind the store's name, of whichever generation. */
export function sourceOf(name: string): TopicPartition {
  const [, topic, partition] = /^(.*)\/(\d+)(?:#\d+)?$/.exec(name) ?? [];
  if (topic === undefined) throw new Error(`${name} names no partition`);
  return { topic, partition: Number(partition) };
}
