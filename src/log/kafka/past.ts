import type Cluster from 'kafkajs/src/cluster/index.js';
import type { PartitionState } from '../contract.js';
import { CutoverError } from '../../model/errors.js';
import type { Clock } from '../../model/ports.js';
import type { KafkaLogConfig } from '../../model/project.js';
import { damaged, unreachable } from './kafka-errors.js';
import { leaderOf } from './leader.js';
import { PartitionReader } from './partition-reader.js';
import { readPosition, sourceOf } from './position.js';
import { committedOnly, recordBatches, recordsOf, type KafkaRecord, type RecordBatch } from './record-batch.js';
import { fetchBatches, KAFKA_ERROR, type FetchedPartition } from './requests.js';
import { topicIds } from './topic-ids.js';

export interface PastOptions {
  readonly config: KafkaLogConfig;
  readonly cluster: Cluster;
  readonly clock: Clock;
}

const LIMITS = { maxWait: 500, maxBytes: 8 * 1024 * 1024, partitionBytes: 2 * 1024 * 1024 };
const TRIES = 20;
/** Answers without a record before the end counts as reached; fewer than `TRIES`. */
const EMPTY_TRIES = 6;
const RETRY_MS = 500;

/**
 * Reads a part of a partition again that the store has already: by single fetches, outside the group, and only from the topic that it was read from. Nothing
 * of it is fetched while nobody asks.
 */
export class Past {
  readonly #options: PastOptions;
  readonly #reader: PartitionReader;
  #decoded: { readonly batch: RecordBatch; readonly records: readonly KafkaRecord[] } | undefined;

  private constructor(options: PastOptions, reader: PartitionReader) {
    this.#options = options;
    this.#reader = reader;
  }

  /**
   * From an offset on; null when that sequence of offsets is in Kafka no longer (the topic was deleted or created anew, or its end was cut off).
   * Errors: LOG_UNREACHABLE.
   */
  static async open(options: PastOptions, state: PartitionState, from: number): Promise<Past | null> {
    const source = sourceOf(state.name);
    const position = readPosition(state.position, state.name);
    if (position === null || position.ended !== undefined || !options.config.topics.includes(source.topic)) return null;
    const id = await trying(options, async () => {
      await options.cluster.refreshMetadata();
      const ids = await topicIds(await options.cluster.findControllerBroker(), [source.topic]);
      return { done: ids.get(source.topic) };
    });
    if (id === null || (id !== undefined && position.topicId !== null && id !== position.topicId)) return null;
    return new Past(options, new PartitionReader(source, { ...state, nextOffset: from, epoch: 0 }, id, state.position));
  }

  #empty = 0;

  get reader(): PartitionReader {
    return this.#reader;
  }

  /**
   * Fills the reader with what comes before `bound`, as far as memory goes. False when that is no longer there.
   * Errors: LOG_UNREACHABLE, LOG_UNREADABLE.
   */
  async fill(bound: number): Promise<boolean> {
    this.#reader.bound = bound;
    while (this.#reader.hasRoom) if (!(await this.#fetch())) return false;
    return true;
  }

  /** The next record, of an offset beyond the former one's; null when it is no longer there. Errors: as `fill`. */
  async at(offset: number): Promise<KafkaRecord | null> {
    this.#reader.moved(offset, this.#now());
    if (this.#reader.batches.length === 0 && !(await this.#fetch())) return null;
    const [batch] = this.#reader.batches;
    if (batch === undefined) return null;
    if (this.#decoded?.batch !== batch) {
      const records = await recordsOf(batch).catch((error: unknown) => {
        throw damaged(this.#reader.name, error);
      });
      this.#decoded = { batch, records };
    }
    return this.#decoded.records.find((record) => record.offset === offset) ?? null;
  }

  /** Whether there was more. */
  async #fetch(): Promise<boolean> {
    const { source, topicId, fetchFrom } = this.#reader;
    return trying(this.#options, async () => {
      const leader = leaderOf(this.#options.cluster, source);
      if (leader === null) return null;
      const broker = await this.#options.cluster.findBroker({ nodeId: leader });
      const [fetched] = await fetchBatches(broker, [{ ...source, topicId, offset: fetchFrom }], LIMITS);
      return fetched === undefined ? null : this.#taken(fetched, fetchFrom);
    });
  }

  #taken(fetched: FetchedPartition, from: number): { readonly done: boolean } | null {
    switch (fetched.error) {
      case KAFKA_ERROR.none:
        try {
          this.#reader.add(from, committedOnly(recordBatches(fetched.records), fetched.aborted), this.#now());
        } catch (error) {
          throw damaged(this.#reader.name, error);
        }
        if (this.#reader.fetchFrom > from) {
          this.#empty = 0;
          return { done: true };
        }
        // Nothing, and yet not the end: a broker may say so for a moment. When it stays so, the rest was compacted away.
        this.#empty += 1;
        return from < fetched.lastStable && this.#empty < EMPTY_TRIES ? null : { done: false };
      case KAFKA_ERROR.offsetOutOfRange:
      case KAFKA_ERROR.unknownTopicId:
      case KAFKA_ERROR.inconsistentTopicId:
        return { done: false };
      case KAFKA_ERROR.topicAuthorizationFailed:
        throw damaged(this.#reader.name, new Error('this user may not read the topic (TOPIC_AUTHORIZATION_FAILED)'));
      default:
        return null;
    }
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }
}

/** Tries until there is an answer: brokers go away for a moment, and partitions change their leaders. Errors: LOG_UNREACHABLE. */
async function trying<T>(
  { cluster, clock, config }: PastOptions,
  work: () => Promise<{ readonly done: T } | null>,
): Promise<T> {
  let failure: unknown = new Error('no broker leads the partition');
  for (let n = 0; n < TRIES; n += 1) {
    try {
      const answer = await work();
      if (answer !== null) return answer.done;
    } catch (error) {
      if (error instanceof CutoverError) throw error;
      failure = error;
    }
    await clock.sleep(RETRY_MS);
    await cluster.refreshMetadata().catch(() => undefined);
  }
  throw unreachable(config.brokers, failure);
}
