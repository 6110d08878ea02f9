import type { Chunk, EventLog, PartitionState } from '../log/contract.js';
import { CutoverError } from '../model/errors.js';
import type { DeclaredColumn } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadPartitions, savePartition } from '../store/state/offsets.js';
import type { ShadowEnvironment } from './environment.js';
import { BATCH_EVENTS, chunkColumns, landingColumns } from './events-view.js';
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
  readonly #columns: string;
  readonly #chunkColumns: readonly DeclaredColumn[];
  #partitions: PartitionState[] = [];
  #lastStamp = 0;
  #counts = { events: 0, microBatches: 0, quarantined: 0 };

  private constructor(
    env: ShadowEnvironment,
    session: SqlSession,
    log: EventLog,
    jobs: readonly PreparedStreamJob[],
    columns: readonly DeclaredColumn[],
  ) {
    this.#env = env;
    this.#session = session;
    this.#log = log;
    this.#jobs = jobs;
    this.#columns = landingColumns(env.store.dialect, columns);
    this.#chunkColumns = chunkColumns(columns);
  }

  /** @param jobs the stream jobs in dependency order; `session` is the ingest's own */
  static async open(
    env: ShadowEnvironment,
    session: SqlSession,
    log: EventLog,
    columns: readonly DeclaredColumn[],
    jobs: readonly PreparedStreamJob[],
  ): Promise<Ingest> {
    const ingest = new Ingest(env, session, log, jobs, columns);
    ingest.#partitions = await loadPartitions(session);
    const [row] = await session.query(
      'SELECT CAST(extract(epoch FROM max(_ingested_at)) * 1000000 AS BIGINT) AS us FROM cutover.landing',
    );
    ingest.#lastStamp = Number(row?.['us'] ?? 0);
    return ingest;
  }

  get counts(): IngestCounts {
    return { ...this.#counts };
  }

  /** Offsets taken so far, over all partitions. */
  get position(): readonly PartitionState[] {
    return this.#partitions;
  }

  /**
   * Takes what the log has next. Returns false when nothing was there. Stops between two micro-batches when `signal` aborts.
   * Errors: those of the log and of the stream jobs; the failed micro-batch is rolled back and the rest of the chunk given up.
   */
  async step(signal?: AbortSignal): Promise<boolean> {
    const chunk = await this.#log.next(this.#partitions, Math.max(CHUNK_EVENTS, this.#env.ingest.maxEvents));
    if (chunk === null) return false;
    try {
      const misfits = await this.#stage(chunk);
      await this.#env.reached('chunk staged');
      for (const slice of await this.#slices(chunk)) {
        if (signal?.aborted === true) return true;
        await this.#microBatch(chunk, slice, misfits);
      }
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
    const session = this.#session;
    const at = this.#stamp();
    const stamp = new Date(Math.floor(at / 1000)).toISOString().replace('Z', `${String(at % 1000).padStart(3, '0')}Z`);
    const range = `_offset >= ${slice.from} AND _offset < ${slice.to}`;
    const state: PartitionState = {
      partition: chunk.partition,
      name: chunk.name,
      nextOffset: slice.to,
      position: chunk.position,
    };
    let landed = 0;
    let quarantined = 0;
    await session.transaction(async () => {
      await this.#env.reached('micro-batch begun');
      await session.materialize(
        BATCH_EVENTS,
        `SELECT ${this.#columns} FROM (
           SELECT *, CAST(${chunk.partition} AS INTEGER) AS _partition, CAST('${stamp}' AS TIMESTAMPTZ) AS _ingested_at
           FROM ${CHUNK} WHERE ${range} AND _error IS NULL
         ) ORDER BY _offset`,
      );
      landed = await session.run(
        `INSERT INTO cutover.landing (${this.#columns}) SELECT ${this.#columns} FROM ${BATCH_EVENTS}`,
      );
      if (misfits > 0) {
        quarantined = await session.run(
          `INSERT INTO cutover.quarantine SELECT ${chunk.partition}, _offset, _error, _raw, CAST('${stamp}' AS TIMESTAMPTZ) FROM ${CHUNK} WHERE ${range} AND _error IS NOT NULL`,
        );
      }
      await this.#env.reached('events landed');
      if (landed > 0) {
        await session.searchPath([this.#env.schemas.stream]);
        for (const job of this.#jobs) await job.apply(session, this.#env.schemas.stream);
      }
      await this.#env.reached('stream jobs applied');
      await savePartition(session, state, new Date(Math.floor(at / 1000)));
      await this.#env.reached('offsets saved');
    });
    await this.#env.reached('micro-batch committed');
    this.#partitions = [...this.#partitions.filter(({ partition }) => partition !== chunk.partition), state].sort(
      (a, b) => a.partition - b.partition,
    );
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

  /** Microseconds since the epoch, strictly rising from one micro-batch to the next even when the clock steps back. */
  #stamp(): number {
    this.#lastStamp = Math.max(this.#env.clock.now().getTime() * 1000, this.#lastStamp + 1);
    return this.#lastStamp;
  }
}
