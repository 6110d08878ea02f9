import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Kafka } from 'kafkajs';
import type { Checkpoints, PartitionState } from '../contract.js';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { Clock, Logger } from '../../model/ports.js';
import type { KafkaLogConfig } from '../../model/project.js';
import { Fetcher } from './fetcher.js';
import { damaged, dataLost, isRefusal, unreachable } from './kafka-errors.js';
import { CREATED_ANEW, cutOff, deletedUnread } from './loss.js';
import { Membership, type JoinFailure } from './membership.js';
import type { PartitionReader } from './partition-reader.js';
import { offsetsOf, placeReaders } from './placement.js';
import { readPosition, writePosition, type TopicPartition } from './position.js';
import { topicIds } from './topic-ids.js';

export interface AssignmentOptions {
  readonly config: KafkaLogConfig;
  readonly kafka: Kafka;
  readonly cluster: Cluster;
  readonly checkpoints: Checkpoints;
  readonly bounded: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 1000;

/** How long a topic may be unknown to the brokers before it counts as deleted: metadata takes a moment to spread. */
const MISSING_MS = 10_000;

/** The partitions that are this process's, from one rebalance of the group to the next. */
export class Assignment {
  readonly #options: AssignmentOptions;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  readonly #stop = new AbortController();
  /** Rises with each assignment: what an earlier one began is given up. */
  #generation = 0;
  #assigned: readonly TopicPartition[] = [];
  #placing: Promise<void> = Promise.resolve();
  #readers: readonly PartitionReader[] = [];
  #joined = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  #changed: Promise<void> = Promise.resolve();

  constructor(options: AssignmentOptions) {
    const { cluster, clock, logger, config } = options;
    this.#options = options;
    this.#renew();
    this.#fetcher = new Fetcher({
      cluster,
      clock,
      logger,
      readers: () => this.#readers,
      onFetched: () => {
        this.#signal();
      },
      onOutOfRange: (reader) => this.#outOfRange(reader),
      onMissing: (reader) => this.#missing(reader),
      onDamaged: (reader, error) => {
        this.#fail(damaged(reader.name, error));
      },
    });
    this.#membership = new Membership({
      kafka: options.kafka,
      group: config.group,
      topics: config.topics,
      sessionTimeout: config.sessionTimeout,
      clock,
      logger,
      onAssigned: (partitions) => {
        this.#assigned = partitions;
        void this.#place();
      },
      onRefused: (error) => {
        this.#fail(unreachable(config.brokers, error));
      },
    });
    this.#membership.join();
  }

  get readers(): readonly PartitionReader[] {
    return this.#readers;
  }

  /** Whether the group has given this process its partitions, and the store its positions. */
  get joined(): boolean {
    return this.#joined;
  }

  get unreachableSince(): number | undefined {
    return this.#fetcher.unreachableSince;
  }

  get joinFailure(): JoinFailure | undefined {
    return this.#membership.failing;
  }

  /** Throws what went wrong for good. Errors: LOG_DATA_LOST, LOG_UNREADABLE, LOG_UNREACHABLE, those of the store. */
  requireSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves with the next change of the readers or of what waits in them. */
  changed(): Promise<void> {
    return this.#changed;
  }

  /** @param known what the store has */
  moved(known: readonly PartitionState[]): void {
    const now = this.#options.clock.now().getTime();
    for (const reader of this.#readers) {
      const state = known.find(({ partition }) => partition === reader.partition);
      if (state === undefined) continue;
      reader.moved(state.nextOffset, now);
      // Its offsets began anew: the next of its generations goes on.
      if (readPosition(state.position, state.name)?.ended !== undefined) {
        void this.#place();
        return;
      }
    }
  }

  /** Another process took over, or moved on, the partition that was claimed under this epoch. */
  lost(name: string, epoch: number): void {
    const kept = this.#readers.filter((reader) => reader.name !== name || reader.epoch !== epoch);
    // Under a later claim the partition is this process's again.
    if (kept.length === this.#readers.length) return;
    this.#readers = kept;
    const generation = this.#generation;
    const { clock, config } = this.#options;
    // The group says so too, soon. Should it not, the partition is this process's after all.
    void clock.sleep(config.sessionTimeout, this.#stop.signal).then(() => {
      if (generation === this.#generation && !this.#stop.signal.aborted) void this.#place();
    });
  }

  /** Tells the group how far the store is. */
  async report(known: readonly PartitionState[]): Promise<void> {
    await this.#membership.report(
      this.#readers.flatMap(({ source, partition }) => {
        const state = known.find((one) => one.partition === partition);
        return state === undefined || state.nextOffset === 0 ? [] : [{ ...source, offset: state.nextOffset }];
      }),
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#generation += 1;
    this.#readers = [];
    await Promise.all([this.#membership.leave(), this.#fetcher.close()]);
  }

  /** Takes the assigned partitions over where the store stands. Assignments may follow each other faster than the store answers: one claim at a time. */
  #place(): Promise<void> {
    const generation = (this.#generation += 1);
    this.#readers = [];
    this.#joined = false;
    this.#placing = this.#placing.then(() => this.#placeAs(generation));
    return this.#placing;
  }

  /** Tries again while the network does not let it, and until another assignment came. */
  async #placeAs(generation: number): Promise<void> {
    const { clock, logger } = this.#options;
    const current = (): boolean => generation === this.#generation;
    while (current()) {
      try {
        const placed = await placeReaders(this.#options, this.#assigned, current);
        if (!current()) return;
        for (const { reader, anew } of placed) if (anew) this.#beganAnew(reader, CREATED_ANEW, 0);
        const now = clock.now().getTime();
        for (const { reader } of placed) reader.arrivedAt = now;
        this.#readers = placed.map(({ reader }) => reader);
        this.#joined = true;
        logger.info({ partitions: this.#readers.map(({ name }) => name) }, 'partitions taken over');
        this.#fetcher.start();
        this.#signal();
        return;
      } catch (error) {
        if (error instanceof CutoverError || isRefusal(error)) {
          this.#fail(error instanceof CutoverError ? error : unreachable(this.#options.config.brokers, error));
          return;
        }
        logger.debug({ error: messageOf(error) }, 'the partitions could not be taken over, and are tried again');
        await clock.sleep(RETRY_MS, this.#stop.signal);
      }
    }
  }

  /** Retention removed what was not read yet, or the partition's end was cut off. */
  async #outOfRange(reader: PartitionReader): Promise<void> {
    // What waits comes first: the store's offset tells where the gap begins.
    if (reader.batches.length > 0 || reader.step !== null) return;
    const { cluster } = this.#options;
    const earliest = (await offsetsOf(cluster, reader.source, { fromBeginning: true })) ?? 0;
    const end = (await offsetsOf(cluster, reader.source, { fromBeginning: false })) ?? 0;
    const from = reader.fetchFrom;
    if (from < earliest) {
      const what = deletedUnread(from, earliest);
      this.#lose(reader, what, { to: earliest, lost: what, position: reader.position });
    } else if (from > end) {
      this.#beganAnew(reader, cutOff(end, from), end);
    }
  }

  async #missing(reader: PartitionReader): Promise<void> {
    const { cluster, clock, logger, config } = this.#options;
    const now = clock.now().getTime();
    reader.missingSince ??= now;
    if (now - reader.missingSince < MISSING_MS || reader.batches.length > 0 || reader.step !== null) return;
    const { topic } = reader.source;
    let id: string | null | undefined;
    try {
      id = (await topicIds(await cluster.findControllerBroker(), [topic])).get(topic);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#fail(unreachable(config.brokers, error));
      return;
    }
    if (typeof id === 'string' && reader.topicId !== undefined && id !== reader.topicId)
      this.#beganAnew(reader, CREATED_ANEW, 0);
    else if (id === null && config.onDataLoss === 'stop') this.#fail(dataLost(reader.name, 'the topic was deleted'));
    else if (id === null)
      logger.warn({ partition: reader.name }, 'the topic was deleted; it is read again when it is there');
  }

  /** What comes has the same offsets and is another sequence: it becomes a partition of its own. */
  #beganAnew(reader: PartitionReader, what: string, start: number): void {
    const { topicId } = readPosition(reader.position, reader.name) ?? { topicId: null };
    this.#lose(reader, what, {
      to: reader.committed + 1,
      lost: what,
      position: writePosition({ topicId, ended: { start } }),
    });
  }

  #lose(reader: PartitionReader, what: string, step: { to: number; lost: string; position: string }): void {
    if (this.#options.config.onDataLoss === 'stop') {
      this.#fail(dataLost(reader.name, what));
      return;
    }
    this.#options.logger.error({ partition: reader.name }, what);
    reader.leap(step);
    this.#signal();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#signal();
  }

  #signal(): void {
    const wake = this.#wake;
    this.#renew();
    wake();
  }

  #renew(): void {
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
