/**
 * Peak memory of `cutover diff` as a whole process, where a million keys differ among two million and more: files, databases of DuckDB, tables of one server, two databases, a server and a
 * file (a key and three values). Asserts the counts. The server is that of DATABASE_URL, else one that is started for the run.
 *
 *   npm run build && node bench/diff-memory.mjs [--rows 2500000] [--differences 1000000] [--memory 224MB] [--order shuffled] [--only 'part of a title'] [--format html]
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
    /** Of the rows: by the key, or `shuffled`, differently on each side. */
    order: { type: 'string', default: 'key' },
    only: { type: 'string', default: '' },
    /** In another one than `json` the counts are not asserted. */
    format: { type: 'string', default: 'json' },
  },
});
const rows = Number(values.rows);
const differences = Number(values.differences);
const shuffled = values.order === 'shuffled';
const wanted = (title) => title.includes(values.only);

async function measure(title, left, right) {
  if (!wanted(title)) return;
  const started = performance.now();
  const args = ['--import', PEAK, PROGRAM, 'diff', left, right, '--key', 'id', '--format', values.format];
  if (values.memory !== '') args.push('--memory', values.memory);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const texts = ['', '', '', ''];
  for (const fd of [1, 3]) child.stdio[fd].setEncoding('utf8').on('data', (part) => (texts[fd] += part));
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - started) / 1000;
  const peak = `${title.padEnd(28)} peak ${(Number(texts[3]) / 1024).toFixed(0)} MB (target <= 512 MB), ${seconds.toFixed(1)} s`;
  assert.equal(code, differences > 0 ? 1 : 0, `${title}: cutover ended with ${code}`);
  if (values.format !== 'json') return console.log(`${peak} (${values.format})`);
  const report = JSON.parse(texts[1]);
  assert.equal(report.value_mismatch, differences);
  assert.equal(report.matched, rows - differences);
  console.log(`${peak} (${report.plan.place}, ${report.plan.strategy})`);
}

/** @param shifts by table: what is added to the amounts */
async function fill(url, shifts) {
  const store = openPostgresStore({ url, schemas: { batch: 'b', stream: 's', served: 'public' } });
  const session = await store.session();
  for (const [table, shift] of Object.entries(shifts))
    await session.script(`CREATE TABLE public.${table} (id bigint PRIMARY KEY, amount numeric(18,2), seen_at timestamptz, label text);
      INSERT INTO public.${table} SELECT i, (i * 31 % 100000) / 100.0 + ${shift}, TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second', 'label ' || (i * 17 % 5000)
      FROM generate_series(1, ${rows}) g(i) ${shuffled ? `ORDER BY hashint8(i + length('${table}'))` : ''}`);
  for (const table of Object.keys(shifts)) await session.script(`VACUUM (ANALYZE) public.${table}`);
  await store.close();
}

const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
const file = (name, ending) => join(folder, `${name}.${ending}`);
const SHIFT = `CASE WHEN i <= ${differences} THEN 1 ELSE 0 END`;
const FORMATS = { parquet: 'FORMAT parquet', csv: 'FORMAT csv, HEADER', ndjson: 'FORMAT json', duckdb: '' };
const POSTGRES = ['PostgreSQL and Parquet', 'two databases', 'one database of PostgreSQL'];

async function write(connection, name, shift, ending) {
  const query = `SELECT i AS id, CAST(CAST((i * 31) % 100000 AS DECIMAL(18,2)) / 100 + ${shift} AS DECIMAL(18,2)) AS amount,
      TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_microseconds((i % 1000000) * 1000001) AS seen_at, 'label ' || ((i * 17) % 5000) AS label
    FROM range(1, ${rows + 1}) g(i) ${shuffled ? `ORDER BY hash(i + ${name.length})` : ''}`;
  if (ending !== 'duckdb') return connection.run(`COPY (${query}) TO '${file(name, ending)}' (${FORMATS[ending]})`);
  await connection.run(`ATTACH '${file(name, ending)}' AS made`);
  await connection.run(`CREATE TABLE made.t AS ${query}`);
  return connection.run('DETACH made');
}

try {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GB', temp_directory: folder });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  for (const [name, shift] of [
    ['left', '0'],
    ['right', SHIFT],
  ])
    for (const ending of Object.keys(FORMATS))
      if (wanted(`two files, ${ending}`) || (ending === 'parquet' && wanted(POSTGRES[0])))
        await write(connection, name, shift, ending);
  connection.closeSync();
  instance.closeSync();
  console.log(`${rows} rows a side in the order ${shuffled ? 'of nothing' : 'of the key'}, ${differences} differences`);
  for (const ending of Object.keys(FORMATS)) {
    const place = (name) => (ending === 'duckdb' ? `duckdb:${file(name, ending)}#t` : file(name, ending));
    await measure(`two files, ${ending}`, place('left'), place('right'));
  }
  if (POSTGRES.some(wanted))
    await withDatabase((first) =>
      withDatabase(async (second) => {
        await fill(first, wanted(POSTGRES[2]) ? { t: '0', other: SHIFT } : { t: '0' });
        if (wanted(POSTGRES[1])) await fill(second, { t: SHIFT });
        await measure(POSTGRES[0], `${first}#public.t`, file('right', 'parquet'));
        await measure(POSTGRES[1], `${first}#public.t`, `${second}#public.t`);
        await measure(POSTGRES[2], `${first}#public.t`, `${first}#public.other`);
      }),
    );
} finally {
  await rm(folder, { recursive: true, force: true });
}
