import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';

const { url, problem } = inject('postgres');

let store: Store;
let session: SqlSession;

const ROWS = 60_000;

async function tables(key: string, constraint: string, order = 'i'): Promise<void> {
  for (const name of ['batch_rows', 'stream_rows']) {
    await session.script(
      `DROP TABLE IF EXISTS ${name};
       CREATE TABLE ${name} AS SELECT ${key} AS id, i AS n, 'label ' || i AS label FROM generate_series(1, ${ROWS}) AS g(i) ORDER BY ${order};
       ${constraint.replaceAll('$', name)}; ANALYZE ${name}`,
    );
  }
}

function diff(more: Partial<DiffInput> = {}): Promise<DiffOutcome> {
  return compareTables(session, store.dialect, {
    batch: 'batch_rows',
    stream: 'stream_rows',
    key: ['id'],
    rules: { columns: {} },
    today: '2026-01-01',
    unique: { batch: true, stream: true },
    limit: 5,
    ...more,
  });
}

const PRIMARY = 'ALTER TABLE $ ADD PRIMARY KEY (id)';

describe.skipIf(loudly('key ranges', problem))('key ranges', () => {
  beforeAll(async () => {
    ({ store, session } = await freshDatabase(url));
  });
  afterAll(() => store.close());

  it.each([
    ['integers', 'i', PRIMARY],
    ['big integers', 'CAST(i AS BIGINT) * 1000000007', PRIMARY],
    ['dates', `DATE '2000-01-01' + i`, PRIMARY],
    ['times', `TIMESTAMPTZ '2000-01-01 00:00:00.000001+00' + i * interval '1 minute'`, PRIMARY],
    ['decimals', 'CAST(i / 7.0 AS NUMERIC(20,10))', PRIMARY],
    ['texts', `to_char(i, 'FM000000000')`, PRIMARY],
    ['texts of a collation', `to_char(i, 'FM000000000') COLLATE "C"`, PRIMARY],
    ['uuids', `CAST(to_char(i, 'FM00000000') || '-0000-0000-0000-000000000000' AS UUID)`, PRIMARY],
  ])('are taken where primary keys of %s lead through both tables', async (_, key, constraint) => {
    await tables(key, constraint);
    expect(await diff()).toMatchObject({ matched: ROWS, plan: { strategy: 'ranges', candidates: 0 } });
    await session.script(
      `UPDATE stream_rows SET label = 'x' WHERE n IN (1, 30000, ${ROWS}); DELETE FROM stream_rows WHERE n = 777; DELETE FROM batch_rows WHERE n IN (2, 59999)`,
    );
    const found = await diff();
    expect(found).toMatchObject({
      plan: { strategy: 'ranges', candidates: 6 },
      batch_rows: ROWS - 2,
      stream_rows: ROWS - 1,
      keys_compared: ROWS,
      matched: ROWS - 6,
      value_mismatch: 3,
      missing_in_stream: 1,
      missing_in_batch: 2,
    });
    // In key order, whatever the order in which the ranges were answered.
    const byJoin = await diff({ strategy: 'join' });
    expect(found.discrepancies).toEqual(byJoin.discrepancies);
    expect(found.columns).toEqual(byJoin.columns);
  });

  it.each(['batch', 'stream'] as const)('find duplicate and NULL keys that the %s side may have', async (side) => {
    await tables('i', 'CREATE INDEX ON $ (id)');
    await session.script(
      `INSERT INTO ${side}_rows VALUES (5, 5, 'label 5'), (70000, 1, 'a'), (70000, 1, 'a'), (NULL, 3, 'c'), (31000, 0, 'twice'), (31000, 0, 'thrice');
       UPDATE stream_rows SET label = 'x' WHERE n = 31001`,
    );
    const unique = { batch: side !== 'batch', stream: side !== 'stream' };
    for (const strategy of ['ranges', 'join', 'digest'] as const) {
      const found = await diff({ strategy, unique });
      expect(found, strategy).toMatchObject({
        plan: { strategy },
        [`${side}_rows`]: ROWS + 6,
        keys_compared: ROWS + 1,
        duplicate_key: 3,
        null_key: 1,
        value_mismatch: 1,
        matched: ROWS - 3,
        missing_in_stream: 0,
        missing_in_batch: 0,
      });
      expect(found.discrepancies.map(({ key, kind }) => [key['id'], kind])).toEqual([
        [5, 'duplicate_key'],
        [31000, 'duplicate_key'],
        [31001, 'value_mismatch'],
        [70000, 'duplicate_key'],
        [null, 'null_key'],
      ]);
    }
  });

  it('are not taken where both sides may have duplicate keys: rows of one key would be joined with each other', async () => {
    await tables('i % 100', 'CREATE INDEX ON $ (id)');
    const unique = { batch: false, stream: false };
    expect(await diff({ strategy: 'ranges', unique })).toMatchObject({
      plan: { strategy: 'digest' },
      duplicate_key: 100,
      keys_compared: 100,
    });
  });

  it.each([
    ['there is no index', 'i', 'SELECT 1', 'i'],
    ['the rows lie in another order than the index', 'i', PRIMARY, 'hashint4(i)'],
    ['the index leaves rows out', 'i', 'CREATE INDEX ON $ (id) WHERE id > 10', 'i'],
    ['the index is of another column', 'i', 'CREATE INDEX ON $ (n, id)', 'i'],
  ])('are not taken where %s', async (_, key, constraint, order) => {
    await tables(key, constraint, order);
    const found = await diff({ unique: { batch: false, stream: true } });
    expect(found.plan.strategy).not.toBe('ranges');
  });

  it('hold where the statistics are old', async () => {
    await tables('i', PRIMARY);
    await session.script(
      `UPDATE stream_rows SET id = id + 1000000; UPDATE batch_rows SET id = id + 1000000;
       INSERT INTO stream_rows SELECT -i, i, 'new' FROM generate_series(1, 1000) g(i)`,
    );
    expect(await diff({ strategy: 'ranges' })).toMatchObject({
      plan: { strategy: 'ranges' },
      matched: ROWS,
      missing_in_batch: 1000,
    });
  });

  it('work in a read-only transaction, which a comparison without duplicate keys leaves untouched', async () => {
    await tables('i', PRIMARY);
    await session.script(`UPDATE stream_rows SET label = 'x' WHERE n % 1000 = 0`);
    for (const strategy of ['ranges', 'join', 'digest'] as const)
      await session.transaction(async () => {
        await session.script('SET TRANSACTION READ ONLY');
        expect(await diff({ strategy })).toMatchObject({ value_mismatch: 60, matched: ROWS - 60 });
      });
  });

  it('compare a share of the keys, the same on both sides', async () => {
    await tables('i', PRIMARY);
    await session.script(
      `UPDATE stream_rows SET label = 'x' WHERE n % 10 = 0; INSERT INTO batch_rows VALUES (-1, 1, 'only here')`,
    );
    const results = [];
    for (const strategy of ['ranges', 'join', 'digest'] as const) {
      const found = await diff({ strategy, sample: 0.1 });
      results.push([found.keys_compared, found.value_mismatch, found.matched, found.batch_rows]);
      expect(found.keys_compared).toBeGreaterThan(ROWS / 12);
      expect(found.keys_compared).toBeLessThan(ROWS / 8);
      expect(found.missing_in_batch).toBe(0);
      expect(found.value_mismatch).toBeGreaterThan(ROWS / 150);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('can be stopped early: the counts are then lower bounds, and it says so', async () => {
    await tables('i', PRIMARY);
    await session.script(`UPDATE stream_rows SET label = 'x'`);
    expect((await diff({ stopAfter: ROWS })).stopped_early).toBe(false);
    for (const strategy of ['join', 'digest'] as const) {
      const found = await diff({ strategy, stopAfter: 10 });
      expect(found.stopped_early).toBe(true);
      expect(found.value_mismatch).toBeGreaterThanOrEqual(10);
      expect(found.value_mismatch).toBeLessThan(ROWS);
      expect(found.batch_rows).toBe(ROWS);
      expect(found.mismatch_rate).toBeLessThanOrEqual(1);
    }
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
