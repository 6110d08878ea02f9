import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = join(import.meta.dirname, '..', '..');

const rule = z.object({ ignore: z.boolean().optional(), set: z.boolean().optional() });
const configuration = z.object({
  log: z.object({ path: z.string() }),
  pipelines: z.record(
    z.string(),
    z.object({
      key: z.array(z.string()),
      batch: z.object({ sql: z.string() }),
      stream: z.object({ sql: z.string(), setup: z.string() }),
      compare: z.object({ columns: z.record(z.string(), rule) }).optional(),
    }),
  ),
});

export interface TemplatePipeline {
  readonly name: string;
  readonly key: readonly string[];
  readonly batch: string;
  readonly stream: string;
  readonly setup: string;
  readonly rules: Readonly<Record<string, z.infer<typeof rule>>>;
}

/**
 * The pipelines of a template with the text of their SQL.
 *
 * @param streamFile another stream script of the folder instead of the configured one
 */
export function templatePipelines(template: string, streamFile?: string): TemplatePipeline[] {
  const folder = join(ROOT, 'templates', template);
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const { pipelines } = configuration.parse(parse(read('cutover.yaml')));
  return Object.entries(pipelines).map(([name, pipeline]) => ({
    name,
    key: pipeline.key,
    batch: read(pipeline.batch.sql),
    stream: read(streamFile ?? pipeline.stream.sql),
    setup: read(pipeline.stream.setup),
    rules: pipeline.compare?.columns ?? {},
  }));
}

/** Both sides of a template's pipelines in plain DuckDB, by the hand-written rules of the design: no product code takes part. */
export class Sides {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #pipelines: readonly TemplatePipeline[];
  #applied = 0;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, pipelines: readonly TemplatePipeline[]) {
    this.#instance = instance;
    this.connection = connection;
    this.#pipelines = pipelines;
  }

  /** @param events a query that yields the event columns, `_partition`, `_offset` and `seq`, the position in order of arrival from 0 */
  static async open(pipelines: readonly TemplatePipeline[], events: string): Promise<Sides> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
    const connection = await instance.connect();
    await connection.run(`
      SET TimeZone = 'UTC';
      CREATE SCHEMA cutover_batch;
      CREATE SCHEMA cutover_stream;
      CREATE TABLE main.arrivals AS ${events};
      CREATE TABLE main.landing AS SELECT * EXCLUDE (seq), now() AS _event_time, now() AS _ingested_at FROM main.arrivals LIMIT 0;
      CREATE TEMP VIEW events AS SELECT * FROM main.landing;
      SET search_path = 'cutover_stream';`);
    for (const pipeline of pipelines) await connection.run(pipeline.setup);
    return new Sides(instance, connection, pipelines);
  }

  async number(sql: string): Promise<number> {
    const reader = await this.connection.runAndReadAll(sql);
    return Number(reader.getRowsJson()[0]?.[0]);
  }

  total(): Promise<number> {
    return this.number('SELECT count(*) FROM main.arrivals');
  }

  /**
   * Lands the arrivals [from, to) and applies every stream job to them.
   *
   * @param stampEvery a replay joins former micro-batches, here of this many events each, which keep their `_ingested_at`
   */
  async ingest(from: number, to: number, stampEvery?: number): Promise<void> {
    this.#applied++;
    const stamp = stampEvery === undefined ? String(this.#applied) : `(seq // ${stampEvery})`;
    await this.connection.run(`
      CREATE TEMP TABLE batch_events AS
      SELECT * EXCLUDE (seq), CAST(NULL AS TIMESTAMPTZ) AS _event_time,
        TIMESTAMPTZ '2026-01-01 00:00:00+00' + ${stamp} * INTERVAL 1 SECOND AS _ingested_at
      FROM main.arrivals WHERE seq >= ${from} AND seq < ${to} ORDER BY seq;
      INSERT INTO main.landing SELECT * FROM batch_events;
      SET search_path = 'cutover_stream';`);
    for (const pipeline of this.#pipelines) await this.connection.run(pipeline.stream);
    await this.connection.run('DROP TABLE temp.batch_events');
  }

  /** One transaction, as ingest and rebuild do. */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.connection.run('BEGIN');
    await work();
    await this.connection.run('COMMIT');
  }

  /** Runs the batch jobs over what has landed. */
  async batch(): Promise<void> {
    await this.connection.run(`SET search_path = 'cutover_batch'`);
    for (const { name, batch } of this.#pipelines)
      await this.connection.run(`CREATE OR REPLACE TABLE cutover_batch.${name} AS ${batch}`);
  }

  /** Runs the batch jobs and counts the keys that differ, by pipeline. */
  async differences(): Promise<Record<string, number>> {
    await this.batch();
    const counts: Record<string, number> = {};
    for (const pipeline of this.#pipelines) {
      counts[pipeline.name] = await this.number(`SELECT count(*) ${await this.#joined(pipeline)}`);
    }
    return counts;
  }

  /** The columns that differ anywhere, by name, with the number of keys. */
  async differingColumns(name: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const pipeline of this.#pipelines.filter((candidate) => candidate.name === name)) {
      for (const column of await this.#compared(pipeline)) {
        const keys = await this.number(`SELECT count(*) ${await this.#joined(pipeline, [column])}`);
        if (keys > 0) counts[column] = keys;
      }
    }
    return counts;
  }

  async #compared({ name, key, rules }: TemplatePipeline): Promise<string[]> {
    const reader = await this.connection.runAndReadAll(`DESCRIBE cutover_batch.${name}`);
    const columns = reader.getRowsJson().map((row) => String(row[0]));
    return columns.filter((column) => !key.includes(column) && rules[column]?.ignore !== true);
  }

  async #joined(pipeline: TemplatePipeline, only?: readonly string[]): Promise<string> {
    const { name, key, rules } = pipeline;
    const value = (side: string, column: string): string =>
      rules[column]?.set === true ? `list_sort(list_distinct(${side}.${column}))` : `${side}.${column}`;
    const columns = only ?? (await this.#compared(pipeline));
    const differing = columns.map((column) => `${value('b', column)} IS DISTINCT FROM ${value('s', column)}`);
    const on = key.map((column) => `b.${column} = s.${column}`).join(' AND ');
    return `FROM cutover_batch.${name} b FULL OUTER JOIN cutover_stream.${name} s ON ${on}
      WHERE b.${key[0]} IS NULL OR s.${key[0]} IS NULL OR ${differing.join(' OR ')}`;
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** A SQL text literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The `events` query of `Sides.open` for rows of one column `payload`, in order of arrival. */
export function payloadRows(rows: readonly { payload: string | null; partition: number; offset: number }[]): string {
  const values = rows.map(
    ({ payload, partition, offset }, seq) =>
      `(${payload === null ? 'NULL' : quoted(payload)}, ${partition}, ${offset}, ${seq})`,
  );
  return `SELECT CAST(payload AS VARCHAR) AS payload, CAST(p AS INTEGER) AS _partition, CAST(o AS BIGINT) AS _offset, CAST(s AS BIGINT) AS seq
    FROM (VALUES ${values.join(', ')}) AS t(payload, p, o, s)`;
}

/** Ends of micro-batches from 0 to `total`, their sizes taken from `sizes` again and again. */
export function ends(total: number, sizes: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = 0, turn = 0; at < total; turn++) {
    at = Math.min(total, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
    found.push(at);
  }
  return found;
}

/** Replays up to `limit` events in micro-batches of these sizes and compares both sides after every `every`-th one. */
export async function replayed(
  sides: Sides,
  sizes: readonly number[],
  every: number,
  limit = Infinity,
): Promise<Record<string, number>[]> {
  const found: Record<string, number>[] = [];
  const boundaries = ends(Math.min(limit, await sides.total()), sizes);
  let from = 0;
  for (const [index, to] of boundaries.entries()) {
    await sides.transaction(() => sides.ingest(from, to));
    from = to;
    if ((index + 1) % every === 0 || index === boundaries.length - 1) found.push(await sides.differences());
  }
  return found;
}

/** Opens both sides of a template over `events`, lends them to `work`, and closes them. */
export async function withSides<T>(
  template: string,
  events: string,
  work: (sides: Sides) => Promise<T>,
  streamFile?: string,
): Promise<T> {
  const sides = await Sides.open(templatePipelines(template, streamFile), events);
  try {
    return await work(sides);
  } finally {
    sides.close();
  }
}
