/**
 * Publishes a batch result in which some rows changed, in PostgreSQL, and measures it against TRUNCATE + INSERT of the same result, in alternating runs, into a
 * table without and with an index on its key. Prints ratios; asserts the tables, never a time. The server is as in bench/postgres-diff.mjs.
 *
 *   npm run build && node bench/postgres-publish.mjs [--rows 5000000] [--changed 0.01] [--runs 3]
 */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { publish } from '../dist/shadow/publish.js';
import { openPostgresStore } from '../dist/store/postgres/store.js';
import { median, withDatabase } from './postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    changed: { type: 'string', default: '0.01' },
    runs: { type: 'string', default: '3' },
  },
});
const rows = Number(values.rows);
const runs = Number(values.runs);
const step = Math.round(1 / Number(values.changed));
const schemas = { batch: 'b', stream: 's', served: 'public' };
const source = (shift) => `SELECT i AS id, CAST(((i * 31) % 100000) / 100.0 + ${shift} AS numeric(18,2)) AS amount,
  TIMESTAMPTZ '2024-01-01 00:00:00Z' + (i % 1000000) * interval '1.000001 second' AS seen_at, 'label ' || ((i * 17) % 5000) AS label
  FROM generate_series(CAST(1 AS BIGINT), ${rows}) g(i)`;

await withDatabase(async (url) => {
  const store = openPostgresStore({ url, schemas });
  try {
    const session = await store.session();
    await session.script(`CREATE SCHEMA b; CREATE TABLE b.p AS ${source('0')}; ANALYZE b.p`);
    await session.materialize('cutover_result', source(`CASE WHEN i % ${step} = 0 THEN 1 ELSE 0 END`));
    await session.script(
      'CREATE TABLE b.plain (LIKE b.p); CREATE TABLE b.indexed (LIKE b.p); CREATE INDEX ON b.indexed (id)',
    );
    await session.run('CHECKPOINT');
    const timed = async (work) => {
      const started = performance.now();
      await session.transaction(work);
      return performance.now() - started;
    };
    const rewrite = (table) => () =>
      session.script(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM cutover_result`);
    const times = { ours: [], plain: [], indexed: [] };
    for (let run = 0; run < runs; run += 1) {
      times.plain.push(await timed(rewrite('b.plain')));
      times.indexed.push(await timed(rewrite('b.indexed')));
      times.ours.push(
        await timed(async () => {
          const { changedKeys } = await publish(
            { store, schemas },
            session,
            { name: 'p', key: ['id'], batch: {} },
            undefined,
          );
          assert.equal(changedKeys, Math.floor(rows / step));
        }),
      );
      const [left] = await session.query(
        'SELECT count(*) AS n FROM (SELECT * FROM b.p EXCEPT ALL SELECT * FROM cutover_result) q',
      );
      assert.equal(Number(left.n), 0);
      // Back to where it was, for the next run.
      await session.run(`UPDATE b.p SET amount = amount - 1 WHERE id % ${step} = 0`);
      await session.run('VACUUM (ANALYZE) b.p');
    }
    const [ours, plain, indexed] = [median(times.ours), median(times.plain), median(times.indexed)];
    console.log(
      `${rows} rows, ${Math.floor(rows / step)} changed, median of ${runs} runs: publish ${ours.toFixed(0)} ms`,
    );
    console.log(
      `truncate + insert, no index ${plain.toFixed(0)} ms: ratio ${(ours / plain).toFixed(2)} (target <= 0.30)`,
    );
    console.log(`truncate + insert, index on the key ${indexed.toFixed(0)} ms: ratio ${(ours / indexed).toFixed(2)}`);
  } finally {
    await store.close();
  }
});
