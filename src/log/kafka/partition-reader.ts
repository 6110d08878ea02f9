import type { ClaimedPartition } from '../contract.js';
import type { RecordBatch } from './record-batch.js';
import type { TopicPartition } from './position.js';

/** Bytes of one partition that wait in memory, as they came over the wire; see `BUFFER_BYTES` for all together. */
const PARTITION_BYTES = 8 * 1024 * 1024;

/** How long a partition gives nothing before its end counts as reached. */
const EXHAUSTED_AFTER_MS = 10_000;

/** A step of the partition that is no run of records. */
export interface Step {
  /** The exclusive end offset after it. */
  readonly to: number;
  /** Why what lies before `to` is not there, for the quarantine; null: nothing was lost. */
  readonly lost: string | null;
  /** The position to store with it. */
  readonly position: string;
}

/**
 * One partition under one claim: batches wait in it from the moment they are fetched until the store has them. So a chunk that was given up is given
 * once more, and nothing is fetched twice.
 */
export class PartitionReader {
  readonly source: TopicPartition;
  readonly name: string;
  readonly partition: number;
  readonly epoch: number;
  /** The topic's id as it was when the claim began; undefined where there are none. */
  readonly topicId: string | undefined;
  readonly position: string;
  /** Takes precedence over records. */
  step: Step | null = null;
  /** Where the drain of a bounded run ends; infinite otherwise. */
  bound = Number.POSITIVE_INFINITY;
  /** What the last fetch said: where committed records end. Unknown before. */
  lastStable: number | undefined;
  /** Not fetched before this moment (milliseconds of the clock): something was wrong with it. */
  notBefore = 0;
  /** Not taken from before this moment: what waits could not be decoded yet. */
  takenNotBefore = 0;
  /** Since when its topic was not found. */
  missingSince: number | undefined;
  /** When the oldest of the records that wait arrived. */
  waitingSince: number | undefined;
  /** When the last record arrived, or the partition was taken over; milliseconds of the clock. */
  arrivedAt: number | undefined;
  #batches: RecordBatch[] = [];
  #bytes = 0;
  #committed: number;
  #fetchFrom: number;
  #emptySince: number | undefined;
  #exhausted = false;

  constructor(
    source: TopicPartition,
    claimed: ClaimedPartition,
    topicId: string | undefined,
    position: string,
    from = claimed.nextOffset,
  ) {
    this.source = source;
    this.name = claimed.name;
    this.partition = claimed.partition;
    this.epoch = claimed.epoch;
    this.topicId = topicId;
    this.position = position;
    this.#committed = claimed.nextOffset;
    this.#fetchFrom = from;
  }

  /** The offset that the next fetch begins at. */
  get fetchFrom(): number {
    return this.#fetchFrom;
  }

  /** What the store has. */
  get committed(): number {
    return this.#committed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasRoom(): boolean {
    return this.#bytes < PARTITION_BYTES && this.#fetchFrom < this.bound;
  }

  /** Records that wait. */
  get records(): number {
    return this.#batches.reduce((sum, { records }) => sum + records, 0);
  }

  /** Whether something is known to be in the log that the store has not. */
  get behind(): boolean {
    const end = Math.min(this.bound, this.lastStable ?? Number.POSITIVE_INFINITY);
    if (this.step !== null) return true;
    return this.#committed < end && !(this.#exhausted && this.#batches.length === 0);
  }

  /** The batches from the store's offset on. */
  get batches(): readonly RecordBatch[] {
    return this.#batches;
  }

  /** Takes in what was fetched at `from`; nothing when that is no longer where this reader is. */
  add(from: number, batches: readonly RecordBatch[], now: number): void {
    if (from !== this.#fetchFrom) return;
    for (const batch of batches) {
      if (batch.lastOffset < this.#fetchFrom) continue;
      this.#batches.push(batch);
      this.#bytes += batch.bytes;
      this.#fetchFrom = batch.lastOffset + 1;
      this.#emptySince = undefined;
      this.#exhausted = false;
      if (batch.records > 0) this.arrivedAt = now;
    }
    if (this.#batches.length > 0) this.waitingSince ??= now;
  }

  /**
   * A fetch at `from` gave nothing, though the log does not end there. A broker may answer so for a moment, when it does not know yet where its last decided
   * record lies: nothing is passed over for that. When it stays so, the records up to the end were compacted away, and a drain need not wait for them.
   */
  sawNothing(from: number, now: number): void {
    if (from !== this.#fetchFrom) return;
    this.#emptySince ??= now;
    this.#exhausted = now - this.#emptySince >= EXHAUSTED_AFTER_MS;
  }

  /** The store has everything below `offset`. What was known before the claim may be older than the claim: a store never goes back. */
  moved(offset: number, now: number): void {
    if (offset <= this.#committed) return;
    this.#committed = offset;
    if (this.step !== null && offset >= this.step.to) this.step = null;
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset >= offset);
    this.#bytes = this.#batches.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#fetchFrom = Math.max(this.#fetchFrom, offset);
    this.waitingSince = this.#batches.length > 0 ? now : undefined;
  }

  /** Goes on at another place, once the store has taken that step. */
  leap(step: Step): void {
    this.step = step;
    this.#batches = [];
    this.#bytes = 0;
    this.#fetchFrom = step.to;
    this.waitingSince = undefined;
  }
}
