/**
 * Compares two tables of a PostgreSQL database (a key and three values) and measures it against a hand-written FULL OUTER JOIN that counts the same
 * differences, in alternating runs, and, where many rows differ, against the one that returns them (through the same driver, taken row by row); and against reladiff (hashdiff, 4 threads) where its command is given. Prints ratios of medians; asserts the counts, never a time.
 * The server is that of DATABASE_URL (its user must be allowed to create a database), else one that is started for the run.
 *
 *   npm run build && node bench/postgres-diff.mjs [--rows 5000000] [--differences 1000] [--many 100000] [--runs 5] [--only 'part of a title'] [--reladiff path/to/reladiff]
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { parseArgs, promisify } from 'node:util';
import { compareTables } from '../dist/diff/compare.js';
import { openPostgresStore } from '../dist/store/postgres/store.js';
import { median, withDatabase } from './postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    differences: { type: 'string', default: '1000' },
    many: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '5' },
    reladiff: { type: 'string', default: process.env.RELADIFF ?? '' },
  },
});
const rows = Number(values.rows);
const differences = Number(values.differences);
const runs = Number(values.runs);
const many = Number(values.many);
const shiftFor = (count) => {
  const step = Math.max(1, Math.floor(rows / count));
  return `CASE WHEN i % ${step} = 0 AND i <= ${count * step} THEN 1 ELSE 0 END`;
};

const DISTINCT = ['amount', 'seen_at', 'label'].map((name) => `b.${name} IS DISTINCT FROM s.${name}`).join(' OR ');
const byHand = (
  stream,
) => `SELECT count(*) FILTER (WHERE b.id IS NULL) AS missing_in_batch, count(*) FILTER (WHERE s.id IS NULL) AS missing_in_stream,
  count(*) FILTER (WHERE b.id IS NOT NULL AND s.id IS NOT NULL AND (${DISTINCT})) AS value_mismatch
  FROM batch_rows b FULL OUTER JOIN ${stream} s ON b.id = s.id`;

const returned = (
  stream,
) => `SELECT b.id, b.amount, s.amount AS s_amount, b.seen_at, s.seen_at AS s_seen_at, b.label, s.label AS s_label
  FROM batch_rows b FULL OUTER JOIN ${stream} s ON b.id = s.id WHERE b.id IS NULL OR s.id IS NULL OR ${DISTINCT}`;

async function countReturned(session, stream) {
  let count = 0;
  for await (const part of session.cursor(returned(stream))) count += part.length;
  return [{ value_mismatch: count }];
}

async function timed(work) {
  const started = performance.now();
  const result = await work();
  return { result, ms: performance.now() - started };
}

const byHandRows = (session, stream) => session.query(byHand(stream));

async function measure(session, store, title, stream, expected, options, baseline = byHandRows) {
  if (!title.includes(values.only)) return NaN;
  const hand = [];
  const ours = [];
  let plan;
  for (let run = 0; run <= runs; run += 1) {
    const join = await timed(() => baseline(session, stream));
    const diff = await timed(() =>
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
    assert.equal(Number(join.result[0].value_mismatch), expected);
    assert.equal(diff.result.value_mismatch, expected);
    assert.equal(diff.result.matched, rows - expected);
    plan = diff.result.plan;
    // The first run warms the file cache for both.
    if (run === 0) continue;
    hand.push(join.ms);
    ours.push(diff.ms);
  }
  const how = `${plan.strategy}${plan.buckets === undefined ? '' : `, ${plan.differing_buckets} of ${plan.buckets} buckets differ`}`;
  const pairs = ours.map((ms, run) => ms / hand[run]);
  console.log(
    `${title.padEnd(46)} join ${median(hand).toFixed(0)} ms  diff ${median(ours).toFixed(0)} ms  ratio ${median(pairs).toFixed(2)} (${Math.min(...pairs).toFixed(2)} to ${Math.max(...pairs).toFixed(2)})  (${how})`,
  );
  return median(ours);
}

async function reladiff(url, stream, expected) {
  const args = [
    url.replace(/^postgres:/, 'postgresql:'),
    'batch_rows',
    stream,
    '-k',
    'id',
    ...['amount', 'seen_at', 'label'].flatMap((name) => ['-c', name]),
    '-j',
    '4',
    '--algorithm',
    'hashdiff',
  ];
  const { result, ms } = await timed(() => promisify(execFile)(values.reladiff, args, { maxBuffer: 1 << 28 }));
  const lines = result.stdout.split('\n').filter((line) => /^[+-] /.test(line));
  assert.equal(lines.length, 2 * expected, 'reladiff prints a row of each side for every difference');
  return ms;
}

await withDatabase(async (url) => {
  const store = openPostgresStore({ url, schemas: { batch: 'b', stream: 's', served: 'public' } });
  try {
    const session = await store.session();
    await session.searchPath(['public']);
    for (const [table, shift] of [
      ['batch_rows', '0'],
      ['stream_equal', '0'],
      ['stream_scattered', shiftFor(differences)],
      ['stream_many', shiftFor(many)],
    ]) {
      await session.run(
        `CREATE TABLE ${table} (id bigint PRIMARY KEY, amount numeric(18,2), seen_at timestamptz, label text)`,
      );
      await session.run(
        `INSERT INTO ${table} SELECT i, ((i * 31) % 100000) / 100.0 + ${shift}, TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second',
         'label ' || ((i * 17) % 5000) FROM generate_series(1, ${rows}) g(i)`,
      );
      await session.run(`VACUUM (ANALYZE) ${table}`);
    }
    await session.run('CHECKPOINT');
    const [version] = await session.query('SHOW server_version');
    console.log(
      `PostgreSQL ${version.server_version}, ${rows} x ${rows} rows, ${differences} differences, median of ${runs} runs`,
    );
    const equal = await measure(session, store, 'equal', 'stream_equal', 0, {});
    await measure(session, store, 'equal, as the last comparison', 'stream_equal', 0, {
      previous: { differing: 0, keys: rows },
    });
    await measure(session, store, 'equal, duplicates possible on the batch side', 'stream_equal', 0, {
      unique: { batch: false, stream: true },
    });
    const scattered = await measure(session, store, 'scattered', 'stream_scattered', differences, {});
    await measure(session, store, 'scattered, as the last comparison', 'stream_scattered', differences, {
      previous: { differing: differences, keys: rows },
    });
    await measure(session, store, 'scattered, by join', 'stream_scattered', differences, { strategy: 'join' });
    for (const [how, options] of [
      ['', {}],
      [', with what they have in common', { profile: { sums: false } }],
      [', all listed', { limit: many }],
    ])
      await measure(session, store, `${many} differ${how}`, 'stream_many', many, options, countReturned);
    if (values.reladiff === '') {
      console.log(
        '*** NOT MEASURED: reladiff. Install it (pip install "reladiff[postgresql]") and give its command by --reladiff or RELADIFF. ***',
      );
      return;
    }
    for (const [title, stream, expected, own] of [
      ['equal', 'stream_equal', 0, equal],
      ['scattered', 'stream_scattered', differences, scattered],
    ]) {
      const ms = await reladiff(url, stream, expected);
      console.log(`${title.padEnd(46)} reladiff ${ms.toFixed(0)} ms, ${(ms / own).toFixed(1)} x the time of the diff`);
    }
  } finally {
    await store.close();
  }
});
