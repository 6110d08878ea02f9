import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach } from 'vitest';
import type { AppContext } from '../../src/app/context.js';
import { compareNow } from '../../src/app/compare.js';
import { runOnce } from '../../src/app/run.js';
import { CutoverError } from '../../src/model/errors.js';
import type { Comparison } from '../../src/model/comparison.js';
import { silentLogger, silentProgress, type Clock } from '../../src/model/ports.js';
import type { RunSummary } from '../../src/model/results.js';
import type { Row, SqlSession, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { freshDatabase } from '../postgres/database.js';

/** A clock that stands still until it is moved; whoever sleeps is woken when its time has come. */
export class HandClock implements Clock {
  #now: number;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  constructor(start = '2026-03-01T00:00:00Z') {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.push({ at: this.#now + ms, wake });
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }
}

export const MINUTE = 60_000;

/** Resolves when `condition` holds; gives up after `ms` of real time. */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !condition();) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The configuration as it stands in the file; JSON is YAML. */
export interface ConfigInput {
  readonly log?: object;
  readonly ingest?: object;
  readonly landing?: object;
  readonly store?: object;
  readonly pipelines: Readonly<Record<string, object>>;
  readonly views?: Readonly<Record<string, object>>;
}

export interface Event {
  readonly id: number;
  readonly k: string;
  readonly day: string;
  readonly amount: string;
}

/** Events with amounts that add up exactly; keys and days come again and again. */
export function events(count: number, from = 0): Event[] {
  return Array.from({ length: count }, (_, n) => {
    const id = from + n;
    return {
      id,
      k: `k${(id * 7) % 10}`,
      day: `2026-01-0${1 + ((id * 3) % 4)}`,
      amount: `${id % 13}.${String(id % 100).padStart(2, '0')}`,
    };
  });
}

export const SCHEMA = { id: 'bigint', k: 'text', day: 'date', amount: 'decimal(18,2)' };

export const BATCH_SQL = `SELECT k, count(*) AS n, CAST(sum(amount) AS DECIMAL(38,2)) AS total FROM events GROUP BY k`;

export const STREAM_SQL = `INSERT INTO totals AS t (k, n, total)
SELECT k, count(*), sum(amount) FROM batch_events GROUP BY k
ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total;`;

/** Makes the stream table by hand, for batch jobs that are no query. */
export const SETUP_SQL = 'CREATE TABLE totals (k TEXT PRIMARY KEY, n BIGINT, total DECIMAL(38,2))';

/** One pipeline, `totals`, whose two jobs agree; `parts` replace or add what is named. */
export function totals(parts: Readonly<Record<string, object>> = {}): Record<string, object> {
  return {
    totals: {
      key: ['k'],
      batch: { sql: BATCH_SQL },
      stream: { sql: STREAM_SQL },
      gate: { consecutive_passes: 1, max_age: '1h' },
      ...parts,
    },
  };
}

/** The server on which the projects of this test file keep their stores; null: they have the embedded one. */
let server: string | null = process.env['CUTOVER_TEST_DATABASE_URL'] ?? null;

/** From now on projects get a database of their own on this server. For a suite that is run again on PostgreSQL, see test/postgres. */
export function useServer(url: string): void {
  server = url;
}

/** What is written in another way for each store. */
export function perStore<T>(forms: { readonly duckdb: T; readonly postgres: T }): T {
  return server === null ? forms.duckdb : forms.postgres;
}

/** A condition in SQL over `events` that fails with this text for a row for which it is asked. */
export function failing(text: string): string {
  return perStore({ duckdb: `error('${text}')`, postgres: `CAST('${text}' || left(k, 0) AS BOOLEAN)` });
}

/** A store with nothing in it, and a session for which plain names are its own. */
export async function emptyStore(): Promise<{ readonly store: Store; readonly session: SqlSession }> {
  if (server !== null) return freshDatabase(server);
  const store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
  return { store, session: await store.session() };
}

let databases = 0;

/** A database of its own on the server of `url`, made here and now. */
function databaseOf(url: string): string {
  const name = `p_${process.pid}_${(databases += 1)}_${Math.random().toString(36).slice(2, 8)}`;
  const script = `import pg from 'pg'; const c = new pg.Client(process.argv[1]); await c.connect(); await c.query('CREATE DATABASE ${name}'); await c.end();`;
  // In a process of its own, because a constructor cannot wait for a promise.
  execFileSync(process.execPath, ['--input-type=module', '-e', script, url]);
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}

export class TestProject {
  readonly root = mkdtempSync(join(tmpdir(), 'cutover-project-'));
  readonly clock: Clock;

  /** The database of a PostgreSQL store; null: the embedded one. */
  readonly #url: string | null;

  /** The URL of its PostgreSQL database. */
  get url(): string {
    if (this.#url === null) throw new Error('the store is the embedded one');
    return this.#url;
  }

  constructor(
    config: ConfigInput = { pipelines: totals() },
    clock: Clock = new HandClock(),
    url: string | null = server === null ? null : databaseOf(server),
  ) {
    this.clock = clock;
    this.#url = url;
    mkdirSync(join(this.root, 'data'));
    this.configure(config);
  }

  configure(config: ConfigInput): void {
    this.file(
      'cutover.yaml',
      JSON.stringify(
        {
          version: 1,
          ...(this.#url === null
            ? {}
            : { store: { kind: 'postgres', url: '${DATABASE_URL}', schemas: { served: 'main' } } }),
          log: { path: 'data/*.ndjson', schema: SCHEMA },
          ingest: { max_events: 7 },
          ...config,
        },
        null,
        2,
      ),
    );
  }

  file(name: string, text: string): string {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  ndjson(name: string, rows: readonly object[]): void {
    this.file(join('data', name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  append(name: string, rows: readonly object[]): void {
    appendFileSync(join(this.root, 'data', name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  async parquet(name: string, select: string): Promise<void> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`COPY (${select}) TO '${join(this.root, 'data', name)}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
  }

  context(parts: Partial<AppContext> = {}): AppContext {
    return {
      configFile: join(this.root, 'cutover.yaml'),
      env: this.#url === null ? {} : { DATABASE_URL: this.#url },
      clock: this.clock,
      logger: silentLogger,
      progress: silentProgress,
      actor: 'ada',
      signal: new AbortController().signal,
      ...parts,
    };
  }

  run(parts: Partial<AppContext> = {}): Promise<RunSummary> {
    return runOnce(this.context(parts), { limit: 100 });
  }

  compare(pipeline = 'totals'): Promise<Comparison> {
    return compareNow(this.context(), pipeline, { limit: 100 });
  }

  /** Rows of the store; nobody else may have an embedded one open meanwhile. */
  query(sql: string): Promise<Row[]> {
    return this.#within((session) => session.query(sql));
  }

  /** Changes the store behind the product's back; returns how many rows it changed. */
  execute(sql: string): Promise<number> {
    return this.#within((session) => session.run(sql));
  }

  async #within<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const schemas = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' };
    const store =
      this.#url === null
        ? await openDuckDbStore({ path: join(this.root, '.cutover/cutover.duckdb'), schemas })
        : openPostgresStore({ url: this.#url, schemas });
    try {
      const session = await store.session();
      return await work(session);
    } finally {
      await store.close();
    }
  }

  side(side: 'batch' | 'stream', pipeline = 'totals'): Promise<Row[]> {
    return this.query(`SELECT * FROM cutover_${side}.${pipeline} ORDER BY ${this.#url === null ? 'ALL' : '1, 2'}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Projects for the tests of one file; each is removed after its test. */
export function testProjects(): (config?: ConfigInput, clock?: Clock) => TestProject {
  const made: TestProject[] = [];
  afterEach(() => {
    for (const project of made.splice(0)) project.remove();
  });
  return (config, clock) => {
    const project = new TestProject(config, clock);
    made.push(project);
    return project;
  };
}

/** What BATCH_SQL must give, computed here from the events. */
export function expectedTotals(all: readonly Event[]): Row[] {
  const sums = new Map<string, { n: number; cents: number }>();
  for (const { k, amount } of all) {
    const sum = sums.get(k) ?? { n: 0, cents: 0 };
    sums.set(k, { n: sum.n + 1, cents: sum.cents + Math.round(Number(amount) * 100) });
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, { n, cents }]) => ({ k, n: String(n), total: (cents / 100).toFixed(2) }));
}

/** The coded error that `work` ends with. */
export async function failure(work: Promise<unknown>): Promise<CutoverError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CutoverError) return error;
    throw error;
  }
  throw new Error('expected an error, there was none');
}

/** The only element of a list. */
export function only<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined || items.length !== 1) throw new Error(`expected one element, there are ${items.length}`);
  return first;
}
