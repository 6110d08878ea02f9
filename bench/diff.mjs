/**
 * Compares two tables of a DuckDB file (a key and three values) and measures it against a hand-written FULL OUTER JOIN that counts the
 * same differences, in alternating runs. Prints the ratio of the medians; asserts the counts, never a time.
 *
 *   npm run build && node bench/diff.mjs [rows = 10000000] [differences = 1000] [runs = 5]
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { compareTables } from '../dist/diff/compare.js';
import { openDuckDbStore } from '../dist/store/duckdb/store.js';

const [rows = 10_000_000, differences = 1000, runs = 5] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
const store = await openDuckDbStore({
  path: join(folder, 'bench.duckdb'),
  schemas: { batch: 'b', stream: 's', served: 'main' },
});

const DISTINCT = ['amount', 'total', 'label'].map((name) => `b.${name} IS DISTINCT FROM s.${name}`).join(' OR ');
const byHand = (
  stream,
) => `SELECT count(*) FILTER (WHERE b.id IS NULL) AS missing_in_batch, count(*) FILTER (WHERE s.id IS NULL) AS missing_in_stream,
  count(*) FILTER (WHERE b.id IS NOT NULL AND s.id IS NOT NULL AND (${DISTINCT})) AS value_mismatch
  FROM batch_rows b FULL OUTER JOIN ${stream} s ON b.id = s.id`;

async function timed(work) {
  const started = performance.now();
  const result = await work();
  return { result, ms: performance.now() - started };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function measure(session, title, stream, expected, options) {
  const join = [];
  const diff = [];
  let plan;
  for (let run = 0; run <= runs; run += 1) {
    const hand = await timed(() => session.query(byHand(stream)));
    const ours = await timed(() =>
      session.transaction(() =>
        compareTables(session, store.dialect, {
          batch: 'batch_rows',
          stream,
          key: ['id'],
          rules: { columns: {} },
          today: '2026-01-01',
          unique: { batch: true, stream: true },
          limit: 100,
          ...options,
        }),
      ),
    );
    assert.equal(Number(hand.result[0].value_mismatch), expected);
    assert.equal(ours.result.value_mismatch, expected);
    assert.equal(ours.result.matched, rows - expected);
    plan = ours.result.plan;
    // The first run warms the file cache for both.
    if (run === 0) continue;
    join.push(hand.ms);
    diff.push(ours.ms);
  }
  const how = `${plan.strategy}${plan.buckets === undefined ? '' : `, ${plan.differing_buckets} of ${plan.buckets} buckets differ`}`;
  const ratio = (median(diff) / median(join)).toFixed(2);
  console.log(
    `${title.padEnd(44)} join ${median(join).toFixed(0)} ms  diff ${median(diff).toFixed(0)} ms  ratio ${ratio}  (${how})`,
  );
}

try {
  const session = await store.session();
  for (const [table, shift] of [
    ['batch_rows', '0'],
    ['stream_equal', '0'],
    [
      'stream_scattered',
      `CASE WHEN i % ${Math.max(1, Math.floor(rows / differences))} = 0 AND i < ${differences * Math.max(1, Math.floor(rows / differences))} THEN 1 ELSE 0 END`,
    ],
  ]) {
    await session.run(
      `CREATE TABLE ${table} (id BIGINT PRIMARY KEY, amount INTEGER, total DECIMAL(18,2), label VARCHAR)`,
    );
    await session.run(
      `INSERT INTO ${table} SELECT i, (i * 7) % 1000 + ${shift}, ((i * 31) % 100000) / 100, 'label ' || ((i * 17) % 5000) FROM range(${rows}) r(i)`,
    );
  }
  await session.run('CHECKPOINT');
  console.log(`${rows} x ${rows} rows, ${differences} differences, median of ${runs} runs`);
  await measure(session, 'equal', 'stream_equal', 0, {});
  await measure(session, 'equal, duplicates possible on the batch side', 'stream_equal', 0, {
    unique: { batch: false, stream: true },
  });
  await measure(session, 'scattered', 'stream_scattered', differences, {});
  await measure(session, 'scattered, as the last comparison', 'stream_scattered', differences, {
    previous: { differing: differences, keys: rows },
  });
  await measure(session, 'scattered, by join', 'stream_scattered', differences, { strategy: 'join' });
} finally {
  await store.close();
  await rm(folder, { recursive: true });
}
