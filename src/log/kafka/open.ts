import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Checkpoints,
  Chunk,
  EventLog,
  PartitionProgress,
  PartitionState,
  RawRecord,
  Reread,
} from '../contract.js';
import type { Clock, Logger } from '../../model/ports.js';
import type { DeclaredColumn, KafkaLogConfig } from '../../model/project.js';
import { checkColumns } from '../record/declared-type.js';
import { textColumns, type TextColumn } from '../record/record.js';
import { Assignment } from './assignment.js';
import { takeChunk } from './chunk.js';
import { connectionOf, type Connection } from './connect.js';
import { rangeGone, unreachable } from './kafka-errors.js';
import { lookAtCluster } from './look.js';
import type { PartitionReader } from './partition-reader.js';
import { Past, type PastOptions } from './past.js';
import { measurePartitions, progressOf } from './progress.js';
import { eventColumns, RecordFields, type Decode } from './record-fields.js';
import { RegistryAway, registryDecoder, registryUnreachable } from './registry.js';
import { rereadRecords } from './retry.js';

export interface KafkaLogOptions {
  readonly config: KafkaLogConfig;
  /** Where chunks are written for the store to read; made when it is not there. */
  readonly tempDir: string;
  /** Where the store stands; null: nothing new will be read, and the process is no member of the group. */
  readonly checkpoints: Checkpoints | null;
  /** The store takes texts as they are rather than a relation in DuckDB SQL. */
  readonly asTexts: boolean;
  /** Events are read up to the end that the log has at the beginning. */
  readonly bounded: boolean;
  /** A partition is read when it has so many events, or has waited so long. */
  readonly fill: { readonly events: number; readonly ms: number };
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the store can hold the character U+0000 in a text: otherwise records with it do not fit. */
  readonly holdsNul: boolean;
}

/** How long a bounded run waits for brokers that do not answer. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 100;
/** How much longer than its session timeout a group may take to pass partitions on. */
const GRACE_MS = 5000;
const REPORT_EVERY_MS = 5000;
const REGISTRY_RETRY_MS = 2000;

/**
 * Opens the Kafka log: one partition for each partition of its topics, offsets as Kafka has them. See docs/kafka.md.
 * Errors: LOG_UNREACHABLE, LOG_TOPIC_MISSING, LOG_SCHEMA_MISMATCH, LOG_REGISTRY.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const { config, logger } = options;
  const columns = eventColumns(config);
  checkColumns(columns, config.eventTime);
  const connection = await connectionOf(config, logger);
  try {
    const decode = config.registry === undefined ? undefined : await registryDecoder(config.registry);
    const clusterId = await lookAtCluster(connection, config);
    return new KafkaLog(options, connection, columns, clusterId, decode);
  } catch (error) {
    await connection.cluster.disconnect().catch(() => undefined);
    throw error;
  }
}

class KafkaLog implements EventLog {
  readonly kind = 'kafka';
  readonly identity: string;
  readonly #options: KafkaLogOptions;
  readonly #connection: Connection;
  readonly #columns: readonly DeclaredColumn[];
  readonly #textColumns: readonly TextColumn[];
  readonly #fields: RecordFields;
  #assignment: Assignment | undefined;
  #scratchDir: string | undefined;
  #scratchCount = 0;
  #reportedAt = 0;
  #incompleteSince: number | undefined;
  /** Since when the schema registry did not answer; undefined while it does. */
  #registryAwaySince: number | undefined;

  constructor(
    options: KafkaLogOptions,
    connection: Connection,
    columns: readonly DeclaredColumn[],
    clusterId: string,
    decode: Decode | undefined,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#columns = columns;
    this.#textColumns = textColumns(columns, options.holdsNul);
    this.#fields = new RecordFields(options.config, this.#textColumns, decode);
    this.identity = `kafka:${clusterId}/${[...options.config.topics].sort().join(',')}`;
  }

  columns(): Promise<readonly DeclaredColumn[]> {
    return Promise.resolve(this.#columns);
  }

  explain(): null {
    return null;
  }

  async next(known: readonly PartitionState[], maxEvents: number, signal?: AbortSignal): Promise<Chunk | null> {
    const assignment = this.#begun();
    const { clock } = this.#options;
    for (;;) {
      assignment.requireSound();
      assignment.moved(known);
      this.#report(assignment, known);
      const reader = this.#ready(assignment.readers);
      const chunk = reader === undefined ? null : await this.#take(reader, maxEvents);
      if (chunk !== null) return chunk;
      if (signal?.aborted === true || this.#done(assignment)) return null;
      await Promise.race([assignment.changed(), clock.sleep(LOOK_AGAIN_MS, signal)]);
    }
  }

  lost(chunk: Chunk): void {
    this.#assignment?.lost(chunk.name, chunk.epoch);
  }

  async retry(state: PartitionState, records: readonly RawRecord[]): Promise<Reread> {
    return rereadRecords({
      ...this.#past,
      state,
      records,
      fields: this.#fields,
      columns: this.#textColumns,
      eventTime: this.#options.config.eventTime,
      holdsNul: this.#options.holdsNul,
      scratch: await this.#scratchPath(),
    });
  }

  async *read(state: PartitionState, from: number, to: number, maxEvents: number): AsyncIterable<Chunk> {
    if (from >= to) return;
    const past = await Past.open(this.#past, state, from);
    if (past === null) throw rangeGone(state.name, from, to);
    const { reader } = past;
    while (reader.committed < to) {
      if (!(await past.fill(Math.min(to, reader.committed + maxEvents)))) throw rangeGone(state.name, from, to);
      const chunk = await this.#take(reader, maxEvents);
      if (chunk === null) {
        await this.#options.clock.sleep(REGISTRY_RETRY_MS);
        continue;
      }
      yield chunk;
      reader.moved(chunk.to, this.#options.clock.now().getTime());
    }
  }

  progress(): readonly PartitionProgress[] {
    const now = this.#options.clock.now().getTime();
    return (this.#assignment?.readers ?? []).map((reader) => progressOf(reader, now));
  }

  measure(known: readonly PartitionState[]): Promise<readonly PartitionProgress[]> {
    return measurePartitions(this.#options.config, this.#connection.cluster, known);
  }

  get #past(): PastOptions {
    const { config, clock } = this.#options;
    return { config, clock, cluster: this.#connection.cluster };
  }

  async close(): Promise<void> {
    await this.#assignment?.close();
    await this.#connection.cluster.disconnect().catch(() => undefined);
    if (this.#scratchDir !== undefined) await rm(this.#scratchDir, { recursive: true, force: true });
    this.#scratchDir = undefined;
  }

  /** Joins the group with the first call: a command that only asks for the columns is no member. */
  #begun(): Assignment {
    if (this.#assignment !== undefined) return this.#assignment;
    const { checkpoints, ...options } = this.#options;
    if (checkpoints === null) throw new Error('the log was opened without a store to claim partitions in');
    this.#assignment = new Assignment({ ...options, ...this.#connection, checkpoints });
    return this.#assignment;
  }

  /** The partition that waits longest of those that are worth a micro-batch. */
  #ready(readers: readonly PartitionReader[]): PartitionReader | undefined {
    const { clock, fill, bounded } = this.#options;
    const now = clock.now().getTime();
    const ready = readers.filter((reader) => {
      if (reader.step !== null) return true;
      if (reader.waitingSince === undefined || reader.committed >= reader.bound) return false;
      if (reader.takenNotBefore > now) return false;
      return (
        now - reader.waitingSince >= fill.ms ||
        !reader.hasRoom ||
        reader.records >= fill.events ||
        (bounded && reader.fetchFrom >= reader.bound)
      );
    });
    return ready.sort((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0))[0];
  }

  /** Nothing more is there now. Errors: LOG_UNREACHABLE, for a bounded run. */
  #done(assignment: Assignment): boolean {
    const { bounded, clock, config } = this.#options;
    const since = assignment.unreachableSince;
    if (bounded && since !== undefined && clock.now().getTime() - since > PATIENCE_MS)
      throw unreachable(config.brokers, new Error(`no answer for ${PATIENCE_MS / 1000} s`));
    const failure = assignment.joinFailure;
    if (bounded && failure !== undefined && clock.now().getTime() - failure.since > PATIENCE_MS)
      throw unreachable(config.brokers, failure.error);
    if (!bounded && (since !== undefined || this.#registryAwaySince !== undefined)) return true;
    if (!assignment.joined || assignment.readers.some(({ behind }) => behind)) return false;
    return !bounded || this.#hasAll(assignment);
  }

  /**
   * Whether no partition is left for this process. The group may take its session timeout to give it those of a member that is gone; what others
   * still hold after that they read themselves, and a cut is exact wherever they are.
   */
  #hasAll(assignment: Assignment): boolean {
    const { config, clock, logger } = this.#options;
    const { cluster } = this.#connection;
    const all = config.topics.reduce((sum, topic) => sum + cluster.findTopicPartitionMetadata(topic).length, 0);
    const others = all - assignment.readers.length;
    if (others <= 0) return true;
    const now = clock.now().getTime();
    this.#incompleteSince ??= now;
    if (now - this.#incompleteSince < config.sessionTimeout + GRACE_MS) return false;
    logger.warn({ partitions: others, group: config.group }, 'other processes of the group read these partitions');
    return true;
  }

  /** @returns null when the schema registry does not answer: nothing of the partition is taken then. Errors: LOG_UNREACHABLE, for a bounded run. */
  async #take(reader: PartitionReader, maxEvents: number): Promise<Chunk | null> {
    const { config } = this.#options;
    try {
      const chunk = await takeChunk({
        reader,
        maxEvents,
        fields: this.#fields,
        columns: this.#textColumns,
        eventTime: config.eventTime,
        holdsNul: this.#options.holdsNul,
        asTexts: this.#options.asTexts,
        scratch: await this.#scratchPath(),
      });
      if (reader.takenNotBefore > 0) this.#registryAnswers(reader);
      return chunk;
    } catch (error) {
      if (!(error instanceof RegistryAway) || config.registry === undefined) throw error;
      this.#registryAway(reader, error, config.registry);
      return null;
    }
  }

  #registryAway(reader: PartitionReader, error: RegistryAway, registry: NonNullable<KafkaLogConfig['registry']>): void {
    const { bounded, clock, logger } = this.#options;
    const now = clock.now().getTime();
    if (this.#registryAwaySince === undefined)
      logger.warn(
        { partition: reader.name, error: error.message },
        'the schema registry does not answer; values that need it are read as soon as it does',
      );
    this.#registryAwaySince ??= now;
    reader.takenNotBefore = now + REGISTRY_RETRY_MS;
    if (bounded && now - this.#registryAwaySince > PATIENCE_MS) throw registryUnreachable(registry, error);
  }

  #registryAnswers(reader: PartitionReader): void {
    reader.takenNotBefore = 0;
    this.#registryAwaySince = undefined;
    this.#options.logger.info({}, 'the schema registry answers again');
  }

  /** Not waited for: a broker that does not answer must not hold up what was fetched. */
  #report(assignment: Assignment, known: readonly PartitionState[]): void {
    const now = this.#options.clock.now().getTime();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    void assignment.report(known);
  }

  async #scratchPath(): Promise<string> {
    if (this.#scratchDir === undefined) {
      await mkdir(this.#options.tempDir, { recursive: true });
      this.#scratchDir = await mkdtemp(join(this.#options.tempDir, 'log-'));
    }
    return join(this.#scratchDir, `${this.#scratchCount++}.csv`);
  }
}
