/**
 * Publishes a batch result in which some rows changed, in PostgreSQL, and measures it against TRUNCATE + INSERT of the same result, in alternating runs, into a
 * table without and with an index on its key (the product makes one, where the stream's table has a key). Prints ratios; asserts the tables, never a time. The server is as in bench/postgres-diff.mjs.
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
    await store.migrate();
    const session = await store.session();
    // The stream's table has a key, so that the product indexes the batch's when it publishes; one without stays bare.
    await session.script('CREATE TABLE s.indexed (id BIGINT PRIMARY KEY); CREATE TABLE s.bare (id BIGINT)');
    await session.materialize('cutover_result', source(`CASE WHEN i % ${step} = 0 THEN 1 ELSE 0 END`), 'store');
    const result = store.dialect.stored('cutover_result');
    for (const name of ['bare', 'indexed'])
      await session.script(
        `CREATE TABLE b.${name} AS ${source('0')}; CREATE TABLE b.${name}_rewritten (LIKE b.${name})`,
      );
    await session.script('CREATE INDEX ON b.indexed (id); CREATE INDEX ON b.indexed_rewritten (id)');
    await session.run('VACUUM (ANALYZE) b.bare, b.indexed');
    await session.run('CHECKPOINT');
    const timed = async (work) => {
      const started = performance.now();
      await session.transaction(work);
      return performance.now() - started;
    };
    const times = { bare: { ours: [], rewrite: [] }, indexed: { ours: [], rewrite: [] } };
    for (let run = 0; run < runs; run += 1) {
      for (const name of ['bare', 'indexed']) {
        times[name].rewrite.push(
          await timed(() =>
            session.script(`TRUNCATE b.${name}_rewritten; INSERT INTO b.${name}_rewritten SELECT * FROM ${result}`),
          ),
        );
        times[name].ours.push(
          await timed(async () => {
            const { changedKeys } = await publish(
              { store, schemas },
              session,
              { name, key: ['id'], batch: { kind: 'sql' }, stream: { kind: 'sql' } },
              undefined,
            );
            assert.equal(changedKeys, Math.floor(rows / step));
          }),
        );
        const [left] = await session.query(
          `SELECT count(*) AS n FROM (SELECT * FROM b.${name} EXCEPT ALL SELECT * FROM ${result}) q`,
        );
        assert.equal(Number(left.n), 0);
        // Back to where it was, for the next run.
        await session.run(`UPDATE b.${name} SET amount = amount - 1 WHERE id % ${step} = 0`);
        await session.run(`VACUUM (ANALYZE) b.${name}`);
      }
    }
    console.log(`${rows} rows, ${Math.floor(rows / step)} changed, medians of ${runs} runs`);
    for (const [name, title] of [
      ['bare', 'no index'],
      ['indexed', 'index on the key'],
    ]) {
      const [ours, rewrite] = [median(times[name].ours), median(times[name].rewrite)];
      console.log(
        `${title}: publish ${ours.toFixed(0)} ms, truncate + insert ${rewrite.toFixed(0)} ms: ratio ${(ours / rewrite).toFixed(2)} (target <= 0.30)`,
      );
    }
  } finally {
    await store.close();
  }
});
