import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffOutcome } from '../../src/diff/input.js';
import type { DiffStrategy } from '../../src/diff/plan.js';
import type { Discrepancy } from '../../src/model/comparison.js';
import type { SqlDialect, SqlSession, Store } from '../../src/store/contract.js';
import { createTable, storeForTables, randomTables, type Pick, type RandomTables } from './diff-tables.js';

const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 100);

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  ({ store, session } = await storeForTables());
});
afterAll(() => store.close());

type Rows = readonly (readonly Pick[])[];

interface Expected {
  counts: Record<string, number>;
  columns: number[];
  /** `kind key` of every discrepancy, sorted. */
  discrepancies: string[];
}

function idOf(row: readonly Pick[]): string {
  return JSON.stringify(row.map(({ sample }) => (sample === null ? null : (sample.cell ?? null))));
}

function group(rows: Rows, width: number): { byKey: Map<string, (readonly Pick[])[]>; nulls: string[] } {
  const byKey = new Map<string, (readonly Pick[])[]>();
  const nulls: string[] = [];
  for (const row of rows) {
    const key = row.slice(0, width);
    if (key.some(({ sample }) => sample === null)) nulls.push(`null_key ${idOf(key)}`);
    else byKey.set(idOf(key), [...(byKey.get(idOf(key)) ?? []), row.slice(width)]);
  }
  return { byKey, nulls };
}

/** The comparison as it is defined, over the samples' identities: it shares no code with the product. */
function oracle({ key, values, batch, stream }: RandomTables): Expected {
  const left = group(batch, key.length);
  const right = group(stream, key.length);
  const found = [...left.nulls, ...right.nulls];
  const columns = values.map(() => 0);
  const counts = {
    matched: 0,
    missing_in_stream: 0,
    missing_in_batch: 0,
    value_mismatch: 0,
    duplicate_key: 0,
    null_key: found.length,
  };
  const keys = new Set([...left.byKey.keys(), ...right.byKey.keys()]);
  for (const id of keys) {
    const a = left.byKey.get(id) ?? [];
    const b = right.byKey.get(id) ?? [];
    const differing = values.map(
      (_, index) => (a[0]?.[index]?.sample?.id ?? null) !== (b[0]?.[index]?.sample?.id ?? null),
    );
    const kind =
      a.length > 1 || b.length > 1
        ? 'duplicate_key'
        : a.length === 0
          ? 'missing_in_batch'
          : b.length === 0
            ? 'missing_in_stream'
            : differing.includes(true)
              ? 'value_mismatch'
              : 'matched';
    counts[kind] += 1;
    if (kind !== 'matched') found.push(`${kind} ${id}`);
    if (kind === 'value_mismatch')
      differing.forEach((differs, index) => (columns[index] = (columns[index] ?? 0) + Number(differs)));
  }
  return {
    counts: { ...counts, keys_compared: keys.size, batch_rows: batch.length, stream_rows: stream.length },
    columns,
    discrepancies: found.sort(),
  };
}

function label({ kind, key }: Discrepancy): string {
  return `${kind} ${JSON.stringify(Object.values(key))}`;
}

async function diff(
  left: string,
  right: string,
  tables: RandomTables,
  strategy: DiffStrategy,
  unique = { batch: false, stream: false },
  dialect = store.dialect,
  { readOnly = false, readers = [] }: { readonly readOnly?: boolean; readonly readers?: readonly SqlSession[] } = {},
): Promise<{ outcome: DiffOutcome; all: Discrepancy[] }> {
  const all: Discrepancy[] = [];
  const compare = (): Promise<DiffOutcome> =>
    compareTables(session, dialect, {
      batch: left,
      stream: right,
      key: tables.key.map((_, index) => `key ${index}`),
      rules: { columns: {} },
      today: '2026-01-01',
      unique,
      limit: 1000,
      strategy,
      profile: { sums: true },
      readOnly,
      readers,
      onDiscrepancy: (discrepancy) => all.push(discrepancy),
    });
  if (store.kind === 'duckdb') return { outcome: await compare(), all };
  const outcome = await session.transaction(async () => {
    if (readOnly) await session.script('SET TRANSACTION READ ONLY');
    return compare();
  });
  return { outcome, all };
}

/** A dialect that cuts the tables at every value of their first key column; undefined: the store has no ranges for its type. */
async function cutEverywhere({ key: [first] }: RandomTables): Promise<SqlDialect | undefined> {
  const { keyRanges } = store.dialect;
  // Keys of a column with a collation of its own are cut only where both columns have it: not here.
  if (keyRanges === null || first === undefined || first.batch.includes('COLLATE')) return undefined;
  const whole = [first.batch, first.stream].every((type) => /^(?:SMALL|BIG)?INT(?:EGER)?$/.test(type));
  if (!whole && first.batch !== first.stream) return undefined;
  const type = whole ? 'BIGINT' : first.batch;
  const rows = await session.query(
    `SELECT CAST(v AS TEXT) AS bound FROM (SELECT DISTINCT v FROM (SELECT CAST("key 0" AS ${type}) AS v FROM left_table
       UNION ALL SELECT "key 0" FROM right_table) both_tables WHERE v IS NOT NULL) single ORDER BY v`,
  );
  const bounds = rows.map(({ bound }) => `CAST(${store.dialect.literal(String(bound))} AS ${type})`);
  return { ...store.dialect, keyRanges: { ...keyRanges, bounds: () => Promise.resolve(bounds) } };
}

function check({ outcome, all }: { outcome: DiffOutcome; all: Discrepancy[] }, expected: Expected): void {
  expect(outcome).toMatchObject(expected.counts);
  expect(all.map(label).sort()).toEqual(expected.discrepancies);
  expect(outcome.discrepancies.map(label).sort()).toEqual(expected.discrepancies);
  expect(Object.values(outcome.columns).map(({ mismatched }) => mismatched)).toEqual(expected.columns);
  const { matched, tolerated, missing_in_stream, missing_in_batch, value_mismatch, duplicate_key } = outcome;
  expect(matched + tolerated + missing_in_stream + missing_in_batch + value_mismatch + duplicate_key).toBe(
    outcome.keys_compared,
  );
}

describe('compareTables', () => {
  it('finds exactly the differences, whatever the types, NULLs, duplicates and order, by every strategy', async () => {
    let ranged = 0;
    await fc.assert(
      fc.asyncProperty(randomTables(store.kind), async (tables) => {
        await createTable(session, 'left_table', 'batch', tables, tables.batch);
        await createTable(session, 'right_table', 'stream', tables, tables.stream);
        const expected = oracle(tables);
        const byJoin = await diff('left_table', 'right_table', tables, 'join');
        check(byJoin, expected);
        const byDigest = await diff('left_table', 'right_table', tables, 'digest');
        check(byDigest, expected);
        expect(byDigest.outcome.discrepancies).toEqual(byJoin.outcome.discrepancies);
        for (const strategy of ['join', 'digest'] as const)
          check(
            await diff('left_table', 'right_table', tables, strategy, undefined, undefined, { readOnly: true }),
            expected,
          );
        const sound = (rows: Rows): boolean => {
          const { byKey, nulls } = group(rows, tables.key.length);
          return nulls.length === 0 && byKey.size === rows.length;
        };
        const unique = { batch: sound(tables.batch), stream: sound(tables.stream) };
        check(await diff('left_table', 'right_table', tables, 'digest', unique), expected);
        check(await diff('left_table', 'right_table', tables, 'join', unique), expected);
        const cut = await cutEverywhere(tables);
        if (cut === undefined) return;
        for (const known of [unique, { ...unique, batch: false }, { ...unique, stream: false }]) {
          const inRanges = await diff('left_table', 'right_table', tables, 'ranges', known, cut);
          check(inRanges, expected);
          if (inRanges.outcome.plan.strategy === 'ranges') ranged += 1;
          check(await diff('left_table', 'right_table', tables, 'ranges', known, cut, { readOnly: true }), expected);
        }
      }),
      { numRuns: RUNS },
    );
    expect(ranged > 0).toBe(store.dialect.keyRanges !== null);
  }, 240_000);

  it('finds exactly the differences, row by row where the rows of both sides stand in one order, and otherwise by digests', async () => {
    const reader = await store.session();
    let stepped = 0;
    await fc.assert(
      fc.asyncProperty(randomTables(store.kind), fc.boolean(), async (tables, sameKeys) => {
        const width = tables.key.length;
        const values = tables.stream.map((row) => row.slice(width));
        const rows = tables.batch.map((row, index) =>
          index % 3 === 1 ? row : [...row.slice(0, width), ...(values[index % values.length] ?? row.slice(width))],
        );
        const stream = sameKeys ? rows : tables.stream;
        await createTable(session, 'left_table', 'batch', tables, tables.batch);
        await createTable(session, 'right_table', 'stream', tables, stream);
        const order = tables.key.map((_, index) => `"key ${index}"`).join(', ');
        for (const side of ['left', 'right'])
          await session.script(
            `DROP TABLE IF EXISTS ${side}_sorted; CREATE TABLE ${side}_sorted AS SELECT * FROM ${side}_table ORDER BY ${order}`,
          );
        const expected = oracle({ ...tables, stream });
        for (const form of ['table', 'sorted']) {
          const found = await diff(`left_${form}`, `right_${form}`, tables, 'in_step', undefined, undefined, {
            readers: [reader, session],
          });
          check(found, expected);
          if (found.outcome.plan.strategy === 'in_step') stepped += 1;
        }
      }),
      { numRuns: store.dialect.sideBySide === null ? 5 : RUNS },
    );
    if (store.dialect.sideBySide === null) expect(stepped).toBe(0);
    else expect(stepped).toBeGreaterThan(0);
  }, 240_000);

  it('finds nothing but duplicates and NULL keys between a table and itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomTables(store.kind),
        fc.constantFrom('digest' as const, 'join' as const),
        async (tables, strategy) => {
          await createTable(session, 'left_table', 'batch', tables, tables.batch);
          const { outcome } = await diff('left_table', 'left_table', tables, strategy);
          expect(outcome).toMatchObject({ missing_in_stream: 0, missing_in_batch: 0, value_mismatch: 0, tolerated: 0 });
          expect(outcome).toMatchObject({
            duplicate_key: oracle({ ...tables, stream: tables.batch }).counts['duplicate_key'],
          });
        },
      ),
      { numRuns: RUNS },
    );
  }, 240_000);
});
