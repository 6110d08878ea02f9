import type { Chunk, EventLog } from '../log/contract.js';
import type { Evidence } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { PartitionState } from '../model/partition.js';
import type { DeclaredColumn } from '../model/project.js';
import { stampText } from '../model/stamp.js';
import type { SqlSession } from '../store/contract.js';
import { APPLY } from '../store/state/lock-names.js';
import { newestStamp, stepPartition } from '../store/state/offsets.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS, chunkColumns, landingColumns } from './events-view.js';
import { requireOwnCode } from './own-code.js';
import { noteWindows } from './merge.js';
import type { Positions } from './positions.js';
import { retryingConflicts } from './retry.js';
import type { PreparedStreamJob } from './stream-job.js';

/** Offsets taken from the log at once; a chunk is then applied in micro-batches. Large, so that files are scanned few times. */
const CHUNK_EVENTS = 250_000;

export interface IngestCounts {
  readonly events: number;
  readonly microBatches: number;
  readonly quarantined: number;
}

/** The temporary table in which a chunk stands while its micro-batches are applied. */
const CHUNK = 'cutover_chunk';

export interface IngestParts {
  /** The ingest's own. */
  readonly session: SqlSession;
  readonly log: EventLog;
  readonly positions: Positions;
  /** The log's columns. */
  readonly columns: readonly DeclaredColumn[];
  /** In dependency order. */
  readonly jobs: readonly PreparedStreamJob[];
  /** The code of those jobs, by pipeline. */
  readonly evidence: ReadonlyMap<string, Evidence>;
}

/** A micro-batch: offsets [from, to) of one chunk. */
interface Slice {
  readonly from: number;
  readonly to: number;
}

/**
 * Moves events from the log into the landing and through every stream job. Landing, stream tables, quarantine and offsets change in ONE
 * transaction per micro-batch, so that every snapshot of the store is an exact cut.
 */
export class Ingest {
  readonly #env: ShadowEnvironment;
  readonly #session: SqlSession;
  readonly #log: EventLog;
  readonly #jobs: readonly PreparedStreamJob[];
  readonly #evidence: ReadonlyMap<string, Evidence>;
  readonly #positions: Positions;
  readonly #columns: string;
  readonly #chunkColumns: readonly DeclaredColumn[];
  #lastStamp = 0;
  #counts = { events: 0, microBatches: 0, quarantined: 0 };

  private constructor(env: ShadowEnvironment, parts: IngestParts, lastStamp: number) {
    this.#env = env;
    this.#session = parts.session;
    this.#log = parts.log;
    this.#jobs = parts.jobs;
    this.#evidence = parts.evidence;
    this.#positions = parts.positions;
    this.#columns = landingColumns(env.store.dialect, parts.columns);
    this.#chunkColumns = chunkColumns(parts.columns);
    this.#lastStamp = lastStamp;
  }

  static async open(env: ShadowEnvironment, parts: IngestParts): Promise<Ingest> {
    return new Ingest(env, parts, await newestStamp(parts.session));
  }

  get counts(): IngestCounts {
    return { ...this.#counts };
  }

  /**
   * Takes what the log has next. Returns false when nothing was there. Stops between two micro-batches when `signal` aborts.
   * Errors: those of the log and of the stream jobs; the failed micro-batch is rolled back and the rest of the chunk given up.
   */
  async step(signal?: AbortSignal): Promise<boolean> {
    const chunk = await this.#log.next(this.#positions.all, Math.max(CHUNK_EVENTS, this.#env.ingest.maxEvents), signal);
    if (chunk === null) return false;
    try {
      const misfits = await this.#stage(chunk);
      await this.#env.reached('chunk staged');
      for (const slice of await this.#slices(chunk)) {
        if (signal?.aborted === true) return true;
        await this.#microBatch(chunk, slice, misfits);
      }
    } catch (error) {
      if (!(chunk.epoch > 0 && error instanceof CutoverError && error.code === 'PARTITION_LOST')) throw error;
      // What this process still holds is the log's to sort out: it learns of its loss by the next assignment.
      this.#env.logger.warn({ partition: chunk.name, code: error.code }, error.message);
      this.#log.lost?.(chunk);
      await this.#env.clock.sleep(this.#env.ingest.maxWait, signal);
    } finally {
      await this.#session.forget(CHUNK).catch(() => undefined);
      await chunk.release();
    }
    return true;
  }

  /** Micro-batches of `ingest.max_events` events: where offsets have gaps, of more offsets than that. */
  async #slices(chunk: Chunk): Promise<Slice[]> {
    const { maxEvents } = this.#env.ingest;
    const starts: number[] = [];
    if (chunk.events === chunk.to - chunk.from) {
      for (let from = chunk.from; from < chunk.to; from += maxEvents) starts.push(from);
    } else if (chunk.events <= maxEvents) {
      starts.push(chunk.from);
    } else {
      const rows = await this.#session.query(
        `SELECT _offset FROM (SELECT _offset, row_number() OVER (ORDER BY _offset) AS n FROM ${CHUNK}) t WHERE (n - 1) % ${maxEvents} = 0 ORDER BY _offset`,
      );
      starts.push(chunk.from, ...rows.slice(1).map((row) => Number(row['_offset'])));
    }
    return starts.map((from, i) => ({ from, to: starts[i + 1] ?? chunk.to }));
  }

  /** Reads the chunk once, whole, and checks that it holds every offset exactly once: nothing is skipped silently. Returns how many do not fit the schema. */
  async #stage(chunk: Chunk): Promise<number> {
    try {
      await this.#session.load(CHUNK, chunk.source, this.#chunkColumns);
    } catch (error) {
      throw this.#log.explain(error, chunk) ?? error;
    }
    const [row] = await this.#session.query(
      `SELECT count(*) AS n, count(DISTINCT _offset) AS d, min(_offset) AS low, max(_offset) AS high, count(_error) AS misfits FROM ${CHUNK}`,
    );
    const n = Number(row?.['n']);
    const expected = chunk.events;
    if (
      n !== expected ||
      Number(row?.['d']) !== n ||
      (n > 0 && (Number(row?.['low']) < chunk.from || Number(row?.['high']) >= chunk.to))
    ) {
      throw new CutoverError(
        'LOG_FILE_UNREADABLE',
        `${chunk.name}: offsets ${chunk.from} to ${chunk.to - 1} should be ${expected} events, ${n} were read`,
        'Check that the file is whole and that nothing changes it while it is read; nothing of this part was taken.',
      );
    }
    return Number(row?.['misfits']);
  }

  async #microBatch(chunk: Chunk, slice: Slice, misfits: number): Promise<void> {
    const state: PartitionState = {
      partition: chunk.partition,
      name: chunk.name,
      nextOffset: slice.to,
      position: chunk.position,
    };
    const { landed, quarantined } = await retryingConflicts(this.#env.clock, () =>
      this.#session.transaction(() => this.#apply(chunk, slice, state, misfits), 'current'),
    );
    await this.#env.reached('micro-batch committed');
    this.#positions.moved(state);
    this.#counts = {
      events: this.#counts.events + landed + quarantined,
      microBatches: this.#counts.microBatches + 1,
      quarantined: this.#counts.quarantined + quarantined,
    };
    this.#env.logger.debug(
      { partition: chunk.name, from: slice.from, to: slice.to, quarantined },
      'micro-batch committed',
    );
    this.#env.progress.update('ingest', this.#counts.events);
  }

  /** The work of a micro-batch, in its transaction. */
  async #apply(
    chunk: Chunk,
    slice: Slice,
    state: PartitionState,
    misfits: number,
  ): Promise<{ readonly landed: number; readonly quarantined: number }> {
    const session = this.#session;
    await this.#env.reached('micro-batch begun');
    // Micro-batches of several processes are applied one after the other: the stream jobs see the events in the order of their
    // stamps, which is the order in which batch jobs and rebuilds see them. Fetching, decoding and staging go on beside it.
    await session.lock(APPLY);
    await requireOwnCode(this.#env, session, this.#env.pipelines, this.#evidence);
    const stamp = await this.#stamp();
    const range = `_offset >= ${slice.from} AND _offset < ${slice.to}`;
    const landed = await session.materialize(
      BATCH_EVENTS,
      `SELECT ${this.#columns} FROM (
         SELECT *, CAST(${chunk.partition} AS INTEGER) AS _partition, CAST('${stamp}' AS TIMESTAMPTZ) AS _ingested_at
         FROM ${CHUNK} WHERE ${range} AND _error IS NULL
       ) t ORDER BY _offset`,
    );
    await session.run(`INSERT INTO cutover.landing (${this.#columns}) SELECT ${this.#columns} FROM ${BATCH_EVENTS}`);
    let quarantined = 0;
    if (misfits > 0) {
      quarantined = await session.run(
        `INSERT INTO cutover.quarantine (partition, "offset", reason, raw, quarantined_at, lost)
         SELECT ${chunk.partition}, _offset, _error, _raw, CAST('${stamp}' AS TIMESTAMPTZ), ${chunk.lost === true} FROM ${CHUNK} WHERE ${range} AND _error IS NOT NULL`,
      );
    }
    await this.#env.reached('events landed');
    if (landed > 0) {
      await session.searchPath([this.#env.schemas.stream]);
      for (const job of this.#jobs) await job.apply(session, this.#env.schemas.stream);
    }
    await noteWindows(this.#env, session, { at: this.#lastStamp, landed });
    await this.#env.reached('stream jobs applied');
    if (!(await stepPartition(session, { state, from: slice.from, epoch: chunk.epoch, at: stamp })))
      throw lost(chunk, slice);
    await this.#env.reached('offsets saved');
    return { landed, quarantined };
  }

  /**
   * The micro-batch's moment as UTC text with microseconds, strictly rising from one micro-batch to the next, over all processes and even when a
   * clock steps back.
   */
  async #stamp(): Promise<string> {
    const newest = this.#env.store.capabilities.sharedByProcesses ? await newestStamp(this.#session) : this.#lastStamp;
    this.#lastStamp = Math.max(this.#env.clock.now().getTime() * 1000, newest + 1);
    return stampText(this.#lastStamp);
  }
}

function lost(chunk: Chunk, slice: Slice): CutoverError {
  return new CutoverError(
    'PARTITION_LOST',
    `${chunk.name}: offsets ${slice.from} to ${slice.to - 1} were not committed, because the partition was taken over since they were read`,
    'Nothing is lost: whoever has the partition now goes on from the stored offset. See that all processes that share a store use the same `log` settings.',
  );
}
