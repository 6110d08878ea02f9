import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, Producer } from 'kafkajs';
import { clientOf } from './topics.js';

export const PARTITIONS = 4;

/** An event as it stands in a record's value. */
export interface FedEvent {
  readonly event_id: string;
  readonly user_id: string;
  /** Decimal text. */
  readonly amount: string;
  readonly seq: number;
}

function eventOf(seq: number): FedEvent {
  const amount = `${seq % 13}.${String(seq % 100).padStart(2, '0')}`;
  return { event_id: `e${seq}`, user_id: `u${(seq * 7) % 23}`, amount, seq };
}

type Placed = Message & { readonly partition: number };

/**
 * Records of the events [from, to), out of order: some are sent again in another partition, some again in their own with another amount (of one id the
 * first is to count), and among them stand values that are no JSON and tombstones.
 */
export function recordsOf(from: number, to: number): Placed[] {
  const records: Placed[] = [];
  for (let n = from; n < to; n++) {
    // Neighbours swap places.
    const seq = n % 2 === 0 && n + 1 < to ? n + 1 : n % 2 === 1 && n > from ? n - 1 : n;
    const event = eventOf(seq);
    const partition = seq % PARTITIONS;
    const record = (value: string | null, at = partition): Placed => ({ key: event.event_id, value, partition: at });
    records.push(record(JSON.stringify(event)));
    if (seq % 5 === 0) records.push(record(JSON.stringify(event), (partition + 1) % PARTITIONS));
    if (seq % 7 === 0) records.push(record(JSON.stringify({ ...event, amount: '999.99' })));
    if (seq % 50 === 3) records.push(record('this is no JSON'));
    if (seq % 31 === 4) records.push(record(null));
  }
  return records;
}

/** A live producer. What could not be sent is not sent again; whether a record is in the topic, the topic alone tells. */
export class Feed {
  readonly #topic: string;
  readonly #producer: Producer;
  #made = 0;
  #stopped = false;
  #running: Promise<void> | undefined;

  private constructor(topic: string, producer: Producer) {
    this.#topic = topic;
    this.#producer = producer;
  }

  static async to(brokers: readonly string[], topic: string): Promise<Feed> {
    const producer = clientOf(brokers).producer({ allowAutoTopicCreation: false, retry: { retries: 2 } });
    await producer.connect();
    return new Feed(topic, producer);
  }

  /** Sends so many further events. */
  async send(count: number): Promise<void> {
    const from = this.#made;
    this.#made += count;
    await this.#producer.send({ topic: this.#topic, acks: -1, messages: recordsOf(from, this.#made) });
  }

  /** Sends `count` events every `ms`, whatever becomes of them. */
  start(count = 20, ms = 50): void {
    this.#stopped = false;
    this.#running = (async () => {
      while (!this.#stopped) {
        await this.send(count).catch(() => undefined);
        await sleep(ms);
      }
    })();
  }

  /** Ends what `start` began. */
  async pause(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Ends with an event in each partition, so that the last record of each is one that everybody sees. */
  async finish(): Promise<void> {
    await this.pause();
    for (const end = Date.now() + 60_000; ;) {
      try {
        await this.send(2 * PARTITIONS);
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(500);
      }
    }
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#producer.disconnect().catch(() => undefined);
    await this.#running;
  }
}
