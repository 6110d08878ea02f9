import type { FedEvent } from './e2e-feed.js';
import { clientOf, withAdmin } from './topics.js';

export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string | null;
}

/** The exclusive end offset of each partition. */
export async function endsOf(brokers: readonly string[], topic: string): Promise<ReadonlyMap<number, number>> {
  const ends = await withAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic));
  return new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
}

/**
 * All committed records of a topic in order of partition and offset, read by a consumer that has nothing to do with the product.
 *
 * @param ends where to stop; the last record before each end must be one that a consumer gets to see
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  ends: ReadonlyMap<number, number>,
): Promise<TopicRecord[]> {
  const read: TopicRecord[] = [];
  const open = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  const consumer = clientOf(brokers).consumer({ groupId: `verifier-${topic}-${Date.now()}`, readUncommitted: false });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the verifier did not come to the end of the topic')), 60_000);
      consumer
        .run({
          eachMessage: ({ partition, message: { offset, value } }) => {
            read.push({ partition, offset: Number(offset), value: value?.toString() ?? null });
            if (Number(offset) + 1 === ends.get(partition)) open.delete(partition);
            if (open.size === 0) {
              clearTimeout(late);
              resolve();
            }
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return read.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function eventIn(value: string | null): FedEvent | null {
  try {
    return JSON.parse(value ?? '') as FedEvent;
  } catch {
    return null;
  }
}

/** Hundredths, exactly. */
const cents = (amount: string): bigint => BigInt(amount.replace('.', ''));
const decimal = (hundredths: bigint): string => {
  const digits = String(hundredths).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/** The rows that both sides' tables must have, as texts: of each id the first event in a partition (copies in other partitions are the same). */
export function tablesOf(records: readonly TopicRecord[]): Readonly<Record<string, readonly string[]>> {
  const first = new Map<string, FedEvent>();
  for (const { value } of records) {
    const event = eventIn(value);
    if (event !== null && !first.has(event.event_id)) first.set(event.event_id, event);
  }
  const users = new Map<string, { events: number; total: bigint; newest: number }>();
  for (const { user_id, amount, seq } of first.values()) {
    const { events, total, newest } = users.get(user_id) ?? { events: 0, total: 0n, newest: -1 };
    users.set(user_id, { events: events + 1, total: total + cents(amount), newest: Math.max(newest, seq) });
  }
  return {
    first_events: [...first.values()]
      .map(({ event_id, user_id, amount, seq }) => [event_id, user_id, amount, seq].join(' '))
      .sort(),
    user_totals: [...users]
      .map(([user, { events, total, newest }]) => [user, events, decimal(total), newest].join(' '))
      .sort(),
  };
}
