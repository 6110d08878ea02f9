import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Column } from '../../model/column.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { RowSource } from '../../model/row-source.js';
import type { FileLoad, Param, Row, SqlSession } from '../contract.js';
import type { GivenFile } from '../file-relation.js';
import { duckDbDialect } from './dialect.js';
import { mapped } from './errors.js';
import { StatementLimit } from './statement-limit.js';
import { loadFile } from './given-file.js';
import { csvRelation, withScratchFile } from './interchange.js';
import type { Locks } from './locks.js';

/**
 * The name under which the database file is attached. DuckDB would name it after the file, and a file `cutover.duckdb` would then make
 * `cutover.landing` ambiguous between catalog and schema.
 */
export const CATALOG = 'cutover_store';

/** DuckDB binds a JavaScript number as DOUBLE, which would round keys and offsets: whole numbers go as BIGINT. */
function bind(param: Param): DuckDBValue {
  return typeof param === 'number' && Number.isInteger(param) ? BigInt(param) : param;
}

/** Undefined for none: an empty list would take the longer way through a prepared statement. */
function boundAll(params: readonly Param[]): DuckDBValue[] | undefined {
  return params.length === 0 ? undefined : params.map(bind);
}

function temporary(name: string): string {
  return `temp.${duckDbDialect.quote(name)}`;
}

/** One DuckDB connection. Calls queue up behind each other: a connection runs one statement at a time. */
export class DuckDbSession implements SqlSession {
  readonly #connection: DuckDBConnection;
  #tail: Promise<unknown> = Promise.resolve();
  #cursorOpen = false;
  #limit: StatementLimit | undefined;

  readonly #locks: Locks;
  /** By name: how to give back a lock that this session holds. */
  readonly #held = new Map<string, () => void>();

  constructor(connection: DuckDBConnection, locks: Locks) {
    this.#connection = connection;
    this.#locks = locks;
  }

  /** From now on a statement that the database works on for longer (milliseconds) is ended, and rejects with STORE_TIMEOUT. */
  limitStatements(ms: number): void {
    this.#limit = new StatementLimit(ms, () => this.interrupt());
  }

  query(sql: string, params: readonly Param[] = []): Promise<Row[]> {
    return this.#queued(async () => {
      const result = await this.#connection.run(sql, boundAll(params));
      return result.getRowObjectsJson();
    });
  }

  run(sql: string, params: readonly Param[] = []): Promise<number> {
    return this.#queued(async () => (await this.#connection.run(sql, boundAll(params))).rowsChanged);
  }

  /** Names and types are not looked at. What DuckDB makes several statements of, such as PIVOT, is one text all the same. */
  async parse(sql: string): Promise<void> {
    await this.#queued(() => this.#connection.extractStatements(sql));
  }

  async script(sql: string): Promise<void> {
    await this.#queued(() => this.#connection.run(sql));
  }

  async *cursor(sql: string, params: readonly Param[] = []): AsyncIterable<Row[]> {
    const began = performance.now();
    const result = await this.#queued(() => this.#connection.stream(sql, params.map(bind)));
    const parts = result.yieldRowObjectJson();
    this.#cursorOpen = true;
    try {
      yield* this.#limit?.over(parts, performance.now() - began) ?? parts;
    } catch (error) {
      throw mapped(error);
    } finally {
      this.#cursorOpen = false;
    }
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const before = new Set(this.#held.keys());
    await this.script('BEGIN');
    try {
      let value: T;
      try {
        value = await work();
      } catch (error) {
        // The rollback itself may fail when the failed statement already ended the transaction.
        await this.script('ROLLBACK').catch(() => undefined);
        throw error;
      }
      await this.script('COMMIT');
      return value;
    } finally {
      for (const name of this.#held.keys()) if (!before.has(name)) this.#unlock(name);
    }
  }

  async lock(name: string): Promise<void> {
    if (!this.#held.has(name)) this.#held.set(name, await this.#locks.acquire(name));
  }

  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#held.has(name)) return work();
    await this.lock(name);
    try {
      return await work();
    } finally {
      this.#unlock(name);
    }
  }

  #unlock(name: string): void {
    this.#held.get(name)?.();
    this.#held.delete(name);
  }

  async materialize(name: string, query: string): Promise<number> {
    const [row] = await this.query(`CREATE OR REPLACE TEMPORARY TABLE ${duckDbDialect.quote(name)} AS ${query}`);
    return Number(row?.['Count']);
  }

  async defineView(name: string, query: string): Promise<void> {
    await this.script(`CREATE OR REPLACE TEMPORARY VIEW ${duckDbDialect.quote(name)} AS ${query}`);
  }

  async forget(name: string): Promise<void> {
    await this.script(`DROP TABLE IF EXISTS ${temporary(name)}`);
  }

  load(name: string, source: RowSource, columns: readonly DeclaredColumn[]): Promise<number> {
    return source.kind === 'relation'
      ? this.materialize(name, `SELECT * FROM ${source.sql}`)
      : withScratchFile(source.parts, (path, longest) => this.materialize(name, csvRelation(path, longest, columns)));
  }

  loadFile(name: string, file: GivenFile, columns: readonly Column[]): Promise<FileLoad> {
    return loadFile(this, name, file, columns);
  }

  async exportParquet(query: string, path: string): Promise<void> {
    await this.script(`COPY (${query}) TO ${duckDbDialect.literal(path)} (FORMAT parquet)`);
  }

  async searchPath(schemas: readonly string[]): Promise<void> {
    const path = schemas.map((name) => `${CATALOG}."${name.replaceAll('"', '""')}"`).join(',');
    await this.script(`SET search_path = '${path.replaceAll("'", "''")}'`);
  }

  interrupt(): void {
    this.#connection.interrupt();
  }

  async close(): Promise<void> {
    await this.#tail.catch(() => undefined);
    for (const name of this.#held.keys()) this.#unlock(name);
    this.#connection.closeSync();
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    // A streaming result is invalidated by the next statement of its connection: better an error than lost rows.
    if (this.#cursorOpen)
      return Promise.reject(new Error('a statement was sent while a cursor of the same session is open'));
    const limited = (): Promise<T> => this.#limit?.during(work) ?? work();
    const next = this.#tail.then(limited, limited).catch((error: unknown) => {
      throw mapped(error);
    });
    this.#tail = next.catch(() => undefined);
    return next;
  }
}
