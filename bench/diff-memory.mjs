/**
 * Peak memory of `cutover diff` as a whole process, where a million keys differ among two million and more: two databases of PostgreSQL, PostgreSQL and Parquet, two Parquet files, two
 * CSV files, two NDJSON files (a key and three values). Asserts the counts. The server is that of DATABASE_URL, else one that is started for the run.
 *
 *   npm run build && node bench/diff-memory.mjs [--rows 2500000] [--differences 1000000] [--memory 320MB] [--only 'part of a title']
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { openPostgresStore } from '../dist/store/postgres/store.js';
import { withDatabase } from './postgres-server.mjs';

const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PEAK = new URL('peak.mjs', import.meta.url).href;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2500000' },
    differences: { type: 'string', default: '1000000' },
    memory: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
  },
});
const rows = Number(values.rows);
const differences = Number(values.differences);

async function measure(title, left, right) {
  if (!title.includes(values.only)) return;
  const started = performance.now();
  const args = ['--import', PEAK, PROGRAM, 'diff', left, right, '--key', 'id', '--format', 'json'];
  if (values.memory !== '') args.push('--memory', values.memory);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const texts = ['', '', '', ''];
  for (const fd of [1, 3]) child.stdio[fd].setEncoding('utf8').on('data', (part) => (texts[fd] += part));
  const [code] = await once(child, 'close');
  assert.ok(texts[1] !== '', `${title}: cutover ended with ${code} and printed nothing`);
  const report = JSON.parse(texts[1]);
  assert.equal(report.value_mismatch, differences);
  assert.equal(report.matched, rows - differences);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${title.padEnd(28)} peak ${(Number(texts[3]) / 1024).toFixed(0)} MB (target <= 512 MB), ${seconds.toFixed(1)} s (${report.plan.place}, ${report.plan.strategy})`,
  );
}

async function fill(url, shift) {
  const store = openPostgresStore({ url, schemas: { batch: 'b', stream: 's', served: 'public' } });
  const session = await store.session();
  await session.script(`CREATE TABLE public.t (id bigint PRIMARY KEY, amount numeric(18,2), seen_at timestamptz, label text);
    INSERT INTO public.t SELECT i, (i * 31 % 100000) / 100.0 + ${shift}, TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second', 'label ' || (i * 17 % 5000)
    FROM generate_series(1, ${rows}) g(i)`);
  await session.script('VACUUM (ANALYZE) public.t');
  await store.close();
}

const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
const file = (name, ending) => join(folder, `${name}.${ending}`);
const SHIFT = `CASE WHEN i <= ${differences} THEN 1 ELSE 0 END`;
try {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', temp_directory: folder });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  for (const [name, shift] of [
    ['left', '0'],
    ['right', SHIFT],
  ])
    for (const [ending, format] of [
      ['parquet', 'FORMAT parquet'],
      ['csv', 'FORMAT csv, HEADER'],
      ['ndjson', 'FORMAT json'],
    ]) {
      const wanted = [`two files, ${ending}`, ...(ending === 'parquet' ? ['PostgreSQL and Parquet'] : [])];
      if (!wanted.some((title) => title.includes(values.only))) continue;
      await connection.run(
        `COPY (SELECT i AS id, CAST((i * 31) % 100000 AS DECIMAL(18,2)) / 100 + ${shift} AS amount,
           TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_microseconds((i % 1000000) * 1000001) AS seen_at, 'label ' || ((i * 17) % 5000) AS label
         FROM range(1, ${rows + 1}) g(i)) TO '${file(name, ending)}' (${format})`,
      );
    }
  connection.closeSync();
  instance.closeSync();
  console.log(`${rows} rows a side, ${differences} differences, whole processes`);
  for (const ending of ['parquet', 'csv', 'ndjson'])
    await measure(`two files, ${ending}`, file('left', ending), file('right', ending));
  if (['PostgreSQL and Parquet', 'two databases'].some((title) => title.includes(values.only)))
    await withDatabase((first) =>
      withDatabase(async (second) => {
        await fill(first, '0');
        await fill(second, SHIFT);
        await measure('PostgreSQL and Parquet', `${first}#public.t`, file('right', 'parquet'));
        await measure('two databases', `${first}#public.t`, `${second}#public.t`);
      }),
    );
} finally {
  await rm(folder, { recursive: true, force: true });
}
