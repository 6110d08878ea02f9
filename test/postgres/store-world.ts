import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { BIN, start, type Started } from '../crash/world.js';

const DRIVER = join(import.meta.dirname, 'driver.mjs');

/** A project in a folder of its own on a fresh PostgreSQL database, and the real processes that work on it. */
export class StoreWorld {
  readonly root = mkdtempSync(join(tmpdir(), 'cutover-shared-'));
  readonly config = join(this.root, 'cutover.yaml');
  /** Straight to the server, for the verifier. */
  readonly database: string;
  readonly #running: Started[] = [];

  protected constructor(database: string) {
    this.database = database;
  }

  /** The built program. `through`: the URL of the store as it sees it, for example that of a proxy. */
  cli(args: readonly string[], through = this.database): Started {
    return this.started([BIN, ...args, '--config', this.config], through);
  }

  /** The program's use cases by `driver.mjs`, with a lease of `lease` ms. */
  drive(lease: number, args: readonly string[], through = this.database): Started {
    return this.started([DRIVER, this.config, String(lease), ...args], through);
  }

  protected started(args: readonly string[], through: string): Started {
    const started = start(args, { STORE_URL: through });
    this.#running.push(started);
    return started;
  }

  async ask<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** How many events the store holds; 0 while there is no store. */
  async landed(): Promise<number> {
    const rows = await this.ask<{ n: string }>('SELECT count(*) AS n FROM cutover.landing').catch(() => []);
    return Number(rows[0]?.n ?? 0);
  }

  /** How many pipelines were compared, without an error, at the cut in which the offsets add up to `total`. */
  async comparedAt(total: number): Promise<number> {
    const [row] = await this.ask<{ n: string }>(
      `SELECT count(DISTINCT pipeline) AS n FROM cutover.comparisons WHERE verdict <> 'error'
       AND (SELECT sum(CAST(value AS BIGINT)) FROM json_each_text(CAST(cut_json AS JSON))) = ${total}`,
    );
    return Number(row?.n);
  }

  /** Names `what`, with the first of them, when the query finds rows. */
  async none(what: string, sql: string): Promise<string[]> {
    const rows = await this.ask<{ t: string }>(`SELECT CAST(row_to_json(q) AS TEXT) AS t FROM (${sql}) q LIMIT 3`);
    return rows.length === 0 ? [] : [`${what}: ${rows.map(({ t }) => t).join(' ')}`];
  }

  async until(condition: () => Promise<boolean>, what: string, ms = 150_000): Promise<void> {
    for (const end = Date.now() + ms; !(await condition().catch(() => false));) {
      if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async remove(): Promise<void> {
    for (const { child, ended } of this.#running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}
