import type { WireBroker } from 'kafkajs/src/cluster/index.js';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { messageOf } from '../../model/errors.js';
import type { Clock, Logger } from '../../model/ports.js';
import { METADATA_AGE } from './connect.js';
import { leaderOf } from './leader.js';
import type { PartitionReader } from './partition-reader.js';
import { committedOnly, recordBatches } from './record-batch.js';
import { fetchBatches, KAFKA_ERROR, type FetchedPartition } from './requests.js';

/** Bytes of all partitions together that wait in memory, as they came over the wire. Beyond it nothing is fetched: the store is behind. */
const BUFFER_BYTES = 32 * 1024 * 1024;

const LIMITS = { maxWait: 500, maxBytes: 8 * 1024 * 1024, partitionBytes: 2 * 1024 * 1024 };
const IDLE_MS = 50;
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 4000;
const LEADERS_MS = 1000;

export interface FetcherOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The partitions that are this process's now. */
  readonly readers: () => readonly PartitionReader[];
  /** Something was fetched, or is known to have ended. */
  readonly onFetched: () => void;
  /** The broker will not give these offsets. */
  readonly onOutOfRange: (reader: PartitionReader) => Promise<void>;
  /** The broker does not know this topic, or knows another one by its name. */
  readonly onMissing: (reader: PartitionReader) => Promise<void>;
  /** What no second try mends. */
  readonly onDamaged: (reader: PartitionReader, error: unknown) => void;
}

/** Fetches ahead of the store, one request at a time from each broker, for as long as there is room. */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #stop = new AbortController();
  readonly #loops = new Map<string, Promise<void>>();
  #watch: Promise<void> | undefined;
  #unreachableSince: number | undefined;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Since when no broker answered (milliseconds of the clock); undefined while they do. */
  get unreachableSince(): number | undefined {
    return this.#unreachableSince;
  }

  /** Begins, also with brokers that joined the cluster since. */
  start(): void {
    this.#watch ??= this.#watchLeaders();
    for (const node of this.#options.cluster.getNodeIds()) {
      if (!this.#loops.has(node)) this.#loops.set(node, this.#loop(node));
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#loops.values(), this.#watch]);
  }

  /** Asks who leads the partitions, from time to time, and soon when one of them has no leader. */
  async #watchLeaders(): Promise<void> {
    const { clock, cluster, readers } = this.#options;
    const { signal } = this.#stop;
    let askedAt = clock.now().getTime();
    while (!signal.aborted) {
      await clock.sleep(LEADERS_MS, signal);
      const nodes = new Set(cluster.getNodeIds());
      const orphaned = readers().some(({ source }) => !nodes.has(leaderOf(cluster, source) ?? ''));
      // While nobody answers, the loops try, more and more slowly.
      if (signal.aborted || this.#unreachableSince !== undefined) continue;
      if (!orphaned && clock.now().getTime() - askedAt < METADATA_AGE) continue;
      askedAt = clock.now().getTime();
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    await this.#options.cluster.refreshMetadata().catch(() => undefined);
    if (!this.#stop.signal.aborted) this.start();
  }

  async #loop(node: string): Promise<void> {
    const { clock, cluster } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const wanted = this.#wantedFrom(node);
      if (wanted.length === 0) {
        await clock.sleep(IDLE_MS, signal);
        continue;
      }
      let broker: WireBroker | undefined;
      try {
        broker = await cluster.findBroker({ nodeId: node });
        failures = 0;
        if (await this.#fetch(broker, wanted)) continue;
        await this.#refresh();
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        await this.#recover(node, broker, error);
      }
      await clock.sleep(Math.min(RETRY_MS * 2 ** Math.max(0, failures - 1), LONGEST_RETRY_MS), signal);
    }
  }

  /** The partitions that this broker leads and that have room. */
  #wantedFrom(node: string): PartitionReader[] {
    const { clock, cluster, readers } = this.#options;
    const all = readers();
    if (all.reduce((sum, { bytes }) => sum + bytes, 0) >= BUFFER_BYTES) return [];
    const now = clock.now().getTime();
    return all.filter(
      (reader) => reader.hasRoom && reader.notBefore <= now && leaderOf(cluster, reader.source) === node,
    );
  }

  /** @returns false when the broker says that the metadata is out of date */
  async #fetch(broker: WireBroker, wanted: readonly PartitionReader[]): Promise<boolean> {
    const { readers, clock, onFetched } = this.#options;
    const asked = wanted.map((reader) => ({ reader, from: reader.fetchFrom }));
    const fetched = await fetchBatches(
      broker,
      asked.map(({ reader: { source, topicId }, from }) => ({ ...source, topicId, offset: from })),
      LIMITS,
    );
    this.#reachable();
    const current = new Set(readers());
    // One that came back empty may only have been crowded out by the others.
    const allEmpty = fetched.every(({ records }) => records.length === 0);
    let known = true;
    for (const one of fetched) {
      const found = asked.find(
        ({ reader: { source } }) => source.topic === one.topic && source.partition === one.partition,
      );
      // Taken away meanwhile: what came says nothing about the one that has it now.
      if (found === undefined || !current.has(found.reader)) continue;
      known = (await this.#take(found.reader, found.from, one)) && known;
      if (allEmpty && one.error === KAFKA_ERROR.none && found.from < one.lastStable)
        found.reader.sawNothing(found.from, clock.now().getTime());
      found.reader.notBefore = one.error === KAFKA_ERROR.none ? 0 : clock.now().getTime() + RETRY_MS;
    }
    onFetched();
    return known;
  }

  async #take(reader: PartitionReader, from: number, fetched: FetchedPartition): Promise<boolean> {
    const { clock, onOutOfRange, onMissing, onDamaged } = this.#options;
    switch (fetched.error) {
      case KAFKA_ERROR.none:
        try {
          reader.add(from, committedOnly(recordBatches(fetched.records), fetched.aborted), clock.now().getTime());
        } catch (error) {
          onDamaged(reader, error);
          return true;
        }
        reader.lastStable = fetched.lastStable;
        reader.missingSince = undefined;
        return true;
      case KAFKA_ERROR.offsetOutOfRange:
        await onOutOfRange(reader);
        return true;
      case KAFKA_ERROR.topicAuthorizationFailed:
        onDamaged(reader, new Error('this user may not read the topic (TOPIC_AUTHORIZATION_FAILED)'));
        return true;
      case KAFKA_ERROR.unknownTopicOrPartition:
      case KAFKA_ERROR.unknownTopicId:
      case KAFKA_ERROR.inconsistentTopicId:
        await onMissing(reader);
        return false;
      default:
        // Another leader, a replica that is not ready: known to pass.
        return false;
    }
  }

  #reachable(): void {
    if (this.#unreachableSince === undefined) return;
    this.#options.logger.info({}, 'Kafka answers again');
    this.#unreachableSince = undefined;
  }

  async #recover(node: string, broker: WireBroker | undefined, error: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    if (this.#unreachableSince === undefined) {
      this.#unreachableSince = clock.now().getTime();
      logger.warn(
        { broker: node, error: messageOf(error) },
        'Kafka does not answer; events are read as soon as it does',
      );
    }
    // A connection on which a request timed out still holds that request: the broker would answer the next one late too.
    await broker?.disconnect().catch(() => undefined);
    await this.#refresh();
  }
}
