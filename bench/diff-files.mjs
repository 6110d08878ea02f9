/**
 * `cutover diff` of two Parquet files as whole processes (a key and three values; sorted by the key, and against one whose rows are shuffled), against a process that runs DuckDB's own FULL OUTER JOIN of them and counts, in
 * alternating runs, and against datacompy with polars where a Python that has both is given. Prints ratios of medians and the peak of resident memory; asserts the
 * counts, never a time.
 *
 *   npm run build && node bench/diff-files.mjs [--rows 10000000] [--differences 1000] [--runs 5] [--python path/to/python]
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { median } from './postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    differences: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    python: { type: 'string', default: process.env.DATACOMPY_PYTHON ?? '' },
  },
});
const rows = Number(values.rows);
const differences = Number(values.differences);
const runs = Number(values.runs);
const step = Math.max(1, Math.floor(rows / differences));
const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
const file = (name) => join(folder, `${name}.parquet`);

const JOIN = `import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const [, left, right] = process.argv.slice(1);
const rows = await (await connection.run(\`SELECT count(*) FILTER (WHERE b.id IS NULL) AS b, count(*) FILTER (WHERE s.id IS NULL) AS s, count(*) FILTER (WHERE b.id IS NOT NULL AND s.id IS NOT NULL AND
  (b.amount IS DISTINCT FROM s.amount OR b.seen_at IS DISTINCT FROM s.seen_at OR b.label IS DISTINCT FROM s.label)) AS n FROM '\${left}' b FULL OUTER JOIN '\${right}' s ON b.id = s.id\`)).getRowObjectsJson();
console.log(rows[0].n);`;

const DATACOMPY = `import sys, polars, datacompy
left, right = polars.read_parquet(sys.argv[1]), polars.read_parquet(sys.argv[2])
compare = datacompy.PolarsCompare(left, right, join_columns=['id'])
print(compare.count_matching_rows())`;

/** The peak of resident memory (MB) of a process that may end at any time; 0 where there is no /proc. */
function watchPeak(pid) {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? peak);
    } catch {
      // It ended, or this is no Linux.
    }
  }, 20);
  return () => {
    clearInterval(timer);
    return peak / 1024;
  };
}

/** Runs a program to its end: its output, milliseconds and peak of resident memory in MB. */
async function run(command, args, codes = [0]) {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const peak = watchPeak(child.pid);
  let text = '';
  child.stdout.on('data', (part) => (text += part));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const ms = performance.now() - started;
  assert.ok(codes.includes(code), `${command} ended with ${code}`);
  return { text, ms, peak: peak() };
}

async function measure(title, right, expected) {
  const hand = [];
  const ours = [];
  let peak = 0;
  for (let round = 0; round <= runs; round += 1) {
    const join = await run(process.execPath, ['--input-type=module', '-e', JOIN, '--', 'x', file('left'), file(right)]);
    assert.equal(Number(join.text), expected);
    const diff = await run(
      process.execPath,
      ['dist/cli/main.js', 'diff', file('left'), file(right), '--key', 'id', '--format', 'json'],
      [expected === 0 ? 0 : 1],
    );
    const report = JSON.parse(diff.text);
    assert.equal(report.value_mismatch, expected);
    assert.equal(report.matched, rows - expected);
    if (round === 0) continue;
    hand.push(join.ms);
    ours.push(diff.ms);
    peak = Math.max(peak, diff.peak);
  }
  const pairs = ours.map((ms, index) => ms / hand[index]);
  console.log(
    `${title.padEnd(28)} join ${median(hand).toFixed(0)} ms  cutover diff ${median(ours).toFixed(0)} ms  ratio ${median(pairs).toFixed(2)} (${Math.min(...pairs).toFixed(2)} to ${Math.max(...pairs).toFixed(2)})  peak ${peak.toFixed(0)} MB`,
  );
  return median(ours);
}

try {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  for (const [name, shift] of [
    ['left', '0'],
    ['equal', '0'],
    ['scattered', `CASE WHEN i % ${step} = 0 AND i <= ${differences * step} THEN 1 ELSE 0 END`],
  ])
    await connection.run(
      `COPY (SELECT i AS id, CAST((i * 31) % 100000 AS DECIMAL(18,2)) / 100 + ${shift} AS amount,
         TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_microseconds((i % 1000000) * 1000001) AS seen_at, 'label ' || ((i * 17) % 5000) AS label
       FROM range(1, ${rows + 1}) g(i)) TO '${file(name)}' (FORMAT parquet)`,
    );
  for (const name of ['equal', 'scattered'])
    await connection.run(
      `COPY (SELECT * FROM '${file(name)}' ORDER BY hash(id)) TO '${file(`shuffled-${name}`)}' (FORMAT parquet)`,
    );
  connection.closeSync();
  console.log(`${rows} x ${rows} rows in Parquet, whole processes, median of ${runs} runs`);
  const equal = await measure('equal', 'equal', 0);
  const scattered = await measure(`${differences} scattered differences`, 'scattered', differences);
  await measure('equal, shuffled', 'shuffled-equal', 0);
  await measure(`${differences} scattered, shuffled`, 'shuffled-scattered', differences);
  if (values.python === '') {
    console.log(
      '*** NOT MEASURED: datacompy. Install it (pip install datacompy polars) and give its python by --python or DATACOMPY_PYTHON. ***',
    );
  } else {
    const script = join(folder, 'peer.py');
    await writeFile(script, DATACOMPY);
    for (const [title, right, own] of [
      ['equal', 'equal', equal],
      ['scattered', 'scattered', scattered],
    ]) {
      const peer = await run(values.python, [script, file('left'), file(right)]);
      console.log(
        `${title.padEnd(28)} datacompy ${peer.ms.toFixed(0)} ms, ${peer.peak.toFixed(0)} MB: ${(peer.ms / own).toFixed(1)} x the time of cutover diff`,
      );
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
