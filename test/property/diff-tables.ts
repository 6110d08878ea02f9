import fc from 'fast-check';
import type { Cell } from '../../src/model/cell.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { emptyStore } from '../integration/project.js';

/** A value as SQL in one or more spellings that mean the same; `cell` is how a key of that value is printed. */
export interface Sample {
  readonly id: string;
  readonly sql: readonly string[];
  readonly cell?: Cell;
}

export interface SampleType {
  readonly batch: string;
  readonly stream: string;
  readonly samples: readonly Sample[];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function of(batch: string, stream: string, ...samples: readonly (Sample | string)[]): SampleType {
  const full = samples.map((sample) =>
    typeof sample === 'string' ? { id: sample, sql: [quoted(sample)], cell: sample } : sample,
  );
  return { batch, stream, samples: full };
}

function numbers(batch: string, stream: string, cells: 'text' | 'number', ...texts: readonly string[]): SampleType {
  return of(
    batch,
    stream,
    ...texts.map((text) => ({ id: text, sql: [quoted(text)], cell: cells === 'number' ? Number(text) : text })),
  );
}

const TEXTS = [
  '',
  ' ',
  'a',
  'a ',
  'A',
  'NULL',
  'null',
  'é',
  'e\u0301',
  '😀',
  '\uffff',
  "it's",
  'x,y',
  '1:a,',
  'line\nbreak',
  '\t',
  'ß',
  'ss',
];
const JSONS: readonly Sample[] = [
  { id: 'a', sql: [`'{"a":1,"b":[2,null]}'`, `'{"b": [2.0, null], "a": 1e0}'`, `'{"b":[20e-1,null],"\\u0061":1.00}'`] },
  { id: 'b', sql: [`'{"a":1,"b":[null,2]}'`] },
  { id: 'c', sql: [`'{"a":"1","b":[2,null]}'`] },
  { id: '..93', sql: [`'9007199254740993'`, `'9007199254740993.0'`] },
  { id: '..92', sql: [`'9007199254740992'`] },
  { id: 'null', sql: [`'null'`, `' null '`] },
  { id: '0', sql: [`'0'`, `'-0.0'`] },
];
/** Of which the stores hold some to be equal that are not. */
const INTERVALS: readonly Sample[] = [
  { id: '1 month', sql: ["'1 month'"], cell: '1 month' },
  { id: '30 days', sql: ["'30 days'"], cell: '30 days' },
  { id: '1 day', sql: ["'1 day'"], cell: '1 day' },
  { id: '24 hours', sql: ["'24 hours'", "'1440 minutes'"], cell: '24:00:00' },
];
const BIG = '170141183460469231731687303715884105727';

/** Types that can be keys; their samples have cells. */
const DUCKDB_KEYS: readonly SampleType[] = [
  numbers('INTEGER', 'INTEGER', 'number', '-2147483648', '-1', '0', '1', '2', '2147483647'),
  numbers(
    'BIGINT',
    'BIGINT',
    'text',
    '-9223372036854775808',
    '0',
    '9007199254740992',
    '9007199254740993',
    '9223372036854775807',
  ),
  numbers('INTEGER', 'BIGINT', 'text', '-1', '0', '1', '7'),
  numbers('HUGEINT', 'HUGEINT', 'text', `-${BIG}`, '0', '18446744073709551616', BIG),
  numbers('UBIGINT', 'BIGINT', 'text', '0', '1', '9223372036854775807'),
  numbers('DECIMAL(10,2)', 'DECIMAL(14,4)', 'text', '-0.5', '0', '0.01', '100', '99999999.99'),
  numbers('INTEGER', 'DECIMAL(12,3)', 'text', '-5', '0', '1000'),
  of('VARCHAR', 'VARCHAR', ...TEXTS),
  of('DATE', 'DATE', '1969-12-31', '1970-01-01', '2024-02-29', '9999-12-31'),
  of(
    'TIMESTAMP',
    'TIMESTAMPTZ',
    { id: 'a', sql: ["'2024-03-31 01:30:00.000001'"], cell: '2024-03-31 01:30:00.000001' },
    {
      id: 'b',
      sql: ["'2024-03-31 01:30:00.000002'"],
      cell: '2024-03-31 01:30:00.000002',
    },
  ),
  of('UUID', 'UUID', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  of('BOOLEAN', 'BOOLEAN', { id: 't', sql: ['true'], cell: true }, { id: 'f', sql: ['false'], cell: false }),
  of(
    'DOUBLE',
    'DOUBLE',
    { id: '0', sql: ["'0.0'", "'-0.0'"], cell: 0 },
    { id: 'nan', sql: ["'NaN'"], cell: 'NaN' },
    {
      id: '0.1',
      sql: ["'0.1'"],
      cell: 0.1,
    },
  ),
  numbers('DECIMAL(38,2)', 'DECIMAL(20,2)', 'text', '0', '-0.01', '0.01', '-1'),
  numbers('HUGEINT', 'DECIMAL(38,0)', 'text', '0', '-1', '18446744073709551617'),
  of('VARCHAR COLLATE NOCASE', 'VARCHAR', ...TEXTS),
  of('VARCHAR COLLATE NOCASE', 'VARCHAR COLLATE NOCASE', ...TEXTS),
  of("ENUM('b', 'a', 'A')", 'VARCHAR', 'b', 'a', 'A'),
  of('INTERVAL', 'INTERVAL', ...INTERVALS),
  of(
    'BLOB',
    'BLOB',
    { id: '', sql: ["''"], cell: '\\x' },
    { id: '00', sql: ["'\\x00'"], cell: '\\x00' },
    { id: 'a', sql: ["'a'"], cell: '\\x61' },
  ),
  of('TIME', 'TIME', '00:00:00', '23:59:59.999999'),
  of('DATE', 'DATE', '0001-01-01', 'infinity', '-infinity', '0044-03-15 (BC)', '0044-03-15'),
];

/** Every supported type, alone and in the pairs that are comparable. */
const DUCKDB_VALUES: readonly SampleType[] = [
  ...DUCKDB_KEYS,
  of(
    'DOUBLE',
    'DOUBLE',
    { id: '0', sql: ["'0.0'", "'-0.0'"] },
    { id: 'nan', sql: ["'NaN'", "'-NaN'"] },
    '0.1',
    '0.30000000000000004',
    '0.3',
    '1e300',
    '5e-324',
    'Infinity',
    '-Infinity',
  ),
  of('INTEGER', 'DOUBLE', '0', '1', '-7', '2147483647'),
  of('DECIMAL(10,2)', 'DOUBLE', '0.1', '0.3', '-12345678.25', '100'),
  of('HUGEINT', 'DOUBLE', '0', '100000000000000000000', '100000000000000000000000'),
  of('FLOAT', 'DOUBLE', '0', '0.5', '-2.25', 'NaN'),
  of(
    'TIMESTAMPTZ',
    'TIMESTAMPTZ',
    { id: 'a', sql: ["'2024-01-01 00:00:00+00'", "'2024-01-01 02:00:00+02'"] },
    '2024-01-01 00:00:00.000001+00',
    'infinity',
  ),
  of('TIMESTAMP', 'TIMESTAMP', '0044-03-15 (BC) 00:00:00', '0044-03-15 00:00:00', '-infinity', '2024-01-01 00:00:00.5'),
  of('JSON', 'JSON', ...JSONS),
  of('BLOB', 'BLOB', '', '\\x00', '\\x00\\x00', 'a', '\\xFF'),
  of('TIME', 'TIME', '00:00:00', '23:59:59.999999'),
  of(
    'INTERVAL[]',
    'INTERVAL[]',
    ...["['1 month']", "['30 days']", '[NULL]', '[]'].map((sql) => ({ id: sql, sql: [sql] })),
  ),
  of(
    'STRUCT(a INTERVAL)',
    'STRUCT(a INTERVAL)',
    ...["{'a': INTERVAL 1 month}", "{'a': INTERVAL 30 days}"].map((sql) => ({ id: sql, sql: [sql] })),
  ),
  of(
    'VARCHAR[]',
    'VARCHAR[]',
    ...["['a', 'b']", "['a, b']", '[]', '[NULL]', "['NULL']", "['b', 'a']", "['']"].map((sql) => ({
      id: sql,
      sql: [sql],
    })),
  ),
  of('INTEGER[]', 'BIGINT[]', ...['[1, 2]', '[2, 1]', '[]', '[NULL]', '[1]'].map((sql) => ({ id: sql, sql: [sql] }))),
  of('DECIMAL(10,1)[]', 'DECIMAL(10,3)[]', ...['[1.5]', '[1.0, 1.5]', '[0.5]'].map((sql) => ({ id: sql, sql: [sql] }))),
  of('DOUBLE[]', 'DOUBLE[]', { id: '0', sql: ["['0.0']", "['-0.0']"] }, { id: '1', sql: ["['1.0']"] }),
  of(
    'VARCHAR[][]',
    'VARCHAR[][]',
    ...['[]', '[[]]', "[['a', 'b']]", "[['a, b']]", "[['a'], ['b']]", '[[NULL]]', '[NULL]'].map((sql) => ({
      id: sql,
      sql: [sql],
    })),
  ),
  of(
    'MAP(VARCHAR, INTEGER)',
    'MAP(VARCHAR, INTEGER)',
    ...['MAP {}', "MAP {'a': 1}", "MAP {'a': NULL}"].map((sql) => ({ id: sql, sql: [sql] })),
  ),
  of(
    'STRUCT(a INTEGER, b VARCHAR)',
    'STRUCT(a INTEGER, b VARCHAR)',
    ...["{'a': NULL, 'b': NULL}", "{'a': 1, 'b': 'x'}", "{'a': 1, 'b': NULL}", "{'a': 1, 'b': 'NULL'}"].map((sql) => ({
      id: sql,
      sql: [sql],
    })),
  ),
];

function lists(batch: string, stream: string, ...values: readonly string[]): SampleType {
  return of(batch, stream, ...values.map((sql) => ({ id: sql, sql: [quoted(sql)] })));
}

const POSTGRES_KEYS: readonly SampleType[] = [
  numbers('INTEGER', 'INTEGER', 'number', '-2147483648', '-1', '0', '1', '2', '2147483647'),
  numbers('BIGINT', 'BIGINT', 'text', '-9223372036854775808', '0', '9007199254740992', '9007199254740993'),
  numbers('SMALLINT', 'BIGINT', 'text', '-1', '0', '1', '7'),
  numbers('NUMERIC', 'NUMERIC(40,0)', 'text', `-${BIG}`, '0', '18446744073709551616', BIG),
  numbers('NUMERIC(10,2)', 'NUMERIC(14,4)', 'text', '-0.5', '0', '0.01', '100', '99999999.99'),
  numbers('INTEGER', 'NUMERIC(12,3)', 'text', '-5', '0', '1000'),
  of('TEXT', 'VARCHAR(40)', ...TEXTS),
  of('TEXT COLLATE "C"', 'TEXT', ...TEXTS),
  of('DATE', 'DATE', '1969-12-31', '1970-01-01', '2024-02-29', '9999-12-31', 'infinity'),
  of(
    'TIMESTAMP',
    'TIMESTAMPTZ',
    { id: 'a', sql: ["'2024-03-31 01:30:00.000001'"], cell: '2024-03-31 01:30:00.000001' },
    { id: 'b', sql: ["'2024-03-31 01:30:00.000002'"], cell: '2024-03-31 01:30:00.000002' },
  ),
  of('UUID', 'UUID', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  of('BOOLEAN', 'BOOLEAN', { id: 't', sql: ['true'], cell: true }, { id: 'f', sql: ['false'], cell: false }),
  of(
    'DOUBLE PRECISION',
    'DOUBLE PRECISION',
    { id: '0', sql: ["'0.0'", "'-0.0'"], cell: 0 },
    { id: 'nan', sql: ["'NaN'"], cell: 'NaN' },
    { id: '0.1', sql: ["'0.1'"], cell: 0.1 },
  ),
  of('TEXT COLLATE nocase', 'TEXT', ...TEXTS),
  of('TEXT COLLATE nocase', 'TEXT COLLATE nocase', ...TEXTS),
  of('citext', 'citext', ...TEXTS),
  of('mood', 'TEXT', 'b', 'a', 'A'),
  of('CHAR(3)', 'CHAR(5)', { id: 'a', sql: ["'a'", "'a  '"], cell: 'a' }, 'ab', ''),
  of('INTERVAL', 'INTERVAL', ...INTERVALS),
  of(
    'BYTEA',
    'BYTEA',
    { id: '', sql: ["''"], cell: '\\x' },
    { id: '00', sql: ["'\\x00'"], cell: '\\x00' },
    { id: 'a', sql: ["'a'"], cell: '\\x61' },
  ),
  of('TIME', 'TIME', '00:00:00', '23:59:59.999999'),
  of(
    'DATE',
    'DATE',
    '0001-01-01',
    '-infinity',
    { id: 'bc', sql: ["'0044-03-15 BC'"], cell: '0044-03-15 (BC)' },
    '0044-03-15',
  ),
];

const POSTGRES_VALUES: readonly SampleType[] = [
  ...POSTGRES_KEYS,
  of(
    'DOUBLE PRECISION',
    'DOUBLE PRECISION',
    { id: '0', sql: ["'0.0'", "'-0.0'"] },
    'NaN',
    '0.1',
    '0.30000000000000004',
    '0.3',
    '1e300',
    '5e-324',
    'Infinity',
    '-Infinity',
  ),
  of('INTEGER', 'DOUBLE PRECISION', '0', '1', '-7', '2147483647'),
  of('NUMERIC(10,2)', 'DOUBLE PRECISION', '0.1', '0.3', '-12345678.25', '100'),
  of('NUMERIC', 'DOUBLE PRECISION', '0', '100000000000000000000', '100000000000000000000000', 'NaN'),
  of('NUMERIC', 'NUMERIC', { id: '1', sql: ["'1'", "'1.00'"] }, '1.0000000000000000000000000000000000000001', 'NaN'),
  of('REAL', 'DOUBLE PRECISION', '0', '0.5', '-2.25', 'NaN'),
  of(
    'TIMESTAMPTZ',
    'TIMESTAMPTZ',
    { id: 'a', sql: ["'2024-01-01 00:00:00+00'", "'2024-01-01 02:00:00+02'"] },
    '2024-01-01 00:00:00.000001+00',
    'infinity',
  ),
  of('TIMESTAMP', 'TIMESTAMP', '0044-03-15 00:00:00 BC', '0044-03-15 00:00:00', '-infinity', '2024-01-01 00:00:00.5'),
  of('JSON', 'JSON', ...JSONS),
  of('JSONB', 'JSONB', ...JSONS),
  of('JSON', 'JSONB', ...JSONS),
  of('BYTEA', 'BYTEA', '', '\\x00', '\\x0000', 'a', '\\xff'),
  of('TIME', 'TIME', '00:00:00', '23:59:59.999999'),
  lists('INTERVAL[]', 'INTERVAL[]', '{1 month}', '{30 days}', '{NULL}', '{}'),
  lists('citext[]', 'citext[]', '{a}', '{A}', '{a,A}'),
  lists('TEXT[] COLLATE nocase', 'TEXT[]', '{a}', '{A}'),
  of('pair', 'pair', '(1,a)', '(1,A)', '(,)', '(1,)'),
  of('CHAR(3)', 'CHAR(3)', { id: 'a', sql: ["'a'", "'a  '"] }, 'ab', ''),
  of('INET', 'INET', '10.0.0.1', '10.0.0.0/8'),
  lists('TEXT[]', 'TEXT[]', '{a,b}', '{"a,b"}', '{}', '{NULL}', '{"NULL"}', '{b,a}', '{""}'),
  lists('INTEGER[]', 'BIGINT[]', '{1,2}', '{2,1}', '{}', '{NULL}', '{1}'),
  lists('NUMERIC(10,1)[]', 'NUMERIC(10,1)[]', '{1.5}', '{1.0,1.5}', '{0.5}'),
  of(
    'DOUBLE PRECISION[]',
    'DOUBLE PRECISION[]',
    { id: '0', sql: ["'{0.0}'", "'{-0.0}'"] },
    { id: '1', sql: ["'{1.0}'"] },
  ),
  lists('TEXT[]', 'TEXT[]', '{}', '{{a,b}}', '{{"a,b"}}', '{{a},{b}}', '{{NULL}}', '{NULL}'),
];

/** A cell of a random row: which sample (null: NULL) in which spelling. */
export interface Pick {
  readonly sample: Sample | null;
  readonly sql: string;
}

export interface RandomTables {
  readonly key: readonly SampleType[];
  readonly values: readonly SampleType[];
  readonly batch: readonly (readonly Pick[])[];
  readonly stream: readonly (readonly Pick[])[];
}

function picks({ samples }: SampleType, nullWeight: number): fc.Arbitrary<Pick> {
  const real = fc
    .tuple(fc.constantFrom(...samples), fc.nat({ max: 5 }))
    .map(([sample, spelling]) => ({ sample, sql: sample.sql[spelling % sample.sql.length] ?? 'NULL' }));
  return fc.oneof(
    { weight: 12 - nullWeight, arbitrary: real },
    { weight: nullWeight, arbitrary: fc.constant({ sample: null, sql: 'NULL' }) },
  );
}

/** Two tables that share most of their rows, in other spellings and another order. */
export const randomTables = (kind: 'duckdb' | 'postgres'): fc.Arbitrary<RandomTables> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...(kind === 'duckdb' ? DUCKDB_KEYS : POSTGRES_KEYS)), { minLength: 1, maxLength: 2 }),
      fc.array(fc.constantFrom(...(kind === 'duckdb' ? DUCKDB_VALUES : POSTGRES_VALUES)), {
        minLength: 0,
        maxLength: 4,
      }),
      fc.constantFrom(0, 1),
    )
    .chain(([key, values, nullKeys]) => {
      const row = fc.tuple(...key.map((type) => picks(type, nullKeys)), ...values.map((type) => picks(type, 2)));
      const rows = fc.array(row, { maxLength: 14 });
      const changes = fc.array(fc.tuple(fc.nat(), fc.nat(), row), { maxLength: 6 });
      const few = fc.array(row, { maxLength: 5 });
      return fc
        .tuple(rows, few, few, changes, fc.infiniteStream(fc.nat({ max: 5 })))
        .map(([shared, batch, stream, planted, spellings]) => {
          const copy = shared.map((cells) =>
            cells.map(({ sample, sql }) => {
              const next = spellings.next();
              return {
                sample,
                sql: sample === null || next.done === true ? sql : (sample.sql[next.value % sample.sql.length] ?? sql),
              };
            }),
          );
          // A planted difference changes one cell: a difference in a single column is the hardest to see.
          for (const [at, cell, donor] of planted) {
            const target = copy[at % Math.max(1, copy.length)];
            const index = values.length === 0 ? 0 : key.length + (cell % values.length);
            const replacement = donor[index];
            if (target !== undefined && replacement !== undefined) target[index] = replacement;
          }
          return { key, values, batch: [...shared, ...batch], stream: [...stream, ...copy.reverse()] };
        });
    });

/** An empty store that has the types of all samples. */
export async function storeForTables(): Promise<{ readonly store: Store; readonly session: SqlSession }> {
  const { store, session } = await emptyStore();
  if (store.kind === 'postgres')
    await session.script(`CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('b', 'a', 'A'); CREATE TYPE pair AS (n integer, t citext);
      CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`);
  return { store, session };
}

/** Makes a table of a side's types, with the columns `key 0`, ..., `value 0`, ... */
export async function createTable(
  session: SqlSession,
  name: string,
  side: 'batch' | 'stream',
  tables: RandomTables,
  rows: readonly (readonly Pick[])[],
): Promise<void> {
  const types = [...tables.key, ...tables.values].map((type) => type[side]);
  const names = types.map((_, index) =>
    index < tables.key.length ? `key ${index}` : `value ${index - tables.key.length}`,
  );
  await session.run(`DROP TABLE IF EXISTS ${name}`);
  await session.run(
    `CREATE TABLE ${name} (${names.map((column, index) => `"${column}" ${types[index] ?? ''}`).join(', ')})`,
  );
  if (rows.length === 0) return;
  const tuples = rows.map(
    (row) =>
      `(${row.map(({ sql }, index) => `CAST(${sql} AS ${(types[index] ?? '').replace(/ COLLATE .*/, '')})`).join(', ')})`,
  );
  await session.run(`INSERT INTO ${name} ${tuples.map((tuple) => `SELECT ${tuple.slice(1, -1)}`).join(' UNION ALL ')}`);
}
