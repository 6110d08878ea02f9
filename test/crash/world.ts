import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { init } from '../../src/app/init.js';

const DRIVER = join(import.meta.dirname, 'driver.mjs');
/** The built program (`npm run build`, which `npm test` does first). */
export const BIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

export interface Manner {
  readonly template: 'flights' | 'kappa' | 'medallion';
  readonly hold: 'snapshot' | 'copy';
  /** Data files of the template that are kept, and, of lines, how many of each. */
  readonly files: number;
  readonly lines?: number;
  readonly maxEvents: number;
  readonly every?: string;
  /** Where the project is made; default: a new folder. */
  readonly directory?: string;
}

export interface World {
  readonly root: string;
  readonly config: string;
  readonly store: string;
  readonly pipelines: readonly string[];
}

const settings = z.looseObject({
  log: z.looseObject({}),
  pipelines: z.record(z.string(), z.looseObject({ batch: z.looseObject({}) })),
});

/** A project made from a template: few events, small micro-batches, and rows that must go to quarantine where the format has lines. */
export async function makeWorld(manner: Manner): Promise<World> {
  const root = manner.directory ?? mkdtempSync(join(tmpdir(), 'cutover-crash-'));
  await init({ template: manner.template, directory: root, force: true });
  const data = join(root, 'data');
  for (const [index, name] of readdirSync(data).sort().entries()) {
    const file = join(data, name);
    if (index >= manner.files) rmSync(file);
    else if (name.endsWith('.ndjson')) {
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, manner.lines);
      lines.splice(3, 0, 'this is no JSON', '["a list"]');
      writeFileSync(file, `${lines.join('\n')}\n`);
    }
  }
  const config = join(root, 'cutover.yaml');
  const given = settings.parse(parse(readFileSync(config, 'utf8')));
  for (const pipeline of Object.values(given.pipelines))
    pipeline.batch = { ...pipeline.batch, hold: manner.hold, every: manner.every ?? '15m' };
  given['ingest'] = { max_events: manner.maxEvents, max_wait: '20ms', max_quarantined: 1000 };
  writeFileSync(config, stringify(given));
  return { root, config, store: join(root, '.cutover', 'cutover.duckdb'), pipelines: Object.keys(given.pipelines) };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output or error shows the pattern; rejects when the process ended before. */
  shows(pattern: RegExp): Promise<void>;
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const text = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
      for (const watch of watchers) watch();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  const shows = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        if (!pattern.test(text.stdout + text.stderr)) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      void ended.then(() =>
        reject(new Error(`ended before it showed ${pattern.source}: ${text.stdout}${text.stderr}`)),
      );
      watch();
    });
  return { child, ended, shows };
}

/** The promise to whoever stops the program: it is gone within 5 s. Past that it is killed, and its end shows the signal. */
export async function stopped({ child, ended }: Started): Promise<Ended> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  try {
    return await ended;
  } finally {
    clearTimeout(late);
  }
}

export const drive = (world: World, ...args: readonly string[]): Started => start([DRIVER, world.config, ...args]);
export const command = (world: World, ...args: readonly string[]): Started =>
  start([BIN, ...args, '--config', world.config]);

/** Reads the store as it lies on the disk, without changing it (what the log of changes holds is applied in memory only). */
export async function inspect<T>(path: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(`SET TimeZone = 'UTC'; ATTACH '${path}' AS store (READ_ONLY); USE store`);
    return await work((sql) => rows(connection, sql));
  } finally {
    // Closing alone leaves the lock to the garbage collector while a result is alive.
    await connection.run('USE memory; DETACH DATABASE IF EXISTS store');
    connection.closeSync();
    instance.closeSync();
  }
}

export type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;

async function rows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

const one = async (ask: Ask, sql: string): Promise<number> => Number((await ask(sql))[0]?.[0]);

/**
 * What must be the same however often a run was killed: offsets, and row count and digest of every table that holds data.
 * Times are not part of it, but which micro-batch an event came in, and their order, is.
 */
export async function tablesOf(path: string): Promise<Record<string, string>> {
  return inspect(path, async (ask) => {
    const found: Record<string, string> = {};
    const digest = async (name: string, query: string): Promise<void> => {
      const [row] = await ask(`SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t, chr(10) ORDER BY t)), '')
        FROM (SELECT CAST(to_json(q) AS VARCHAR) AS t FROM (${query}) q)`);
      found[name] = String(row?.[0]);
    };
    const names = await ask(`SELECT table_schema, table_name FROM information_schema.tables
      WHERE table_schema IN ('cutover_batch', 'cutover_stream') ORDER BY ALL`);
    for (const [schema, table] of names) {
      const name = `${String(schema)}.${String(table)}`;
      // The order in a list of the template's is left open (its rule compares a set); what is in it, and how often, is not.
      const lists = await ask(`SELECT column_name FROM information_schema.columns
        WHERE table_schema || '.' || table_name = '${name}' AND data_type LIKE '%[]'`);
      const sorted = lists.map(([column]) => `list_sort("${String(column)}") AS "${String(column)}"`).join(', ');
      await digest(name, `SELECT * ${sorted === '' ? '' : `REPLACE (${sorted})`} FROM ${name}`);
    }
    await digest(
      'landing',
      'SELECT * EXCLUDE (_ingested_at), dense_rank() OVER (ORDER BY _ingested_at) AS nth FROM cutover.landing',
    );
    await digest('quarantine', 'SELECT * EXCLUDE (quarantined_at) FROM cutover.quarantine');
    await digest('offsets', 'SELECT * EXCLUDE (updated_at, position) FROM cutover.offsets');
    await digest('batch results', 'SELECT pipeline, code_hash, cut_json FROM cutover.batch_results');
    await digest('stream jobs', 'SELECT pipeline, code_hash, objects_json FROM cutover.stream_jobs');
    await digest('batch jobs', 'SELECT pipeline, code_hash, objects_json FROM cutover.batch_jobs');
    return found;
  });
}

/**
 * What must hold in a store at every moment, killed or not; returns what does not.
 * `whole`: cycles are one transaction, so each cut has equally many comparisons of every pipeline.
 */
export async function broken(path: string, world: World, whole: boolean): Promise<string[]> {
  return inspect(path, async (ask) => {
    const wrong: string[] = [];
    const none = async (what: string, sql: string): Promise<void> => {
      const n = await one(ask, `SELECT count(*) FROM (${sql})`);
      if (n > 0) wrong.push(`${what}: ${n}`);
    };
    const landed = await ask(`SELECT 1 FROM information_schema.tables WHERE table_name = 'landing'`);
    if (landed.length === 0) return wrong;
    const arrived = `SELECT _partition AS p, _offset AS o FROM cutover.landing UNION ALL SELECT partition, "offset" FROM cutover.quarantine`;
    await none('offsets twice', `SELECT p, o FROM (${arrived}) GROUP BY ALL HAVING count(*) > 1`);
    await none(
      'partitions whose events are not those below their offset',
      `SELECT * FROM (SELECT p, count(*) AS n, max(o) + 1 AS top FROM (${arrived}) GROUP BY p) a
       FULL JOIN cutover.offsets s ON a.p = s.partition WHERE n IS DISTINCT FROM next_offset OR top IS DISTINCT FROM next_offset`,
    );
    // A cycle that is due before the first event is inconclusive, and rightly so.
    await none(
      'comparisons that do not pass',
      `SELECT * FROM cutover.comparisons WHERE verdict <> 'pass' AND NOT (verdict = 'inconclusive' AND cut_json = '{}')`,
    );
    await none(
      'comparisons half stored',
      `SELECT * FROM cutover.comparisons WHERE json_extract_string(result_json, '$.verdict') IS DISTINCT FROM verdict
        OR json_extract_string(result_json, '$.pipeline') IS DISTINCT FROM pipeline`,
    );
    await none('discrepancies', 'SELECT * FROM cutover.discrepancies');
    await none(
      'batch sides at another cut than their last comparison',
      `SELECT * FROM cutover.batch_results r WHERE cut_json IS DISTINCT FROM
        (SELECT arg_max(cut_json, id) FROM cutover.comparisons c WHERE c.pipeline = r.pipeline)`,
    );
    if (whole) {
      await none(
        'cuts with part of a cycle',
        `SELECT cut_json FROM (SELECT cut_json, pipeline, count(*) AS n FROM cutover.comparisons GROUP BY ALL)
         GROUP BY cut_json HAVING count(*) <> ${world.pipelines.length} OR min(n) <> max(n)`,
      );
    }
    return wrong;
  });
}
