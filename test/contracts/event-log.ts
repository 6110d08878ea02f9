import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chunk, EventLog, PartitionState } from '../../src/log/contract.js';

/** An event as a relation gives it; values as DuckDB's texts, NULL as null. */
export interface ReadEvent {
  readonly partition: string;
  readonly offset: number;
  readonly eventTime: string | null;
  readonly values: { readonly [column: string]: string | null };
  readonly error: string | null;
  readonly raw: string | null;
}

/** Evaluates relations as a store does: DuckDB, TimeZone UTC. */
export class RelationReader {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<RelationReader> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new RelationReader(instance, connection);
  }

  /** The events of a chunk in [from, upTo), in offset order. */
  async read(chunk: Chunk, columns: readonly string[], upTo: number = chunk.to): Promise<ReadEvent[]> {
    // The DuckDB client drops a byte order mark at the start of a text, so that none may begin with one.
    const quoted = columns.map((column) => `'=' || "${column.replaceAll('"', '""')}"::VARCHAR`);
    const selected = ['_offset::VARCHAR', '_event_time::VARCHAR', '_error', '_raw', ...quoted].join(', ');
    const rows = await this.rows(
      `SELECT ${selected} FROM ${relationOf(chunk)} WHERE _offset < ${upTo} ORDER BY _offset`,
    );
    return rows.map(([offset, eventTime, error, raw, ...values]) => ({
      partition: chunk.name,
      offset: Number(offset),
      eventTime: eventTime ?? null,
      error: error ?? null,
      raw: raw ?? null,
      values: Object.fromEntries(columns.map((column, index) => [column, values[index]?.slice(1) ?? null])),
    }));
  }

  async types(chunk: Chunk): Promise<Map<string, string>> {
    const rows = await this.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relationOf(chunk)})`);
    return new Map(rows.map(([name, type]) => [String(name), String(type)]));
  }

  async rows(sql: string): Promise<(string | null)[][]> {
    const result = await this.#connection.runAndReadAll(sql);
    return result.getRowsJson().map((row) => row.map((value) => (value === null ? null : String(value))));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** What a store does with chunks: remembers the partitions, and takes a chunk whole or in part. */
export class Consumer {
  readonly states = new Map<number, PartitionState>();
  readonly events: ReadEvent[] = [];

  constructor(readonly reader: RelationReader) {}

  get known(): PartitionState[] {
    return [...this.states.values()];
  }

  /** Takes the next chunk up to `part(length)` events. False when nothing more is there. */
  async step(
    log: EventLog,
    maxEvents: number,
    part: (length: number) => number = (length) => length,
  ): Promise<boolean> {
    const chunk = await log.next(this.known, maxEvents);
    if (chunk === null) return false;
    try {
      const before = this.states.get(chunk.partition);
      expect(chunk.from).toBe(before?.nextOffset ?? 0);
      expect(before?.name ?? chunk.name).toBe(chunk.name);
      expect(chunk.to).toBeGreaterThan(chunk.from);
      expect(chunk.to - chunk.from).toBeLessThanOrEqual(maxEvents);
      const upTo = chunk.from + Math.max(1, Math.min(part(chunk.to - chunk.from), chunk.to - chunk.from));
      const names = (await log.columns()).map((column) => column.name);
      const events = await this.reader.read(chunk, names, upTo);
      expect(events.map((event) => event.offset)).toEqual(
        Array.from({ length: upTo - chunk.from }, (_, index) => chunk.from + index),
      );
      this.events.push(...events);
      const { partition, name, position } = chunk;
      this.states.set(partition, { partition, name, nextOffset: upTo, position });
    } finally {
      await chunk.release();
    }
    return true;
  }

  async drain(log: EventLog, maxEvents: number): Promise<ReadEvent[]> {
    const before = this.events.length;
    while (await this.step(log, maxEvents));
    return this.events.slice(before);
  }
}

/** A log with at least two partitions and at least seven events in the first of them, that stands still. */
export interface LogFixture {
  /** Opens the same log anew, as after a restart. */
  open(): Promise<EventLog>;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** DuckDB's types of the columns. */
  readonly types: readonly string[];
  /** All events in order. */
  readonly events: readonly Pick<ReadEvent, 'partition' | 'offset' | 'values' | 'eventTime'>[];
  remove(): Promise<void>;
}

/** What every event log must do. */
export function eventLogSuite(title: string, create: () => Promise<LogFixture>): void {
  describe(title, () => {
    let fixture: LogFixture;
    let reader: RelationReader;
    beforeAll(async () => {
      fixture = await create();
      reader = await RelationReader.open();
    });
    afterAll(async () => {
      reader.close();
      await fixture.remove();
    });

    async function withLog<T>(work: (log: EventLog) => Promise<T>): Promise<T> {
      const log = await fixture.open();
      try {
        return await work(log);
      } finally {
        await log.close();
      }
    }

    /** Within a partition events come in order; partitions come as they may. */
    function expectAll(consumer: Consumer): void {
      const seen = consumer.events.map(({ partition, offset, values, eventTime }) => ({
        partition,
        offset,
        values,
        eventTime,
      }));
      const names = [...new Set(fixture.events.map(({ partition }) => partition))];
      expect(seen).toHaveLength(fixture.events.length);
      expect(names.flatMap((name) => seen.filter(({ partition }) => partition === name))).toEqual(fixture.events);
    }

    it('names its columns, and yields them in these types', async () => {
      await withLog(async (log) => {
        expect(await log.columns()).toEqual(fixture.columns);
        const chunk = await log.next([], 10);
        expect(chunk).not.toBeNull();
        if (chunk === null) return;
        expect(Object.fromEntries(await reader.types(chunk))).toEqual({
          _offset: 'BIGINT',
          _event_time: 'TIMESTAMP WITH TIME ZONE',
          ...Object.fromEntries(fixture.columns.map((column, index) => [column.name, fixture.types[index]])),
          _error: 'VARCHAR',
          _raw: 'VARCHAR',
        });
        await chunk.release();
      });
    });

    it.each([1, 2, 3, 1000])('yields every event once and in order, %i at a time', async (maxEvents) => {
      await withLog(async (log) => {
        const consumer = new Consumer(reader);
        await consumer.drain(log, maxEvents);
        expectAll(consumer);
        expect(await log.next(consumer.known, maxEvents)).toBeNull();
      });
    });

    it('resumes after a restart at any offset inside a chunk', async () => {
      for (let part = 1; part <= 7; part++) {
        const consumer = new Consumer(reader);
        await withLog((log) => consumer.step(log, 7, () => part));
        await withLog((log) => consumer.drain(log, 5));
        expectAll(consumer);
      }
    });

    it('gives a chunk that was given up once more', async () => {
      await withLog(async (log) => {
        const first = await log.next([], 4);
        await first?.release();
        const consumer = new Consumer(reader);
        await consumer.drain(log, 4);
        expectAll(consumer);
      });
    });

    it('numbers partitions from the next free number on', async () => {
      await withLog(async (log) => {
        const consumer = new Consumer(reader);
        await consumer.drain(log, 1000);
        const numbers = consumer.known.map((state) => state.partition);
        expect(numbers).toEqual(numbers.map((_, index) => index));
      });
    });

    it('reads any range of a partition again, and moves nothing by it', async () => {
      await withLog(async (log) => {
        const consumer = new Consumer(reader);
        await consumer.drain(log, 1000);
        const [state] = consumer.known;
        if (state === undefined || log.read === undefined) throw new Error('the log cannot go back');
        const names = (await log.columns()).map((column) => column.name);
        const whole = consumer.events.filter(({ partition }) => partition === state.name);
        for (const [from, to] of [
          [0, state.nextOffset],
          [2, 6],
          [state.nextOffset - 1, state.nextOffset],
          [3, 3],
        ] as const) {
          const again: ReadEvent[] = [];
          for await (const chunk of log.read(state, from, to, 3)) {
            expect([chunk.partition, chunk.name]).toEqual([state.partition, state.name]);
            expect(chunk.to - chunk.from).toBeLessThanOrEqual(3);
            again.push(...(await reader.read(chunk, names)));
            await chunk.release();
          }
          expect(again).toEqual(whole.filter(({ offset }) => offset >= from && offset < to));
        }
        expect(await log.next(consumer.known, 1000)).toBeNull();
      });
    });

    it('has an identity that stays', async () => {
      expect(await withLog((log) => Promise.resolve(log.identity))).toBe(
        await withLog((log) => Promise.resolve(log.identity)),
      );
    });
  });
}

/** What DuckDB reads a chunk by. */
function relationOf({ source }: Chunk): string {
  if (source.kind === 'relation') return source.sql;
  throw new Error('the suite reads relations only');
}
