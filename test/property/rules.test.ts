import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { ColumnRule } from '../../src/model/project.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { emptyStore } from '../integration/project.js';

const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 100);

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  ({ store, session } = await emptyStore());
});
afterAll(() => store.close());

type Outcome = 'equal' | 'tolerated' | 'different';

/** A type with values and their SQL, and rules with what they mean, in plain arithmetic. */
interface Case<T> {
  readonly type: string;
  readonly value: fc.Arbitrary<T>;
  sql(value: T): string;
  readonly rule: fc.Arbitrary<{ readonly rule: ColumnRule; readonly allows: (a: T, b: T) => boolean }>;
  equal(a: T, b: T): boolean;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Thousandths, so that whole numbers are exact. */
const thousandths = fc.integer({ min: -3000, max: 3000 });
function decimal(n: number): string {
  const digits = String(Math.abs(n)).padStart(4, '0');
  return `${n < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
function away(n: number, step: number): number {
  return Math.sign(n) * Math.floor((Math.abs(n) + step / 2) / step) * step;
}

function numbers(type: string): Case<number> {
  return {
    type,
    value: thousandths,
    sql: (n) => `CAST('${decimal(n)}' AS ${type})`,
    rule: fc.oneof(
      fc.nat({ max: 500 }).map((limit) => ({
        rule: { absolute: decimal(limit) },
        allows: (a: number, b: number) => Math.abs(a - b) <= limit,
      })),
      fc.constantFrom(1, 2).map((digits) => ({
        rule: { round: digits },
        allows: (a: number, b: number) => away(a, 10 ** (3 - digits)) === away(b, 10 ** (3 - digits)),
      })),
      fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat({ max: 50 })).map(([percent, limit]) => ({
        rule: { relative: percent / 100, absolute: decimal(limit) },
        allows: (a: number, b: number) =>
          Math.abs(a - b) <= limit || 100 * Math.abs(a - b) <= percent * Math.max(Math.abs(a), Math.abs(b)),
      })),
    ),
    equal: (a, b) => a === b,
  };
}

const CASES: readonly Case<unknown>[] = [
  numbers('DECIMAL(38,3)') as Case<unknown>,
  numbers('DECIMAL(12,3)') as Case<unknown>,
  numbers('DOUBLE PRECISION') as Case<unknown>,
  {
    type: 'TIMESTAMP',
    value: fc.integer({ min: -3000, max: 3000 }),
    sql: (ms) => `(TIMESTAMP '2024-02-29 00:00:00' + ${String(ms)} * INTERVAL '1 millisecond')`,
    rule: fc.integer({ min: 1, max: 2000 }).map((limit) => ({
      rule: { within: limit },
      allows: (a: number, b: number) => Math.abs(a - b) <= limit,
    })),
    equal: (a, b) => a === b,
  } as Case<unknown>,
  {
    type: 'DATE',
    value: fc.integer({ min: 0, max: 9 }),
    sql: (day) => `DATE '2024-03-0${String(day)}'`.replace('-03-00', '-02-29'),
    rule: fc.integer({ min: 1, max: 3 }).map((days) => ({
      rule: { within: days * 86_400_000 },
      allows: (a: number, b: number) => Math.abs(a - b) <= days,
    })),
    equal: (a, b) => a === b,
  } as Case<unknown>,
  {
    type: 'TEXT',
    value: fc
      .array(fc.constantFrom('a', 'A', 'é', 'É', ' ', '\t', '\u00a0', 'ß', 's'), { maxLength: 4 })
      .map((all) => all.join('')),
    sql: quoted,
    rule: fc.constantFrom(
      { rule: { case: 'ignore' }, allows: (a: string, b: string) => low(a) === low(b) },
      { rule: { whitespace: 'trim' }, allows: (a: string, b: string) => a.trim() === b.trim() },
      { rule: { whitespace: 'collapse' }, allows: (a: string, b: string) => words(a) === words(b) },
      {
        rule: { case: 'ignore', whitespace: 'collapse' },
        allows: (a: string, b: string) => low(words(a)) === low(words(b)),
      },
    ),
    equal: (a, b) => a === b,
  } as Case<unknown>,
  {
    type: 'JSON',
    value: fc.record(
      {
        a: fc.nat({ max: 1 }),
        t: fc.nat({ max: 1 }),
        l: fc.array(fc.record({ t: fc.nat({ max: 1 }), u: fc.nat({ max: 1 }) }), { maxLength: 2 }),
      },
      { requiredKeys: ['a'] },
    ),
    sql: (value) => `CAST(${quoted(JSON.stringify(value))} AS JSON)`,
    rule: fc.constantFrom(
      {
        rule: { ignorePaths: ['$.t'] },
        allows: (a: Tree, b: Tree) => plain({ ...a, t: undefined }) === plain({ ...b, t: undefined }),
      },
      {
        rule: { ignorePaths: ['$.t', '$.l[*].t'] },
        allows: (a: Tree, b: Tree) => plain(withoutTimes(a)) === plain(withoutTimes(b)),
      },
      {
        rule: { ignorePaths: ['$.l'] },
        allows: (a: Tree, b: Tree) => plain({ ...a, l: undefined }) === plain({ ...b, l: undefined }),
      },
    ),
    equal: (a: Tree, b: Tree) => plain(a) === plain(b),
  } as Case<unknown>,
];

interface Tree {
  readonly a: number;
  readonly t?: number | undefined;
  readonly l?: readonly { readonly t?: number | undefined; readonly u: number }[] | undefined;
}

function withoutTimes(tree: Tree): Tree {
  return { ...tree, t: undefined, l: tree.l?.map(({ u }) => ({ u })) };
}

function plain({ a, t, l }: Tree): string {
  return JSON.stringify([a, t ?? null, l?.map((one) => [one.t ?? null, one.u]) ?? null]);
}

function low(text: string): string {
  return text.replaceAll('A', 'a').replaceAll('É', 'é');
}

function words(text: string): string {
  return text
    .split(/[ \t\u00a0]+/)
    .filter((word) => word !== '')
    .join(' ');
}

describe('rules', () => {
  it('tolerate exactly what they say, on random values of every type, by both strategies', async () => {
    const comparison = fc.constantFrom(...CASES).chain((one) =>
      fc.tuple(
        fc.constant(one),
        one.rule,
        fc.array(fc.tuple(fc.option(one.value, { freq: 8 }), fc.option(one.value, { freq: 8 })), {
          minLength: 1,
          maxLength: 25,
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(comparison, async ([one, { rule, allows }, pairs]) => {
        const judged = pairs.map(([a, b]): Outcome => {
          if (a === null || b === null) return a === b ? 'equal' : 'different';
          return one.equal(a, b) ? 'equal' : allows(a, b) ? 'tolerated' : 'different';
        });
        const sqlOf = (value: unknown): string => (value === null ? `CAST(NULL AS ${one.type})` : one.sql(value));
        for (const [name, side] of [
          ['left_rules', 0],
          ['right_rules', 1],
        ] as const) {
          await session.script(`DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (id INTEGER, v_x ${one.type})`);
          await session.run(
            `INSERT INTO ${name} ${pairs.map((pair, id) => `SELECT ${id}, ${sqlOf(pair[side])}`).join(' UNION ALL ')}`,
          );
        }
        for (const strategy of ['digest', 'join'] as const) {
          const compare = (): Promise<unknown> =>
            compareTables(session, store.dialect, {
              batch: 'left_rules',
              stream: 'right_rules',
              key: ['id'],
              rules: { columns: { 'v_*': rule } },
              today: '2026-01-01',
              unique: { batch: false, stream: false },
              limit: 0,
              strategy,
            });
          const count = (outcome: Outcome): number => judged.filter((each) => each === outcome).length;
          expect(await (store.kind === 'postgres' ? session.transaction(compare) : compare())).toMatchObject({
            matched: count('equal'),
            tolerated: count('tolerated'),
            value_mismatch: count('different'),
          });
        }
      }),
      { numRuns: RUNS },
    );
  }, 240_000);
});
