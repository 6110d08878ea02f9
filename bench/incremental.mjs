/**
 * Incremental comparison of two tables of a PostgreSQL database (a key and three values): a comparison by kept digests after some keys changed on one side, against
 * a full one in the same run; and what the triggers cost a writer, against plain upserts of the same keys into a table without them, in alternating rounds.
 * Prints ratios of medians; asserts the counts, never a time. The server is that of DATABASE_URL (its user must be allowed to create a database), else one that is
 * started for the run, on this machine: then the writer's overhead is given in processor time of the server's process, too.
 *
 *   npm run build && node bench/incremental.mjs [--rows 5000000] [--changed 1000] [--runs 5]
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { compareTables } from '../dist/diff/compare.js';
import { keptPairOf } from '../dist/diff/kept.js';
import { openPostgresStore } from '../dist/store/postgres/store.js';
import { median, withDatabase } from './postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    changed: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
  },
});
const rows = Number(values.rows);
const changed = Number(values.changed);
const runs = Number(values.runs);
const STATEMENTS = 200;
const UPSERTS = 1000;

const local = (process.env.DATABASE_URL ?? '') === '';

/** Milliseconds of processor time that a process of this machine has used. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function timed(work) {
  const started = performance.now();
  const result = await work();
  return { result, ms: performance.now() - started };
}

await withDatabase(async (url) => {
  const store = openPostgresStore({ url, schemas: { batch: 'b', stream: 's', served: 'public' } });
  try {
    const session = await store.session();
    await session.searchPath(['public']);
    for (const table of ['batch_rows', 'stream_rows', 'plain_rows']) {
      await session.run(
        `CREATE TABLE ${table} (id bigint PRIMARY KEY, amount numeric(18,2), seen_at timestamptz, label text)`,
      );
      await session.run(
        `INSERT INTO ${table} SELECT i, ((i * 31) % 100000) / 100.0, TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second',
         'label ' || ((i * 17) % 5000) FROM generate_series(1, ${rows}) g(i)`,
      );
      await session.run(`VACUUM (ANALYZE) ${table}`);
    }
    await session.run('CHECKPOINT');
    const [version] = await session.query('SHOW server_version');
    console.log(`PostgreSQL ${version.server_version}, ${rows} x ${rows} rows, median of ${runs} runs`);
    const input = {
      batch: 'public.batch_rows',
      stream: 'public.stream_rows',
      key: ['id'],
      rules: { columns: {} },
      today: '2026-01-01',
      unique: { batch: true, stream: true },
      limit: 100,
    };
    const digests = store.dialect.kept;
    const compare = async (expected, more) => {
      const { result, ms } = await timed(() =>
        session.transaction(() => compareTables(session, store.dialect, { ...input, ...more })),
      );
      assert.equal(result.value_mismatch, expected);
      assert.equal(result.matched, rows - expected);
      return { result, ms };
    };
    const quick = async (expected) => {
      const kept = { digests, name: 'bench', now: new Date(), fullEvery: 86_400_000, check: false };
      const { result, ms } = await compare(expected, { kept });
      assert.equal(result.kept.how, 'used');
      return ms;
    };
    const change = (round, back) => `UPDATE stream_rows SET amount = amount ${back ? '-' : '+'} 1
      WHERE id IN (SELECT 1 + (i::bigint * 7919 * ${2 * round + 1}) % ${rows} FROM generate_series(1, ${changed}) g(i))`;

    const install = await timed(async () =>
      digests.install(session, await keptPairOf(session, store.dialect, 'bench', input), new Date()),
    );
    console.log(`digests built in ${(install.ms / 1000).toFixed(1)} s`);
    const full = { differing: [], equal: [] };
    const kept = { differing: [], equal: [] };
    const compacted = [];
    for (let run = 0; run <= runs; run += 1) {
      const [{ n }] = await session.query(
        `SELECT count(DISTINCT 1 + (i::bigint * 7919 * ${2 * run + 1}) % ${rows}) AS n FROM generate_series(1, ${changed}) g(i)`,
      );
      for (const [what, expected] of [
        ['differing', Number(n)],
        ['equal', 0],
      ]) {
        await session.run(change(run, expected === 0));
        const ours = await quick(expected);
        const whole = (await compare(expected, { previous: { differing: expected, keys: rows } })).ms;
        const compact = await timed(async () => digests.compact(session, await digests.find(session, 'bench')));
        // The first run warms the file cache for both.
        if (run === 0) continue;
        kept[what].push(ours);
        full[what].push(whole);
        compacted.push(compact.ms);
      }
    }
    for (const what of ['differing', 'equal']) {
      const share = (100 * median(kept[what])) / median(full[what]);
      console.log(
        `after ${changed} changed keys, ${what.padEnd(9)}  full ${median(full[what]).toFixed(0)} ms  by kept digests ${median(kept[what]).toFixed(1)} ms  ${share.toFixed(2)}% of the full one (target <= 2%)`,
      );
    }
    console.log(`adding up what was written since: ${median(compacted).toFixed(1)} ms`);

    const upserts = async (table, round) => {
      const before = local ? processorTime(session.backend) : 0;
      const { ms } = await timed(async () => {
        for (let statement = 0; statement < STATEMENTS; statement += 1)
          await session.run(
            `INSERT INTO ${table} SELECT 1 + (i::bigint * 7919 * ${round * STATEMENTS + statement + 1}) % ${rows}, i / 7.0, now(), 'label ' || i
             FROM generate_series(1, ${UPSERTS}) g(i) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, seen_at = excluded.seen_at, label = excluded.label`,
          );
      });
      return { ms, cpu: local ? processorTime(session.backend) - before : 0 };
    };
    const plain = [];
    const followed = [];
    for (let run = 0; run <= runs; run += 1) {
      const one = await upserts('plain_rows', run);
      const other = await upserts('stream_rows', run);
      if (run === 0) continue;
      plain.push(one);
      followed.push(other);
    }
    for (const [unit, of] of [['wall', ({ ms }) => ms], ...(local ? [['processor', ({ cpu }) => cpu]] : [])]) {
      const [a, b] = [median(plain.map(of)), median(followed.map(of))];
      console.log(
        `${STATEMENTS} x ${UPSERTS} upserts (${unit}): plain ${a.toFixed(0)} ms, with kept digests ${b.toFixed(0)} ms: ${(b / a).toFixed(2)} x (target <= 2.20)`,
      );
    }
  } finally {
    await store.close();
  }
});
