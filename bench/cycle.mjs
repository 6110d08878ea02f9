/**
 * What a cycle costs when nothing changed since the last cut, and when only one partition was touched, against the first one,
 * over 3,000,000 landed flights. Run: npm run build && node bench/cycle.mjs
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { withProject } from '../dist/app/open.js';
import { startRun } from '../dist/app/run.js';
import { cycleOnce, drain } from '../dist/shadow/runner.js';
import { contextFor, FLIGHTS, median, writeProject } from './flights-project.mjs';

async function export_(sql, to) {
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  await db.run(`COPY (${sql}) TO '${to}' (FORMAT parquet)`);
  db.closeSync();
  instance.closeSync();
}

const folder = mkdtempSync(join(tmpdir(), 'cutover-bench-'));
try {
  mkdirSync(join(folder, 'data'));
  await export_(`FROM '${FLIGHTS}' WHERE date < '2001-06-30'`, join(folder, 'data', 'a.parquet'));
  const batch = ', partition_by: { column: flight_date, from: "CAST(date AS DATE)", full_every: 24h }';
  const ctx = contextFor(writeProject(folder, { maxEvents: 100_000, batch, path: 'data/*.parquet' }));
  await withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: 100 }, new Map());
    await drain(parts);
    const cycle = async (expected) => {
      const started = performance.now();
      const [comparison] = await cycleOnce(parts, open.project.pipelines, false);
      const took = performance.now() - started;
      if (comparison.verdict !== 'pass')
        throw new Error(`the comparison was ${comparison.verdict}: ${comparison.reasons}`);
      if (expected === 'reused' ? comparison.reused_from === null : comparison.scope.full !== (expected === 'full')) {
        throw new Error(`expected a ${expected} comparison`);
      }
      return took;
    };
    const first = await cycle('full');
    const nothing = [];
    for (let i = 0; i < 20; i += 1) nothing.push(await cycle('reused'));
    await export_(`FROM '${FLIGHTS}' WHERE date >= '2001-06-30'`, join(folder, 'data', 'b.parquet'));
    await drain(parts);
    const touched = await cycle('partial');
    console.log(
      `first cycle ${first.toFixed(0)} ms, nothing arrived ${median(nothing).toFixed(1)} ms, 1 or 2 of 182 partitions touched ${touched.toFixed(0)} ms`,
    );
    console.log(`nothing arrived / first: ${(median(nothing) / first).toFixed(3)} x (target <= 0.05)`);
    console.log(`partitions touched / first: ${(touched / first).toFixed(3)} x`);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
