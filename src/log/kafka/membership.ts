import type { Consumer, Kafka } from 'kafkajs';
import { messageOf } from '../../model/errors.js';
import type { Clock, Logger } from '../../model/ports.js';
import { METADATA_AGE } from './connect.js';
import { isRefusal } from './kafka-errors.js';
import type { TopicPartition } from './position.js';

export interface MembershipOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeout: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each new assignment, the first one included; the former one no longer holds then. */
  readonly onAssigned: (partitions: readonly TopicPartition[]) => void;
  /** The group refuses this member for good. */
  readonly onRefused: (error: unknown) => void;
}

export interface JoinFailure {
  /** Milliseconds of the clock. */
  readonly since: number;
  readonly error: unknown;
}

const LEAVE_MS = 2000;

/**
 * Membership in a consumer group, and nothing else: which partitions are this process's. All partitions of the consumer stay paused, because kafkajs would read from
 * the group's offsets, move on silently when an offset is out of range, and lets records of aborted transactions through (2.2.4).
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #stop = new AbortController();
  #consumer: Consumer | undefined;
  #leaving: Promise<void> | undefined;
  #failing: JoinFailure | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Since when joining fails, and why; undefined while this process is a member, or nothing went wrong yet. */
  get failing(): JoinFailure | undefined {
    return this.#failing;
  }

  /** Begins to join; goes on by itself for as long as the process lives, however often the cluster is away. */
  join(): void {
    void this.#keepJoining();
  }

  /** Tells the group how far the store is, for those who watch the group's lag. Nothing depends on it. */
  async report(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    if (positions.length === 0 || this.#consumer === undefined) return;
    await this.#consumer
      .commitOffsets(positions.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })))
      .catch((error: unknown) => {
        this.#options.logger.debug({ error: messageOf(error) }, 'the offsets were not reported to the group');
      });
  }

  /** Leaves the group, so that others take over at once. */
  leave(): Promise<void> {
    this.#stop.abort();
    // One that is in the middle of a failure may take its time; the group notices without it.
    this.#leaving ??= Promise.race([
      (this.#consumer?.disconnect() ?? Promise.resolve()).catch(() => undefined),
      this.#options.clock.sleep(LEAVE_MS),
    ]);
    return this.#leaving;
  }

  async #keepJoining(): Promise<void> {
    const { clock, logger, onRefused } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#joinOnce();
      } catch (error) {
        if (isRefusal(error)) {
          onRefused(error);
          return;
        }
        if (this.#failing === undefined)
          logger.warn({ error: messageOf(error) }, 'joining the group failed, and is tried again');
        this.#failing = { since: this.#failing?.since ?? clock.now().getTime(), error };
      }
      await this.#consumer?.disconnect().catch(() => undefined);
      await clock.sleep(1000, this.#stop.signal);
    }
  }

  /** Resolves when the consumer ended. */
  async #joinOnce(): Promise<void> {
    const { kafka, group, topics, sessionTimeout, onAssigned } = this.#options;
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout,
      heartbeatInterval: Math.floor(sessionTimeout / 5),
      rebalanceTimeout: Math.max(sessionTimeout, 30_000),
      // With everything paused this is how often it looks whether a heartbeat is due.
      maxWaitTimeInMs: 200,
      metadataMaxAge: METADATA_AGE,
      allowAutoTopicCreation: false,
      // It would restart by itself, with nothing paused: this class does it.
      retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer = consumer;
    const ended = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      // A crash stops it too, and is reported after that.
      consumer.on(consumer.events.STOP, () => {
        if (this.#stop.signal.aborted) resolve();
      });
    });
    ended.catch(() => undefined);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // Called before the first fetch of the new assignment.
      consumer.pause(topics.map((topic) => ({ topic })));
      this.#failing = undefined;
      const assigned = Object.entries(payload.memberAssignment as Readonly<Record<string, readonly number[]>>);
      onAssigned(assigned.flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition }))));
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
    await ended;
  }
}
