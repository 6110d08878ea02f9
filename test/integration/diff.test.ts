import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import type { ColumnRule } from '../../src/model/project.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { openDuckDbStore } from '../../src/store/duckdb/store.js';

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
  session = await store.session();
});
afterAll(() => store.close());
beforeEach(() => session.script('DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y'));

const STRATEGIES = ['digest', 'join'] as const;

function diff(options: Partial<DiffInput> = {}): Promise<DiffOutcome> {
  return compareTables(session, store.dialect, {
    batch: 'x',
    stream: 'y',
    key: ['id'],
    rules: { columns: {} },
    today: '2026-01-01',
    unique: { batch: false, stream: false },
    limit: 100,
    ...options,
  });
}

function rules(columns: Record<string, ColumnRule>): Partial<DiffInput> {
  return { rules: { columns } };
}

describe('compareTables after an equal comparison', () => {
  const previous = { differing: 0, keys: 60_000 };
  const tables = (stream: string): Promise<void> =>
    session.script(`CREATE TABLE x AS SELECT CASE WHEN i > 0 THEN i END AS id, i AS v FROM range(60000) r(i);
      CREATE TABLE y AS ${stream}`);

  it.each([
    { unique: { batch: false, stream: false }, nulls: 2, matched: 59_999 },
    { unique: { batch: true, stream: true }, nulls: 0, matched: 59_999 },
  ])('looks at one bucket, which is equal: $unique', async ({ unique, nulls, matched }) => {
    await tables('SELECT * FROM x');
    if (unique.batch) await session.script('DELETE FROM x WHERE id IS NULL; DELETE FROM y WHERE id IS NULL');
    const outcome = await diff({ previous, unique });
    expect(outcome).toMatchObject({
      matched,
      null_key: nulls,
      plan: { buckets: 1, differing_buckets: 0, candidates: 0 },
    });
  });

  it('goes on with many buckets where it is not', async () => {
    await tables(
      `SELECT id, CASE WHEN id = 4711 THEN -1 ELSE v END AS v FROM x WHERE id IS NOT NULL UNION ALL SELECT NULL, 5`,
    );
    const outcome = await diff({ previous });
    expect(outcome).toMatchObject({ matched: 59_998, value_mismatch: 1, null_key: 2, plan: { differing_buckets: 1 } });
    expect(outcome.plan.buckets).toBeGreaterThan(1);
  });

  it('sees one more row that is a duplicate', async () => {
    await tables('SELECT * FROM x UNION ALL SELECT 7, 7');
    expect(await diff({ previous })).toMatchObject({ duplicate_key: 1, matched: 59_998 });
  });
});

describe.each(STRATEGIES)('compareTables by %s', (strategy) => {
  it('finds two rows of one bucket that exchanged their values', async () => {
    // Every pair of rows exchanges a value: a digest that adds up unmixed or XORed column hashes would see no change.
    await session.script(`CREATE TABLE x AS SELECT i AS id, i % 7 AS a, 'v' || i AS b FROM range(20000) r(i);
      CREATE TABLE y AS SELECT id, a, CASE WHEN id % 2 = 0 THEN 'v' || (id + 1) ELSE 'v' || (id - 1) END AS b FROM x`);
    const outcome = await diff({ strategy });
    expect(outcome).toMatchObject({ keys_compared: 20_000, matched: 0, value_mismatch: 20_000, mismatch_rate: 1 });
    expect(outcome.columns).toEqual({
      a: { mismatched: 0, tolerated: 0, max_abs_difference: null },
      b: { mismatched: 20_000, tolerated: 0, max_abs_difference: null },
    });
    expect(outcome.discrepancies).toHaveLength(100);
    expect(outcome.discrepancies[99]?.key).toEqual({ id: '99' });
  });

  it('finds values exchanged between two rows of the only bucket that differs', async () => {
    await session.script(`CREATE TABLE x AS SELECT i AS id, i AS a FROM range(100) r(i);
      CREATE TABLE y AS SELECT id, CASE id WHEN 3 THEN 4 WHEN 4 THEN 3 ELSE a END AS a FROM x`);
    expect(await diff({ strategy })).toMatchObject({ value_mismatch: 2, matched: 98 });
  });

  it('does not take the word of the store for values that it calls equal: collated texts, months and days', async () => {
    await session.script(`CREATE TABLE x (id VARCHAR COLLATE NOCASE, t VARCHAR COLLATE NOCASE, i INTERVAL);
      CREATE TABLE y (id VARCHAR COLLATE NOCASE, t VARCHAR COLLATE NOCASE, i INTERVAL);
      INSERT INTO x VALUES ('a', 'Berlin', '1 month'), ('b', 'Paris', '30 days'), ('c', 'Rome', '2 hours');
      INSERT INTO y VALUES ('a', 'berlin', '1 month'), ('b', 'Paris', '1 month'), ('C', 'Rome', '2 hours')`);
    expect(await diff({ strategy })).toMatchObject({
      value_mismatch: 2,
      missing_in_batch: 1,
      missing_in_stream: 1,
      columns: { t: { mismatched: 1 }, i: { mismatched: 1 } },
    });
  });

  it('lists by key across kinds, each with its values', async () => {
    await session.script(`CREATE TABLE x (id INTEGER, v DECIMAL(10,2), d DOUBLE, t VARCHAR[]);
      CREATE TABLE y (id INTEGER, v DECIMAL(10,2), d DOUBLE, t VARCHAR[]);
      INSERT INTO x VALUES (1, 1, 1, ['a']), (2, 2, 2, []), (2, 2, 2, []), (10, 10, 0.5, NULL), (NULL, 5, 'NaN', [NULL]);
      INSERT INTO y VALUES (1, 1.25, 1, ['a']), (2, 2, 2, []), (3, 3, 3, ['b'])`);
    const outcome = await diff({ strategy });
    expect(outcome.discrepancies.map(({ key, kind, columns }) => ({ key, kind, columns }))).toEqual([
      { key: { id: 1 }, kind: 'value_mismatch', columns: { v: { batch: '1', stream: '1.25' } } },
      { key: { id: 2 }, kind: 'duplicate_key', columns: { rows: { batch: 2, stream: 1 } } },
      {
        key: { id: 3 },
        kind: 'missing_in_batch',
        columns: { v: { batch: null, stream: '3' }, d: { batch: null, stream: 3 }, t: { batch: null, stream: ['b'] } },
      },
      {
        key: { id: 10 },
        kind: 'missing_in_stream',
        columns: {
          v: { batch: '10', stream: null },
          d: { batch: 0.5, stream: null },
          t: { batch: null, stream: null },
        },
      },
      {
        key: { id: null },
        kind: 'null_key',
        columns: {
          v: { batch: '5', stream: null },
          d: { batch: 'NaN', stream: null },
          t: { batch: [null], stream: null },
        },
      },
    ]);
    expect(outcome).toMatchObject({
      keys_compared: 4,
      duplicate_key: 1,
      null_key: 1,
      batch_rows: 5,
      stream_rows: 3,
      mismatch_rate: 1,
    });
    expect((await diff({ strategy, limit: 2 })).discrepancies).toEqual(outcome.discrepancies.slice(0, 2));
  });

  it('compares only what the filter leaves, also where a key is duplicated', async () => {
    await session.script(`CREATE TABLE x AS SELECT i AS id, i % 3 AS k0 FROM range(30) r(i);
      CREATE TABLE y AS SELECT id, k0 FROM x WHERE id <> 4; INSERT INTO y VALUES (9, 0), (9, 2), (100, 2)`);
    const outcome = await diff({ strategy, filter: 'k0 = 0 OR k0 = 7' });
    expect(outcome).toMatchObject({
      batch_rows: 10,
      stream_rows: 11,
      duplicate_key: 1,
      matched: 9,
      missing_in_batch: 0,
      missing_in_stream: 0,
    });
    expect(outcome.discrepancies[0]?.columns).toEqual({ rows: { batch: 1, stream: 2 } });
  });

  it('compares lists as sets where a rule says so, NULL elements included', async () => {
    await session.script(`CREATE TABLE x AS SELECT * FROM (VALUES (1, ['a','b']), (2, ['a']), (3, ['a', NULL]), (4, []), (5, [NULL]), (6, NULL)) t(id, tags);
      CREATE TABLE y AS SELECT * FROM (VALUES (1, ['b','a','b']), (2, ['a', NULL]), (3, [NULL, 'a', NULL]), (4, [NULL]), (5, [NULL, NULL]), (6, [])) t(id, tags)`);
    const outcome = await diff({ strategy, ...rules({ tags: { set: true } }) });
    expect(outcome.discrepancies.map(({ key }) => key['id'])).toEqual([2, 4, 6]);
    expect(outcome).toMatchObject({ matched: 3, value_mismatch: 3, tolerated: 0 });
  });

  it('counts what a rule tolerates, by key and by column, and never hides it', async () => {
    await session.script(`CREATE TABLE x AS SELECT * FROM (VALUES (1, 1.00, 'a', 1), (2, 2.00, NULL, 1), (3, 3.00, '', 1), (4, 4.00, 'd', 1)) t(id, v, s, skipped);
      CREATE TABLE y AS SELECT * FROM (VALUES (1, 1.01, 'a', 2), (2, 2.00, '', 2), (3, 3.02, NULL, 2), (4, 4.00, 'd', 2)) t(id, v, s, skipped)`);
    const outcome = await diff({
      strategy,
      ...rules({ v: { absolute: '0.01' }, s: { nullEquals: 'empty' }, skipped: { ignore: true } }),
    });
    expect(outcome).toMatchObject({ matched: 1, tolerated: 2, value_mismatch: 1, keys_compared: 4 });
    expect(outcome.columns).toEqual({
      v: { mismatched: 1, tolerated: 1, max_abs_difference: '0.02' },
      s: { mismatched: 0, tolerated: 2, max_abs_difference: null },
    });
    expect(outcome.columns_compared).toEqual(['v', 's']);
    expect(outcome.discrepancies).toMatchObject([{ key: { id: 3 }, columns: { v: { batch: '3', stream: '3.02' } } }]);
  });

  it('agrees with plain arithmetic on every tolerance', async () => {
    const cents = fc.array(fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -4, max: 4 })), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(
        cents,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        async (rows, limit, percent) => {
          const values = (pick: (row: readonly [number, number]) => number): string =>
            rows.map((row, index) => `(${index}, CAST(${pick(row)} AS DECIMAL(10,2)) / 100)`).join(', ');
          await session.script(`CREATE OR REPLACE TABLE x (id INTEGER, v DOUBLE); INSERT INTO x VALUES ${values(([a]) => a)};
          CREATE OR REPLACE TABLE y (id INTEGER, v DECIMAL(10,2)); INSERT INTO y VALUES ${values(([a, d]) => a + d)}`);
          const outcome = await diff({
            strategy,
            ...rules({ v: { absolute: String(limit / 100), relative: percent / 100 } }),
          });
          const moved = rows.filter(([, d]) => d !== 0);
          const beyond = moved.filter(
            ([a, d]) => Math.abs(d) > limit && Math.abs(d) * 100 > percent * Math.max(Math.abs(a), Math.abs(a + d)),
          );
          expect(outcome).toMatchObject({
            matched: rows.length - moved.length,
            value_mismatch: beyond.length,
            tolerated: moved.length - beyond.length,
          });
          const largest = Math.max(0, ...moved.map(([, d]) => Math.abs(d)));
          expect(Number(outcome.columns['v']?.max_abs_difference ?? 0)).toBe(largest / 100);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('compares keys alone where there are no other columns, and tables without rows', async () => {
    await session.script('CREATE TABLE x AS SELECT 1 AS id; CREATE TABLE y AS SELECT 2 AS id');
    expect(await diff({ strategy })).toMatchObject({
      missing_in_stream: 1,
      missing_in_batch: 1,
      keys_compared: 2,
      columns: {},
    });
    await session.script('DELETE FROM x; DELETE FROM y');
    expect(await diff({ strategy })).toMatchObject({ keys_compared: 0, matched: 0, mismatch_rate: 0 });
  });

  it('leaves no table behind and can be called again', async () => {
    await session.script('CREATE TABLE x AS SELECT 1 AS id FROM range(2); CREATE TABLE y AS SELECT 1 AS id');
    expect(await diff({ strategy })).toMatchObject({ duplicate_key: 1 });
    expect(await diff({ strategy })).toMatchObject({ duplicate_key: 1 });
    expect(await session.query(`SELECT table_name FROM duckdb_tables() WHERE temporary`)).toEqual([]);
  });

  it('names a missing table', async () => {
    await expect(diff({ strategy, batch: 'nowhere' })).rejects.toMatchObject({ code: 'TABLE_MISSING' });
  });
});

describe('the plan of a comparison', () => {
  it('restricts the join to differing buckets while they are few, and says so', async () => {
    await session.script(`CREATE TABLE x AS SELECT i AS id, i AS v FROM range(60000) r(i);
      CREATE TABLE y AS SELECT id, CASE WHEN id IN (7, 40000) THEN -1 ELSE v END AS v FROM x WHERE id <> 9; INSERT INTO y VALUES (-5, 0), (12, 12)`);
    const outcome = await diff();
    expect(outcome.plan).toMatchObject({ strategy: 'digest', buckets: 4096, candidates: 4 });
    expect(outcome.plan.differing_buckets).toBeGreaterThan(0);
    expect(outcome.plan.differing_buckets).toBeLessThanOrEqual(5);
    expect(outcome).toMatchObject({
      value_mismatch: 2,
      missing_in_stream: 1,
      missing_in_batch: 1,
      duplicate_key: 1,
      keys_compared: 60_001,
    });
  });

  it('looks at no row where the digests agree, and still finds duplicates that stand on both sides', async () => {
    await session.script(
      'CREATE TABLE x AS SELECT i AS id FROM range(60000) r(i); INSERT INTO x VALUES (5), (6), (NULL); CREATE TABLE y AS SELECT * FROM x',
    );
    const outcome = await diff();
    expect(outcome.plan).toMatchObject({ strategy: 'digest', differing_buckets: 0, candidates: 0 });
    expect(outcome).toMatchObject({ duplicate_key: 2, null_key: 2, matched: 59_998, keys_compared: 60_000 });
  });
});
