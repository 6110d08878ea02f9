import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/cli/clock.js';
import type { EventLog } from '../../src/log/contract.js';
import { openKafkaLog } from '../../src/log/kafka/open.js';
import { silentLogger, type Clock, type Logger } from '../../src/model/ports.js';
import type { KafkaLogConfig } from '../../src/model/project.js';
import { RelationReader, type ReadEvent } from '../contracts/event-log.js';
import { Claims } from './claims.js';

export interface ReaderOptions {
  readonly config?: Partial<KafkaLogConfig>;
  /** Null: nothing new is read. */
  readonly claims?: Claims | null;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly holdsNul?: boolean;
  /** Reads up to the end that the log has when it is opened. */
  readonly bounded?: boolean;
}

/** Reads a log as the ingest does, and commits to claims in memory. */
export class LogReader {
  readonly events: ReadEvent[] = [];
  readonly claims: Claims;
  readonly log: EventLog;
  readonly #relations: RelationReader;
  readonly #folder: string;

  private constructor(log: EventLog, claims: Claims, relations: RelationReader, folder: string) {
    this.log = log;
    this.claims = claims;
    this.#relations = relations;
    this.#folder = folder;
  }

  static async open(
    brokers: readonly string[],
    topics: readonly string[],
    options: ReaderOptions = {},
  ): Promise<LogReader> {
    const folder = await mkdtemp(join(tmpdir(), 'kafka-log-'));
    const claims = options.claims ?? new Claims();
    const log = await openKafkaLog({
      config: {
        kind: 'kafka',
        brokers,
        topics,
        group: `g-${topics.join('-')}`,
        format: 'raw',
        schema: [],
        metadata: ['_topic', '_key', '_value', '_headers', '_timestamp'],
        start: { kind: 'earliest' },
        onDataLoss: 'stop',
        sessionTimeout: 6000,
        ...options.config,
      },
      tempDir: folder,
      checkpoints: options.claims === null ? null : claims,
      asTexts: false,
      bounded: options.bounded ?? true,
      fill: { events: 1, ms: 1 },
      clock: options.clock ?? systemClock,
      logger: options.logger ?? silentLogger,
      holdsNul: options.holdsNul ?? true,
    });
    return new LogReader(log, claims, await RelationReader.open(), folder);
  }

  /** Takes the next chunk and commits it; false when there was none. */
  async step(maxEvents = 1000): Promise<boolean> {
    const chunk = await this.log.next([...this.claims.states.values()], maxEvents, AbortSignal.timeout(60_000));
    if (chunk === null) {
      // As the ingest does: the rest of the process has its turn.
      await sleep(20);
      return false;
    }
    const columns = (await this.log.columns()).map(({ name }) => name);
    try {
      const events = await this.#relations.read(chunk, columns);
      if (events.length !== chunk.events) throw new Error(`${events.length} events in a chunk of ${chunk.events}`);
      if (this.claims.states.get(chunk.name)?.epoch !== chunk.epoch) {
        this.log.lost?.(chunk);
        return true;
      }
      this.events.push(...events);
      this.claims.commit(chunk.name, chunk.to, chunk.position);
    } finally {
      await chunk.release();
    }
    return true;
  }

  async drain(): Promise<this> {
    while (await this.step());
    return this;
  }

  /** Steps until `done`; fails after a minute. */
  async until(done: () => boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !done();) {
      if (Date.now() > end) throw new Error('did not come to pass within a minute');
      await this.step();
    }
  }

  get values(): (string | null | undefined)[] {
    return this.events.map(({ values }) => values['_value']);
  }

  async close(): Promise<void> {
    await this.log.close();
    this.#relations.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Opens, reads to the end, closes. */
export async function readAll(
  brokers: readonly string[],
  topics: readonly string[],
  options: ReaderOptions = {},
): Promise<LogReader> {
  const reader = await LogReader.open(brokers, topics, options);
  try {
    return await reader.drain();
  } finally {
    await reader.close();
  }
}
