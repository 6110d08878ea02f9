import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pipeline } from '../../src/model/project.js';
import type { ShadowEnvironment } from '../../src/shadow/environment.js';
import { publish } from '../../src/shadow/publish.js';
import { RESULT } from '../../src/shadow/tables.js';
import type { SqlSession, Store } from '../../src/store/contract.js';

const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 60);

/** Literals of types that both stores have; in each list every value differs from the others. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ['-1', '0', '1', '2147483647'],
  BIGINT: ['-1', '4294967295', '4294967296', '0'],
  'DECIMAL(18,2)': ['5', '-5', '0', '50000', '0.05'],
  'DOUBLE PRECISION': ['0', '0.1', '-0.1', 'NaN', 'Infinity'],
  TEXT: ['', ' ', 'a', 'A', 'a ', 'NULL', 'é'],
  BOOLEAN: ['true', 'false'],
  DATE: ['1970-01-01', '2024-02-29', 'infinity'],
  TIMESTAMP: ['2000-01-01 00:00:00', '2000-01-01 00:00:00.000001', '1999-12-31 23:59:59.999999', 'infinity'],
  TIMESTAMPTZ: ['2024-03-31 01:30:00+00', '2024-03-31 01:30:00+01'],
  JSON: ['{"a":1}', '{"a":-1}', 'null'],
  UUID: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
};
const KEYS = ['INTEGER', 'BIGINT', 'TEXT', 'DATE', 'DECIMAL(18,2)', 'TIMESTAMPTZ'];

type Rows = readonly (readonly (string | null)[])[];

interface Case {
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly before: Rows;
  readonly after: Rows;
}

function literal(type: string, nulls: boolean): fc.Arbitrary<string | null> {
  const real = fc.constantFrom(...(TYPES[type] ?? []));
  return nulls ? fc.oneof({ weight: 9, arbitrary: real }, { weight: 1, arbitrary: fc.constant(null) }) : real;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
    values: fc.array(fc.constantFrom(...Object.keys(TYPES)), { maxLength: 3 }),
    nullKeys: fc.boolean(),
    unique: fc.boolean(),
  })
  .chain(({ keys, values, nullKeys, unique }) => {
    const row = fc.tuple(...keys.map((type) => literal(type, nullKeys)), ...values.map((type) => literal(type, true)));
    const once = (rows: Rows): Rows =>
      unique ? [...new Map(rows.map((one) => [JSON.stringify(one.slice(0, keys.length)), one])).values()] : rows;
    const rows = fc.array(row, { maxLength: 12 });
    return fc.tuple(rows, rows, rows).map(([shared, before, after]) => ({
      keys,
      values,
      before: once([...shared, ...before]),
      after: once([...after, ...shared.toReversed()]),
    }));
  });

/** What publishing does on every store. */
export function publishSuite(name: string, open: () => Promise<Store>): void {
  describe(`${name}: publish`, () => {
    let store: Store;
    let session: SqlSession;
    beforeAll(async () => {
      store = await open();
      session = await store.session();
      await store.migrate();
    });
    afterAll(() => store.close());

    const names = ({ keys, values }: Case): string[] => [
      ...keys.map((_, index) => `k ${index}`),
      ...values.map((_, index) => `v ${index}`),
    ];
    const select = (one: Case, rows: Rows): string => {
      const types = [...one.keys, ...one.values];
      const columns = names(one).map((column) => `"${column}"`);
      const cell = (value: string | null | undefined, index: number): string =>
        `CAST(${value === null || value === undefined ? 'NULL' : store.dialect.literal(value)} AS ${types[index] ?? ''})`;
      const selects = rows.map(
        (row) => `SELECT ${columns.map((column, i) => `${cell(row[i], i)} AS ${column}`).join(', ')}`,
      );
      const none = `SELECT ${columns.map((column, i) => `${cell(null, i)} AS ${column}`).join(', ')} WHERE false`;
      return [none, ...selects].join(' UNION ALL ');
    };
    const contents = async (relation: string): Promise<string[]> =>
      (await session.query(`SELECT * FROM ${relation}`)).map((row) => JSON.stringify(Object.values(row))).sort();
    const run = async (
      one: Case,
      rows: { readonly before: Rows; readonly after: Rows },
      partitions?: string[],
    ): Promise<number> => {
      await session.run('DROP TABLE IF EXISTS pb.p');
      await session.run(`CREATE TABLE pb.p AS ${select(one, rows.before)}`);
      await session.materialize(RESULT, select(one, rows.after), 'store');
      const env = { store, schemas: { batch: 'pb', stream: 's', served: 'm' } } as unknown as ShadowEnvironment;
      const pipeline = {
        name: 'p',
        key: one.keys.map((_, index) => `k ${index}`),
        batch: { kind: 'sql', partitionBy: { column: 'k 0' } },
        stream: { kind: 'sql' },
      } as unknown as Pipeline;
      const { changedKeys } = await session.transaction(() => publish(env, session, pipeline, partitions));
      return changedKeys;
    };

    it('makes the table the same multiset as the result, and nothing changes the second time', async () => {
      await fc.assert(
        fc.asyncProperty(cases, async (one) => {
          await run(one, one);
          expect(await contents('pb.p')).toEqual(await contents(store.dialect.stored(RESULT)));
          expect(await run(one, { before: one.after, after: one.after })).toBe(0);
        }),
        { numRuns: RUNS },
      );
    });

    it('counts changed keys and leaves rows outside of the partitions alone', async () => {
      const one: Case = { keys: ['INTEGER', 'TEXT'], values: ['TEXT'], before: [], after: [] };
      const before = [
        ['1', 'a', 'x'],
        ['1', 'b', 'x'],
        ['2', 'a', 'x'],
        ['1', 'c', 'x'],
      ];
      const after = [
        ['1', 'a', 'x'],
        ['1', 'b', 'y'],
        ['1', 'd', 'z'],
      ];
      expect(await run(one, { before, after }, ['1'])).toBe(3);
      expect(await contents('pb.p')).toEqual(['[1,"a","x"]', '[1,"b","y"]', '[1,"d","z"]', '[2,"a","x"]']);
    });

    it('keeps duplicates as the job made them: one more, one less, and other values on the same key', async () => {
      const one: Case = { keys: ['INTEGER'], values: ['TEXT', 'TEXT'], before: [], after: [] };
      const before = [
        ['1', 'a', 'x'],
        ['1', 'b', 'y'],
        ['2', 'a', 'x'],
        ['3', 'a', 'x'],
        ['3', 'a', 'x'],
        ['4', 'a', 'x'],
      ];
      const after = [
        ['1', 'a', 'y'],
        ['1', 'b', 'x'],
        ['2', 'a', 'x'],
        ['2', 'a', 'x'],
        ['3', 'a', 'x'],
        ['4', 'a', 'x'],
      ];
      expect(await run(one, { before, after })).toBe(3);
      expect(await contents('pb.p')).toEqual(await contents(store.dialect.stored(RESULT)));
    });

    it('sees a copy more of one key and a copy less of another, and no change in two rows of one key', async () => {
      const one: Case = { keys: ['INTEGER'], values: ['TEXT'], before: [], after: [] };
      const rows = (...given: string[]): Rows => given.map((text) => text.split(''));
      expect(await run(one, { before: rows('1a', '2a', '2a'), after: rows('1a', '1a', '2a') })).toBe(2);
      expect(await contents('pb.p')).toEqual(await contents(store.dialect.stored(RESULT)));
      expect(await run(one, { before: rows('1a', '1b', '2a'), after: rows('1b', '2a', '1a') })).toBe(0);
      expect(await run(one, { before: rows('1a', '2a'), after: rows('1a', '1b', '2a') })).toBe(1);
      expect(await contents('pb.p')).toEqual(await contents(store.dialect.stored(RESULT)));
    });
  });
}
