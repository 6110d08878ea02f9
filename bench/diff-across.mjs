/**
 * Compares tables that stand in two stores: two databases of PostgreSQL, and PostgreSQL against a Parquet file (a key and three values), by the plan of its own choice and by the
 * other. Measures it against a bare COPY of one side to nowhere through the same driver, in alternating runs, and against reladiff (hashdiff, 4 threads) where its command is
 * given. Prints ratios of medians, and the peak of resident memory of this process; asserts the counts, never a time.
 * The server is that of DATABASE_URL (its user must be allowed to create databases), else one that is started for the run.
 *
 *   npm run build && node bench/diff-across.mjs [--rows 3000000] [--differences 1000] [--runs 3] [--only 'part of a title'] [--reladiff path/to/reladiff]
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs, promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { diffAcross } from '../dist/app/diff-across.js';
import { duckDbDialect } from '../dist/store/duckdb/dialect.js';
import { SCRATCH, Workspace } from '../dist/store/duckdb/workspace.js';
import { openPostgresStore } from '../dist/store/postgres/store.js';
import { median, withDatabase } from './postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '3000000' },
    differences: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    reladiff: { type: 'string', default: process.env.RELADIFF ?? '' },
  },
});
const rows = Number(values.rows);
const differences = Number(values.differences);
const runs = Number(values.runs);
const step = Math.max(1, Math.floor(rows / differences));

async function timed(work) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, ms: performance.now() - started, cpu: (user + system) / 1000 };
}

async function connect(url) {
  const store = openPostgresStore({ url, schemas: { batch: 'b', stream: 's', served: 'public' } });
  const session = await store.session();
  await session.searchPath(['public']);
  return { store, session, url };
}

async function makeTable({ session }, shift) {
  await session.run(`CREATE TABLE t (id bigint PRIMARY KEY, amount numeric(18,2), seen_at timestamptz, label text)`);
  await session.run(
    `INSERT INTO t SELECT i, ((i * 31) % 100000) / 100.0 + ${shift}, TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second',
     'label ' || ((i * 17) % 5000) FROM generate_series(1, ${rows}) g(i)`,
  );
  await session.run(`VACUUM (ANALYZE) t`);
  await session.run('CHECKPOINT');
}

/** For reladiff, which reads no Parquet files. */
async function makeDatabase(database, file) {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE t AS SELECT * FROM read_parquet('${file}')`);
  connection.closeSync();
  instance.closeSync();
}

async function bareCopy({ session }) {
  await session.copyOut('COPY t TO STDOUT', async (bytes) => {
    for await (const piece of bytes) void piece;
  });
}

/** That of `cutover diff`. */
async function withWorkspace(work) {
  const workspace = await Workspace.open({ tempDir: tmpdir() });
  try {
    return await work(workspace.session, workspace.folder);
  } finally {
    await workspace.close();
  }
}

async function measure(title, batch, stream, expected, place) {
  if (!title.includes(values.only)) return NaN;
  const copies = [];
  const ours = [];
  let last;
  for (let run = 0; run <= runs; run += 1) {
    const copy = await timed(() => bareCopy(batch));
    const diff = await withWorkspace((session, folder) =>
      timed(() =>
        diffAcross({
          batch: { ...batch, dialect: batch.store.dialect, relation: 't', unique: true },
          stream:
            stream.file === undefined
              ? { ...stream, dialect: stream.store.dialect, relation: 't', unique: true }
              : { session, dialect: duckDbDialect, relation: `read_parquet('${stream.file}')`, unique: false },
          key: ['id'],
          rules: { columns: {} },
          today: '2026-01-01',
          workspace: { session, scratch: SCRATCH, tempDir: folder },
          limit: 100,
          network: 'local',
          place,
        }),
      ),
    );
    assert.equal(diff.result.value_mismatch, expected);
    assert.equal(diff.result.matched, rows - expected);
    // The first run warms the file cache for both.
    if (run === 0) continue;
    copies.push(copy.ms);
    ours.push(diff.ms);
    last = diff;
  }
  const pairs = ours.map((ms, run) => ms / copies[run]);
  const { plan, timing } = last.result;
  console.log(
    `${title.padEnd(52)} copy ${median(copies).toFixed(0)} ms  diff ${median(ours).toFixed(0)} ms  ratio ${median(pairs).toFixed(2)} (${Math.min(...pairs).toFixed(2)} to ${Math.max(...pairs).toFixed(2)})` +
      `  (${plan.place}${plan.buckets === undefined ? '' : `, ${plan.differing_buckets} of ${plan.buckets} buckets differ`}; gathered in ${timing.pull} ms, judged in ${timing.diff} ms;` +
      ` this process: ${last.cpu.toFixed(0)} ms of processor, peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB)`,
  );
  return median(ours);
}

async function reladiff(batch, stream, expected) {
  const uri = ({ url, database }) =>
    database === undefined ? url.replace(/^postgres:/, 'postgresql:') : `duckdb://${database}`;
  const columns = ['amount', 'seen_at', 'label'].flatMap((name) => ['-c', name]);
  const args = [uri(batch), 't', uri(stream), 't', '-k', 'id', ...columns, '-j', '4', '--algorithm', 'hashdiff'];
  const { result, ms } = await timed(() => promisify(execFile)(values.reladiff, args, { maxBuffer: 1 << 28 }));
  const lines = result.stdout.split('\n').filter((line) => /^[+-] /.test(line));
  assert.equal(lines.length, 2 * expected, 'reladiff prints a row of each side for every difference');
  return ms;
}

await withDatabase((first) =>
  withDatabase((second) =>
    withDatabase(async (third) => {
      const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
      const [batch, equal, scattered] = await Promise.all([first, second, third].map(connect));
      try {
        await makeTable(batch, '0');
        await makeTable(equal, '0');
        await makeTable(scattered, `CASE WHEN i % ${step} = 0 AND i <= ${differences * step} THEN 1 ELSE 0 END`);
        const files = { equal: join(folder, 'equal.parquet'), scattered: join(folder, 'scattered.parquet') };
        await equal.session.exportParquet('SELECT * FROM t', files.equal);
        await scattered.session.exportParquet('SELECT * FROM t', files.scattered);
        for (const [name, file] of Object.entries(files)) await makeDatabase(join(folder, `${name}.duckdb`), file);
        const [version] = await batch.session.query('SHOW server_version');
        console.log(
          `PostgreSQL ${version.server_version}, ${rows} rows a side, ${differences} differences, median of ${runs} runs`,
        );
        const ours = {};
        for (const [title, count] of [
          ['equal', 0],
          ['scattered', differences],
        ]) {
          const other = { equal, scattered }[title];
          ours[title] = await measure(`two databases, ${title}`, batch, other, count);
          await measure(`two databases, ${title}, pulled`, batch, other, count, 'pulled');
          ours[`${title} file`] = await measure(
            `PostgreSQL and Parquet, ${title}`,
            batch,
            { file: files[title] },
            count,
          );
          await measure(
            `PostgreSQL and Parquet, ${title}, digests`,
            batch,
            { file: files[title] },
            count,
            'digests_exchanged',
          );
        }
        if (values.reladiff === '') {
          console.log(
            '*** NOT MEASURED: reladiff. Install it (pip install "reladiff[postgresql,duckdb]") and give its command by --reladiff or RELADIFF. ***',
          );
          return;
        }
        for (const [title, other, expected] of [
          ['equal', equal, 0],
          ['scattered', scattered, differences],
        ]) {
          for (const [what, side, name] of [
            ['two databases', other, title],
            ['PostgreSQL and DuckDB', { database: join(folder, `${title}.duckdb`) }, `${title} file`],
          ]) {
            const ms = await reladiff(batch, side, expected);
            console.log(
              `${`${what}, ${title}`.padEnd(52)} reladiff ${ms.toFixed(0)} ms: ${(ms / ours[name]).toFixed(1)} x the time of the diff`,
            );
          }
        }
      } finally {
        for (const { store } of [batch, equal, scattered]) await store.close();
        await rm(folder, { recursive: true, force: true });
      }
    }),
  ),
);
