import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { loudly } from '../parts/require.js';
import { freshDatabase, openDatabase } from './database.js';

const { url, problem } = inject('postgres');

/** Per pair of types: SQL literals; those in one list are equal, those in different lists are not. */
const VALUES: readonly {
  readonly types: readonly [string, string];
  readonly classes: readonly (readonly string[])[];
}[] = [
  { types: ['smallint', 'smallint'], classes: [['-32768'], ['-1'], ['0'], ['1'], ['32767']] },
  { types: ['integer', 'integer'], classes: [['-2147483648'], ['-1'], ['0'], ['1'], ['2147483647']] },
  {
    types: ['bigint', 'bigint'],
    classes: [
      ['-1'],
      ['0'],
      ['1'],
      ['4294967295'],
      ['4294967296'],
      ['-4294967296'],
      ['9223372036854775807'],
      ['-9223372036854775808'],
    ],
  },
  { types: ['integer', 'bigint'], classes: [['-1'], ['0'], ['1'], ['2147483647']] },
  {
    types: ['bigint', 'numeric'],
    classes: [['-1'], ['0'], ['1'], ['10000'], ['4294967295'], ['-9223372036854775808']],
  },
  {
    types: ['numeric(18,2)', 'numeric(18,2)'],
    classes: [['5', '5.00'], ['-5'], ['0', '-0'], ['NaN'], ['50000'], ['0.05'], ['-0.05']],
  },
  {
    types: ['numeric', 'numeric'],
    classes: [
      ['1', '1.00', '1.000000'],
      ['-1', '-1.0'],
      ['0', '0.00', '-0.0'],
      ['NaN'],
      ['Infinity'],
      ['-Infinity'],
      ['10000', '1e4'],
      ['1e8'],
      ['1e-8'],
      ['1e200'],
    ],
  },
  { types: ['numeric(10,1)', 'numeric(18,4)'], classes: [['1.5', '1.5000'], ['-1.5'], ['0'], ['NaN']] },
  {
    types: ['double precision', 'double precision'],
    classes: [
      ['0', '-0'],
      ['NaN', '-NaN'],
      ['Infinity'],
      ['-Infinity'],
      ['0.1'],
      ['0.3'],
      ['0.30000000000000004'],
      ['5e-324'],
      ['-5e-324'],
    ],
  },
  { types: ['real', 'double precision'], classes: [['0', '-0'], ['0.5'], ['-2.25'], ['NaN']] },
  { types: ['bigint', 'double precision'], classes: [['0'], ['1'], ['-7'], ['2147483648']] },
  { types: ['boolean', 'boolean'], classes: [['true'], ['false']] },
  {
    types: ['text', 'text'],
    classes: [[''], [' '], ['v'], ['a'], ['a '], ['A'], ['NULL'], ['é'], ['e\u0301'], ['ß'], ['ss']],
  },
  { types: ['citext', 'citext'], classes: [['a'], ['A'], ['']] },
  { types: ['folded', 'folded'], classes: [['a'], ['A'], ['a ']] },
  { types: ['character(4)', 'character(6)'], classes: [['', '  '], ['a', 'a ', 'a  '], ['A'], [' a']] },
  { types: ['character varying(9)', 'text'], classes: [[''], [' '], ['a'], ['a ']] },
  { types: ['mood', 'mood'], classes: [['sad'], ['glad']] },
  {
    types: ['date', 'date'],
    classes: [
      ['1970-01-01'],
      ['2000-01-01'],
      ['0044-03-15 BC'],
      ['0044-03-15'],
      ['infinity'],
      ['-infinity'],
      ['5874897-12-31'],
    ],
  },
  {
    types: ['timestamp', 'timestamp'],
    classes: [
      ['2000-01-01'],
      ['1999-12-31 23:59:59.999999'],
      ['2000-01-01 00:00:00.000001'],
      ['2000-01-01 01:11:34.967296'],
      ['2000-01-01 01:11:34.967297'],
      ['1999-12-31 22:48:25.032704'],
      ['1999-12-31 22:48:25.032705'],
      ['infinity'],
      ['-infinity'],
      ['4713-11-24 00:00:00 BC'],
      ['294276-12-31 23:59:59.999999'],
    ],
  },
  {
    types: ['timestamptz', 'timestamptz'],
    classes: [
      ['2024-03-31 00:30:00+00', '2024-03-31 02:30:00+02'],
      ['2024-03-31 01:30:00+00'],
      ['infinity'],
      ['-infinity'],
      ['4713-11-24 00:00:00+00 BC'],
    ],
  },
  {
    types: ['timestamp', 'timestamptz'],
    classes: [['2024-03-31 01:30:00'], ['2024-03-31 01:30:00.000001'], ['infinity'], ['-infinity']],
  },
  { types: ['time', 'time'], classes: [['00:00:00.000001'], ['01:11:34.967296'], ['23:59:59.999999'], ['24:00:00']] },
  { types: ['timetz', 'timetz'], classes: [['01:00:00+00'], ['02:00:00+01'], ['01:00:00+01']] },
  {
    types: ['interval', 'interval'],
    classes: [['1 second'], ['1 day'], ['-1 day'], ['00:00:00'], ['4294.967296 seconds']],
  },
  {
    types: ['uuid', 'uuid'],
    classes: [['00000000-0000-0000-0000-000000000000'], ['ffffffff-ffff-ffff-ffff-ffffffffffff']],
  },
  { types: ['bytea', 'bytea'], classes: [[''], ['\\x00'], ['\\x0000'], ['\\xff']] },
  {
    types: ['jsonb', 'jsonb'],
    classes: [['{}'], ['null'], ['{"a": 1, "b": 2}', '{"b": 2, "a": 1}'], ['{"a": -1}'], ['"a"'], ['[]']],
  },
  { types: ['json', 'json'], classes: [['{}'], ['null'], ['9007199254740993'], ['9007199254740992']] },
  {
    types: ['integer[]', 'integer[]'],
    classes: [['{}'], ['{NULL}'], ['{1,2}'], ['{{1,2}}'], ['{{1},{2}}'], ['[0:1]={1,2}'], ['{2,1}'], ['{0}']],
  },
  { types: ['text[]', 'text[]'], classes: [['{}'], ['{NULL}'], ['{"NULL"}'], ['{""}'], ['{"a,b"}'], ['{a,b}']] },
  { types: ['numeric[]', 'numeric[]'], classes: [['{1}'], ['{-1}'], ['{NaN}'], ['{NULL}'], ['{0}']] },
  { types: ['pair', 'pair'], classes: [['(,)'], ['(1,x)'], ['(-1,x)'], ['(1,)'], ['(1,"")']] },
  { types: ['money4', 'money4'], classes: [['5', '5.0'], ['-5']] },
  { types: ['inet', 'inet'], classes: [['10.0.0.1', '10.0.0.1/32'], ['10.0.0.1/24'], ['::1']] },
  { types: ['box', 'box'], classes: [['(1,1),(0,0)'], ['(6,6),(5,5)']] },
  { types: ['point', 'point'], classes: [['(1,1)'], ['(1,2)']] },
  { types: ['int4range', 'int4range'], classes: [['empty'], ['[1,3)', '[1,2]'], ['[1,)'], ['(,)']] },
  { types: ['bit varying', 'bit varying'], classes: [[''], ['0'], ['00'], ['1']] },
  { types: ['tsvector', 'tsvector'], classes: [[''], ['a b'], ['a:1 b:2']] },
];

/** Types that no literal of the list below has a common text for, made before them. */
const SETUP = `CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (n integer, t text);
  CREATE DOMAIN money4 AS numeric; CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE DOMAIN folded AS text COLLATE nocase`;

describe.skipIf(loudly('hashes of PostgreSQL values', problem))('on a real server', () => {
  let store: Store;
  let session: SqlSession;
  beforeAll(async () => {
    ({ store, session } = await freshDatabase(url));
    await session.script(SETUP);
  });
  afterAll(() => store.close());

  async function differ(strategy: 'digest' | 'join'): Promise<string[]> {
    const found: string[] = [];
    const outcome = await session.transaction(() =>
      compareTables(session, store.dialect, {
        batch: 'x',
        stream: 'y',
        key: ['id'],
        rules: { columns: {} },
        today: '2026-01-01',
        unique: { batch: true, stream: true },
        limit: 10_000,
        strategy,
        onDiscrepancy: ({ key }) => found.push(String(key['id'])),
      }),
    );
    expect(outcome.value_mismatch).toBe(found.length);
    return found.sort();
  }

  // Every two values in a row of their own, whose bucket holds little else: what the hash does not tell apart is not found.
  it.each(VALUES)('of $types are equal where, and only where, the values are', async ({ types, classes }) => {
    const all = [
      ...classes.flatMap((literals, id) => literals.map((literal) => ({ literal, id }))),
      { literal: null, id: -1 },
    ];
    const pairs = all.flatMap((batch) => all.map((stream) => ({ batch, stream })));
    const table = async (name: string, side: 'batch' | 'stream', type: string): Promise<void> => {
      await session.script(`DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (id integer PRIMARY KEY, v ${type})`);
      for (const [id, pair] of pairs.entries())
        await session.run(`INSERT INTO ${name} SELECT $1::integer, CAST($2::text AS ${type})`, [
          id,
          pair[side].literal,
        ]);
    };
    await table('x', 'batch', types[0]);
    await table('y', 'stream', types[1]);
    const expected = pairs.flatMap(({ batch, stream }, id) => (batch.id === stream.id ? [] : [String(id)])).sort();
    expect(await differ('join')).toEqual(expected);
    expect(await differ('digest')).toEqual(expected);
    for (const [id, { batch, stream }] of pairs.entries()) {
      const [equal] = await digestsAgree(id);
      expect({ batch: batch.literal, stream: stream.literal, equal }).toEqual({
        batch: batch.literal,
        stream: stream.literal,
        equal: batch.id === stream.id,
      });
    }
  });

  async function digestsAgree(id: number): Promise<boolean[]> {
    const [self, other] = [await store.dialect.columns(session, 'x'), await store.dialect.columns(session, 'y')].map(
      (columns) => columns[1],
    );
    if (self === undefined || other === undefined) throw new Error('no column');
    const hash = (table: string, a: typeof self, b: typeof self): string =>
      `(SELECT ${store.dialect.rowHash([{ expression: store.dialect.comparable('v', a, b), self: a, other: b, nullable: true }])} FROM ${table} WHERE id = ${id})`;
    const rows = await session.query(`SELECT ${hash('x', self, other)} = ${hash('y', other, self)} AS same`);
    return rows.map((row) => row['same'] === true);
  }

  it('floats differ whatever number of digits the database shows by default', async () => {
    const first = await freshDatabase(url);
    await first.session.run(`ALTER DATABASE ${new URL(first.url).pathname.slice(1)} SET extra_float_digits = -3`);
    await first.store.close();
    const { store: settings, session: later } = await openDatabase(first.url);
    try {
      await later.script(`CREATE TABLE x (id INT PRIMARY KEY, v FLOAT8[]); CREATE TABLE y (id INT PRIMARY KEY, v FLOAT8[]);
        INSERT INTO x VALUES (1, '{0.3}'); INSERT INTO y VALUES (1, '{0.30000000000000004}')`);
      for (const strategy of ['digest', 'join'] as const)
        expect(
          await later.transaction(() =>
            compareTables(later, settings.dialect, {
              batch: 'public.x',
              stream: 'public.y',
              key: ['id'],
              rules: { columns: {} },
              today: '2026-01-01',
              unique: { batch: true, stream: true },
              limit: 10,
              strategy,
            }),
          ),
        ).toMatchObject({
          value_mismatch: 1,
          discrepancies: [{ columns: { v: { stream: ['0.30000000000000004'] } } }],
        });
    } finally {
      await settings.close();
    }
  });
});
