/**
 * Ingest of 3,000,000 flights (Parquet) into landing + stream side, against a hand-written script that does the same inserts and upserts
 * with plain SQL over read_parquet in micro-batches of the same size. Run: npm run build && node bench/ingest.mjs [rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { withProject } from '../dist/app/open.js';
import { startRun } from '../dist/app/run.js';
import { drain } from '../dist/shadow/runner.js';
import { contextFor, FLIGHTS, median, SETUP, UPSERT, writeProject } from './flights-project.mjs';

const ROUNDS = Number(process.argv[2] ?? 3);
const SIZE = 10_000;

async function timed(work) {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-bench-'));
  try {
    const started = performance.now();
    const rows = await work(folder);
    return { seconds: (performance.now() - started) / 1000, rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function cutover(folder) {
  const ctx = contextFor(writeProject(folder, { maxEvents: SIZE }));
  return withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: 100 }, new Map());
    await drain(parts);
    return parts.ingest.counts.events;
  });
}

async function byHand(folder) {
  const instance = await DuckDBInstance.create(join(folder, 'hand.duckdb'));
  const db = await instance.connect();
  await db.run(
    `CREATE TABLE landing (date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR, _partition INTEGER, _offset BIGINT, _ingested_at TIMESTAMPTZ)`,
  );
  await db.run(SETUP);
  await db.run('CREATE TABLE position (next_offset BIGINT)');
  await db.run('INSERT INTO position VALUES (0)');
  const [[total]] = (await db.runAndReadAll(`SELECT count(*) FROM read_parquet('${FLIGHTS}')`)).getRowsJson();
  for (let from = 0; from < Number(total); from += SIZE) {
    await db.run('BEGIN');
    await db.run(`CREATE OR REPLACE TEMPORARY TABLE batch_events AS
      SELECT * EXCLUDE file_row_number, 0 AS _partition, file_row_number AS _offset, now() AS _ingested_at
      FROM read_parquet('${FLIGHTS}', file_row_number = true) WHERE file_row_number >= ${from} AND file_row_number < ${from + SIZE}`);
    await db.run('INSERT INTO landing SELECT * FROM batch_events');
    await db.run(UPSERT);
    await db.run(`UPDATE position SET next_offset = ${from + SIZE}`);
    await db.run('COMMIT');
  }
  db.closeSync();
  instance.closeSync();
  return Number(total);
}

const a = [];
const b = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const one = await timed(cutover);
  const two = await timed(byHand);
  if (one.rows !== two.rows) throw new Error(`cutover took ${one.rows} events, the script ${two.rows}`);
  a.push(one.seconds);
  b.push(two.seconds);
  console.log(
    `round ${round + 1}: cutover ${one.seconds.toFixed(2)} s, by hand ${two.seconds.toFixed(2)} s, ${one.rows} events`,
  );
}
console.log(
  `cutover ${(3e6 / median(a) / 1000).toFixed(0)}k events/s, by hand ${(3e6 / median(b) / 1000).toFixed(0)}k events/s`,
);
console.log(`speed of cutover / by hand: ${(median(b) / median(a)).toFixed(2)} x (target >= 0.50)`);
