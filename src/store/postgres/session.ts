import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { RowSource } from '../../model/row-source.js';
import type { FileLoad, Isolation, Param, Place, Row, SqlSession } from '../contract.js';
import type { GivenFile } from '../file-relation.js';
import { analyzeScript } from './analyze.js';
import { Columns } from './columns.js';
import { connectionLost, mapped } from './errors.js';
import { loadFile } from './given-file.js';
import { exportParquet, relationToCsv, withScratchFolder } from './interchange.js';
import { lockKey, placed, quote } from './names.js';
import { takeCopied } from './paced.js';
import { lastOf } from './result.js';
import { cutOff, streamOf } from './socket.js';
import { streamRows, takeRows, type RowStream } from './row-stream.js';
import { bound, stagedColumns, TYPES, unstaged } from './types.js';

/** One connection to PostgreSQL. Calls queue up behind each other. */
export class PostgresSession implements SqlSession {
  readonly #client: pg.Client;
  /** Cancels what a backend is doing, by another connection. */
  readonly #cancel: (backend: number) => Promise<void>;
  readonly #columns: Columns;
  readonly #exclusive = new Set<string>();
  #tail: Promise<unknown> = Promise.resolve();
  #running = false;
  #statements = 0;
  #inTransaction = false;
  #interrupting = false;
  #lost: Error | undefined;
  readonly #shown: string;

  /**
   * @param client connected
   * @param shown the connection without its password
   */
  constructor(client: pg.Client, cancel: (backend: number) => Promise<void>, shown: string) {
    this.#client = client;
    this.#cancel = cancel;
    this.#shown = shown;
    this.#columns = new Columns(this);
    client.on('error', (error) => {
      this.#lost = error;
    });
    client.on('end', () => {
      this.#lost ??= new Error('Connection terminated');
    });
  }

  /** The server's process for this connection. */
  get backend(): number {
    return (this.#client as unknown as { readonly processID: number }).processID;
  }

  /** When something has been running here without an answer: its number and the moment it was sent (milliseconds of the process). */
  get busySince(): { readonly statement: number; readonly at: number } | null {
    return !this.#running ? null : { statement: this.#statements, at: this.#sentAt };
  }
  #sentAt = 0;

  /** Bytes that went over the connection, in both directions. */
  get traffic(): number {
    const { bytesRead, bytesWritten } = streamOf(this.#client);
    return bytesRead + bytesWritten;
  }

  /** Gives the connection up: what runs on it is rejected. */
  destroy(): void {
    this.#lost ??= new Error('Connection terminated: no answer');
    cutOff(this.#client);
  }

  async query(sql: string, params: readonly Param[] = []): Promise<Row[]> {
    return (await this.#send(sql, params)).rows as Row[];
  }

  async run(sql: string, params: readonly Param[] = []): Promise<number> {
    return (await this.#send(sql, params)).rowCount ?? 0;
  }

  /** Names and types are looked at too. By the extended protocol, which takes no second statement: by the other one it would have been run. */
  async parse(sql: string): Promise<void> {
    const query: pg.QueryConfig & { queryMode: string } = { text: `EXPLAIN ${sql}`, queryMode: 'extended' };
    await this.#queued(() => this.#client.query(query), query.text);
  }

  async script(sql: string): Promise<void> {
    await this.#send(sql, []);
  }

  /** The types of a query's columns, without running it for its rows. */
  async fields(sql: string): Promise<readonly pg.FieldDef[]> {
    return (await this.#send(sql, [])).fields;
  }

  columns(relation: string): Promise<Column[]> {
    return this.#columns.of(relation);
  }

  cursor(sql: string, params: readonly Param[] = []): AsyncIterable<Row[]> {
    const start = (begun: (stream: RowStream) => void): Promise<void> =>
      this.#queued(async () => {
        const query = { text: sql, values: params.map(bound), types: TYPES };
        const stream = streamRows(this.#client, query, (paused) => this.#paused(paused));
        begun(stream);
        await stream.finished;
      }, sql);
    return takeRows(start);
  }

  async transaction<T>(work: () => Promise<T>, isolation: Isolation = 'snapshot'): Promise<T> {
    await this.#begin(isolation);
    let value: T;
    try {
      value = await work();
    } catch (error) {
      await this.#end('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await this.#end('COMMIT');
    return value;
  }

  async #begin(isolation: Isolation): Promise<void> {
    if (this.#inTransaction) throw new Error('a transaction was begun inside another');
    // Before the server says so: another one that is begun meanwhile would be inside it.
    this.#inTransaction = true;
    try {
      await this.script(`BEGIN ISOLATION LEVEL ${isolation === 'snapshot' ? 'REPEATABLE READ' : 'READ COMMITTED'}`);
    } catch (error) {
      this.#inTransaction = false;
      throw error;
    }
  }

  async #end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.#inTransaction = false;
    const { command } = await this.#send(how, []);
    // The server answers COMMIT of a failed transaction by rolling it back, and by that word only.
    if (how === 'COMMIT' && command === 'ROLLBACK') throw new Error('the transaction had failed and was rolled back');
  }

  async lock(name: string): Promise<void> {
    await this.query(`SELECT pg_advisory_xact_lock(${lockKey(name)})`);
  }

  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#exclusive.has(name)) return work();
    await this.query(`SELECT pg_advisory_lock(${lockKey(name)})`);
    this.#exclusive.add(name);
    try {
      return await work();
    } finally {
      this.#exclusive.delete(name);
      // A lost connection gave it back already.
      await this.query(`SELECT pg_advisory_unlock(${lockKey(name)})`).catch(() => undefined);
    }
  }

  async materialize(name: string, query: string, place: Place = 'session'): Promise<number> {
    await this.forget(name, place);
    // Unlogged: of what only one cycle needs, nothing has to outlive a crash.
    const kind = place === 'store' ? 'UNLOGGED' : 'TEMPORARY';
    const rows = await this.run(`CREATE ${kind} TABLE ${placed(name, place)} AS ${query}`);
    const analyze = analyzeScript(placed(name, place), rows);
    if (analyze !== null) await this.script(analyze);
    return rows;
  }

  async defineView(name: string, query: string): Promise<void> {
    await this.script(`DROP VIEW IF EXISTS pg_temp.${quote(name)}; CREATE TEMPORARY VIEW ${quote(name)} AS ${query}`);
  }

  async forget(name: string, place: Place = 'session'): Promise<void> {
    await this.script(`DROP TABLE IF EXISTS ${placed(name, place)}`);
  }

  async load(name: string, source: RowSource, columns: readonly DeclaredColumn[]): Promise<number> {
    // Lists travel as JSON texts, which only SQL makes lists of.
    const lists = columns.some(({ type }) => type.endsWith('[]'));
    const staged = !lists ? name : `${name}_staged`;
    await this.forget(staged);
    await this.script(`CREATE TEMPORARY TABLE ${quote(staged)} (${stagedColumns(columns)})`);
    const copied =
      source.kind === 'csv'
        ? await this.#copyIn(staged, Readable.from(source.parts, { objectMode: false }))
        : await withScratchFolder(async (folder) => {
            const path = join(folder, 'rows.csv');
            await relationToCsv(source.sql, columns, path);
            return this.#copyIn(staged, createReadStream(path, { highWaterMark: 1 << 20 }));
          });
    if (!lists) return copied;
    const rows = await this.materialize(name, `SELECT ${unstaged(columns)} FROM pg_temp.${quote(staged)}`);
    await this.forget(staged);
    return rows;
  }

  loadFile(name: string, file: GivenFile, columns: readonly Column[], place?: Place): Promise<FileLoad> {
    return loadFile(this, name, file, columns, place);
  }

  exportParquet(query: string, path: string): Promise<void> {
    return exportParquet(this, query, path);
  }

  /** While the server waits for this process, its silence says nothing. */
  #paused(paused: boolean): void {
    this.#running = !paused;
    this.#sentAt = performance.now();
  }

  /** Runs a COPY ... TO STDOUT and gives its bytes to `take`: see `takeCopied`. */
  copyOut<T>(
    statement: string,
    take: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<{ taken: T; rows: () => number }> {
    const stream = this.#streaming(() => this.#client.query(copyTo(statement)));
    const cancel = (): Promise<void> => this.#cancel(this.backend);
    return stream((out) => takeCopied(out, take, cancel, (paused) => this.#paused(paused)));
  }

  async searchPath(schemas: readonly string[]): Promise<void> {
    await this.script(`SET search_path TO ${schemas.map(quote).join(', ')}`);
  }

  interrupt(): void {
    // Whoever wants a statement ended asks again and again: one request at a time is under way.
    if (!this.#running || this.#interrupting) return;
    this.#interrupting = true;
    void this.#cancel(this.backend)
      .catch(() => undefined)
      .finally(() => {
        this.#interrupting = false;
      });
  }

  async close(): Promise<void> {
    // `end` waits for an answer that a lost connection never gives.
    if (this.#lost !== undefined) this.destroy();
    else await Promise.race([this.#client.end(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
  }

  /** Returns the number of rows, as the server counted them. */
  async #copyIn(table: string, rows: Readable): Promise<number> {
    const stream = this.#streaming(() =>
      this.#client.query(copyFrom(`COPY pg_temp.${quote(table)} FROM STDIN (FORMAT csv)`)),
    );
    return stream(async (into) => {
      await pipeline(rows, into);
      return into.rowCount;
    });
  }

  /** Runs a COPY, which is a stream and not a statement of the driver's. */
  #streaming<S>(begin: () => S): <T>(work: (stream: S) => Promise<T>) => Promise<T> {
    return (work) => this.#queued(() => work(begin()), '');
  }

  /** One after the other, as the connection takes them. */
  #queued<T>(work: () => Promise<T>, sql: string): Promise<T> {
    const next = this.#tail.then(async () => {
      this.#requireConnection();
      this.#running = true;
      this.#statements += 1;
      this.#sentAt = performance.now();
      try {
        return await work();
      } catch (error) {
        const known = mapped(error, sql, this.#shown);
        if (!(known instanceof CutoverError)) this.#requireConnection();
        throw known;
      } finally {
        this.#running = false;
      }
    });
    this.#tail = next.catch(() => undefined);
    return next;
  }

  #requireConnection(): void {
    if (this.#lost !== undefined) throw connectionLost(this.#lost, this.#shown);
  }

  #send(sql: string, params: readonly Param[]): Promise<pg.QueryResult> {
    return this.#queued(async () => {
      const result: pg.QueryResult | pg.QueryResult[] =
        params.length === 0
          ? await this.#client.query({ text: sql, types: TYPES })
          : await this.#client.query({ text: sql, values: params.map(bound), types: TYPES });
      return lastOf(result);
    }, sql);
  }
}
