import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DiffContext, DiffOptions } from '../../src/app/diff-options.js';
import { diffTables } from '../../src/app/diff.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { CutoverError } from '../../src/model/errors.js';
import { silentProgress } from '../../src/model/ports.js';

/** A folder with files to be compared. */
class DiffWorld {
  root = '';
  stop = new AbortController();

  open(): void {
    this.root = mkdtempSync(join(tmpdir(), 'cutover-diff-test-'));
    this.stop = new AbortController();
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string | Uint8Array): string {
    writeFileSync(this.path(name), text);
    return name;
  }

  /** Runs statements in a DuckDB whose names of files are those of the folder. */
  async sql(...statements: string[]): Promise<void> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      for (const statement of statements) await connection.run(statement.replaceAll('@/', `${this.root}/`));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  /** A Parquet file of the rows of a query. */
  async parquet(name: string, query: string): Promise<string> {
    await this.sql(`COPY (${query}) TO '@/${name}' (FORMAT parquet)`);
    return name;
  }

  context(): DiffContext {
    return {
      cwd: this.root,
      env: {},
      clock: { now: () => new Date(), sleep: () => Promise.resolve() },
      progress: silentProgress,
      signal: this.stop.signal,
    };
  }

  diff(left: string, right: string, options: Omit<DiffOptions, 'left' | 'right'> = {}): Promise<DiffReport> {
    return diffTables(this.context(), { left, right, ...options });
  }

  async failing(left: string, right: string, options: Omit<DiffOptions, 'left' | 'right'> = {}): Promise<CutoverError> {
    const report = await this.diff(left, right, options).catch((error: unknown) => error);
    if (report instanceof CutoverError) return report;
    throw report instanceof Error ? report : new Error(`it was compared: ${JSON.stringify(report)}`);
  }
}

/** A world for the tests of the suite in which it is called: each finds an empty folder and no stop. */
export function worldPerTest(): DiffWorld {
  const world = new DiffWorld();
  beforeEach(() => world.open());
  afterEach(() => world.close());
  return world;
}

/** A world for all tests of the suite in which it is called. */
export function worldPerSuite(): DiffWorld {
  const world = new DiffWorld();
  beforeAll(() => world.open());
  afterAll(() => world.close());
  return world;
}

/** What a report counts, without what is zero. */
export function countsOf(report: DiffReport): Record<string, number> {
  const { matched, tolerated, missing_in_stream, missing_in_batch, value_mismatch, duplicate_key, null_key } = report;
  const all = { matched, tolerated, missing_in_stream, missing_in_batch, value_mismatch, duplicate_key, null_key };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

/** What a comparison found, without when and in which way it was made. */
export function findingsOf({
  timing: _,
  started_at: __,
  finished_at: ___,
  plan: ____,
  notes: _____,
  ...rest
}: DiffReport): Omit<DiffReport, 'timing' | 'started_at' | 'finished_at' | 'plan' | 'notes'> {
  return rest;
}
