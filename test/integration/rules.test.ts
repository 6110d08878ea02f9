import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffOutcome } from '../../src/diff/input.js';
import type { CompareConfig } from '../../src/model/project.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { emptyStore } from './project.js';
import { BROKEN, HONEST } from './whole-samples.js';

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  ({ store, session } = await emptyStore());
});
afterAll(() => store.close());
beforeEach(() => session.script('DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y'));

const ON = ['digest', 'join'] as const;

function diff(
  strategy: 'digest' | 'join',
  rules: Partial<CompareConfig>,
  key: readonly string[] = ['id'],
): Promise<DiffOutcome> {
  const compare = (): Promise<DiffOutcome> =>
    compareTables(session, store.dialect, {
      batch: 'x',
      stream: 'y',
      key,
      rules: { columns: {}, ...rules },
      today: '2026-01-01',
      unique: { batch: false, stream: false },
      limit: 100,
      strategy,
    });
  return store.kind === 'postgres' ? session.transaction(compare) : compare();
}

function tolerated({ columns }: DiffOutcome): Record<string, [tolerated: number, mismatched: number]> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, counts]) => [name, [counts.tolerated, counts.mismatched]]),
  );
}

it('a filter that is not one whole expression is refused before anything is compared', async () => {
  await session.script(
    'CREATE TABLE x (id INTEGER, v TEXT); INSERT INTO x VALUES (1, NULL), (9, NULL); CREATE TABLE y AS SELECT * FROM x',
  );
  for (const predicate of BROKEN)
    for (const side of ['batch', 'stream'])
      await expect(diff('join', { where: { [side]: predicate } }), predicate).rejects.toThrow();
  const predicate = 'id > 5) OR (id < 5';
  await expect(diff('join', { where: { batch: predicate, stream: predicate } })).rejects.toMatchObject({
    code: 'SQL_FAILED',
    message: expect.stringContaining('is not one whole expression') as string,
  });
  for (const honest of HONEST)
    expect((await diff('digest', { where: { batch: honest, stream: honest } })).matched).toBeLessThan(2);
});

describe.each(ON)('rules, by %s', (strategy) => {
  it('count what they allow, and nothing else', async () => {
    const table = (
      name: string,
    ): string => `CREATE TABLE ${name} (id INTEGER, r DECIMAL(10,4), d DOUBLE PRECISION, t TIMESTAMP, z TIMESTAMPTZ, day DATE,
      c TEXT, w TEXT, j JSON)`;
    await session.script(`${table('x')}; ${table('y')};
      INSERT INTO x VALUES
        (1, 1.0050, 0.285, '2026-01-01 00:00:00', '2026-01-01 00:00:00+00', '2026-01-01', 'Straße', ' a  b', '{"a": 1, "ts": 1}'),
        (2, -1.0050, 0.285, '2026-01-01 00:00:00', '2026-01-01 00:00:00+00', '2026-01-01', 'Straße', 'a b', '{"a": 1, "ts": 1}'),
        (3, NULL, 'NaN', NULL, 'infinity', NULL, NULL, NULL, NULL);
      INSERT INTO y VALUES
        (1, 1.0149, 0.29, '2026-01-01 00:00:02', '2025-12-31 23:59:58.000001+00', '2026-01-02', 'STRAßE', 'a b', '{"ts": 2, "a": 1.0}'),
        (2, -1.0049, 0.284, '2026-01-01 00:00:02.000001', '2026-01-01 00:00:03+00', '2026-01-03', 'STRASSE', 'ab', '{"a": 2}'),
        (3, 0, 1, '2026-01-01', '2026-01-01 00:00:00+00', '2026-01-01', '', '', '{}')`);
    const outcome = await diff(strategy, {
      columns: {
        r: { round: 2 },
        d: { round: 2 },
        t: { within: 2000 },
        z: { within: 2000 },
        day: { within: 86_400_000 },
        c: { case: 'ignore' },
        w: { whitespace: 'collapse' },
        j: { ignorePaths: ['$.ts'] },
      },
    });
    expect(tolerated(outcome)).toEqual({
      r: [1, 2],
      d: [1, 2],
      t: [1, 2],
      z: [1, 2],
      day: [1, 2],
      c: [1, 2],
      w: [1, 2],
      j: [1, 2],
    });
    expect(outcome).toMatchObject({ tolerated: 1, value_mismatch: 2, matched: 0 });
  });

  it('of JSON: equal by value, whatever the order of names and the spelling of numbers', async () => {
    await session.script(`CREATE TABLE x (id INTEGER, j JSON); CREATE TABLE y (id INTEGER, j JSON);
      INSERT INTO x VALUES (1, '{"a": 1, "b": [1e2, "x"]}'), (2, '9007199254740993'), (3, '[1, 2]'), (4, '{"a": 1, "a": 2}');
      INSERT INTO y VALUES (1, '{"b":[100.0,"\\u0078"],"a":1.0}'), (2, '9007199254740992'), (3, '[2, 1]'), (4, '{"a": 2}')`);
    expect(await diff(strategy, {})).toMatchObject({ matched: 1, value_mismatch: 3, tolerated: 0 });
  });

  it('of a decimal and a double: 1e23 in both is one number', async () => {
    await session.script(`CREATE TABLE x AS SELECT 1 AS id, CAST('100000000000000000000000' AS DECIMAL(38,0)) AS v UNION ALL SELECT 2, CAST('100000000000000000000001' AS DECIMAL(38,0));
      CREATE TABLE y AS SELECT id, CAST('1e23' AS DOUBLE PRECISION) AS v FROM x`);
    expect(await diff(strategy, {})).toMatchObject({ matched: 1, value_mismatch: 1 });
  });

  it('tell an empty list from none, though order and repetition do not count, and whatever texts a store holds to be equal', async () => {
    const table = (name: string, rows: string): string =>
      `CREATE TABLE ${name} (id INTEGER, t TEXT[], i INTERVAL[], d DECIMAL(10,2)[]); INSERT INTO ${name} VALUES ${rows}`;
    await session.script(
      table(
        'x',
        `(1, ARRAY['a', 'b', 'a'], ARRAY[INTERVAL '1 month'], ARRAY[1.50, 2]), (2, ARRAY['a'], ARRAY[INTERVAL '1 month'], NULL), (3, NULL, NULL, NULL)`,
      ),
    );
    await session.script(
      table(
        'y',
        `(1, ARRAY['b', 'a'], ARRAY[INTERVAL '1 month'], ARRAY[2, 1.5, 2]), (2, ARRAY['a', NULL], ARRAY[INTERVAL '30 days'], CAST(ARRAY[NULL] AS DECIMAL(10,2)[])), (3, CAST(ARRAY[] AS TEXT[]), NULL, CAST(ARRAY[] AS DECIMAL(10,2)[]))`,
      ),
    );
    const outcome = await diff(strategy, { columns: { t: { set: true }, i: { set: true }, d: { set: true } } });
    expect(outcome).toMatchObject({ matched: 1, value_mismatch: 2 });
    expect(tolerated(outcome)).toEqual({ t: [0, 2], i: [0, 1], d: [0, 2] });
  });

  it('by pattern, the narrower first', async () => {
    const table = (name: string, at: string, text: string, amount: string): string =>
      `CREATE TABLE ${name} AS SELECT 1 AS id, TIMESTAMP '${at}' AS made_at, TIMESTAMP '${at}' AS seen_at, CAST('${text}' AS TEXT) AS kind_at,
        CAST(${amount} AS DECIMAL(10,2)) AS amount_net, CAST(${amount} AS DECIMAL(10,2)) AS amount_gross`;
    await session.script(
      `${table('x', '2026-01-01 00:00:00', 'a', '1.00')}; ${table('y', '2026-01-01 00:00:05', 'a', '1.01')}`,
    );
    const outcome = await diff(strategy, {
      columns: {
        '*_at': { within: 10_000 },
        'seen_*': { within: 10_000, until: '2025-12-31' },
        seen_at: { within: 1000 },
        'amount_*': { absolute: '0.01' },
        amount_net: { ignore: false },
      },
    });
    expect(tolerated(outcome)).toEqual({
      made_at: [1, 0],
      seen_at: [0, 1],
      kind_at: [0, 0],
      amount_net: [0, 1],
      amount_gross: [1, 0],
    });
    expect(outcome.notes).toEqual([
      'rule `within` of columns seen_* ended on 2025-12-31',
      `column kind_at is compared exactly: \`within\` of *_at needs a timestamp or a date and the column is ${store.kind === 'duckdb' ? 'VARCHAR' : 'text'}`,
    ]);
  });

  it('leave out the rows for which `where` is not true, on either side', async () => {
    await session.script(`CREATE TABLE x (id INTEGER, region TEXT, v INTEGER); CREATE TABLE y (id INTEGER, region TEXT, v INTEGER);
      INSERT INTO x VALUES (1, 'eu', 1), (2, 'us', 2), (3, NULL, 3), (NULL, 'us', 1), (5, 'us', 5), (5, 'us', 5);
      INSERT INTO y VALUES (1, 'eu', 1), (2, 'us', 9), (4, 'us', 4)`);
    const where = `region = 'eu' -- and nothing else`;
    const outcome = await diff(strategy, { where: { batch: where, stream: where } });
    expect(outcome).toMatchObject({
      batch_rows: 1,
      stream_rows: 1,
      matched: 1,
      keys_compared: 1,
      null_key: 0,
      duplicate_key: 0,
    });
    expect(outcome.notes).toEqual([`only rows where ${where} are compared`]);
    const one = await diff(strategy, { where: { stream: 'id <> 4 OR v > 4' } });
    expect(one).toMatchObject({
      batch_rows: 6,
      stream_rows: 2,
      missing_in_batch: 0,
      missing_in_stream: 1,
      duplicate_key: 1,
      null_key: 1,
    });
    expect(one.notes).toEqual(['of the stream side only rows where id <> 4 OR v > 4 are compared']);
  });

  it('compare columns of other names, key columns too', async () => {
    await session.script(`CREATE TABLE x ("a key" INTEGER, day DATE, v INTEGER, w TEXT); CREATE TABLE y (w INTEGER, d DATE, id INTEGER, v TEXT);
      INSERT INTO x VALUES (1, '2026-01-01', 1, 'p'), (2, '2026-01-01', 2, 'q'), (3, '2026-01-01', 3, 'r'), (3, '2026-01-01', 3, 'r'), (NULL, '2026-01-01', 5, 's');
      INSERT INTO y VALUES (1, '2026-01-01', 1, 'p'), (9, '2026-01-01', 2, 'q'), (3, '2026-01-01', 3, 'r'), (6, '2026-01-01', 6, NULL)`);
    const map = { 'a key': 'id', day: 'd', v: 'w', w: 'v' };
    const outcome = await diff(strategy, { map, columns: { v: { absolute: '1' } } }, ['day', 'a key']);
    expect(outcome.discrepancies.map(({ kind, key, columns }) => ({ kind, key, columns }))).toEqual([
      { kind: 'value_mismatch', key: { day: '2026-01-01', 'a key': 2 }, columns: { v: { batch: 2, stream: 9 } } },
      { kind: 'duplicate_key', key: { day: '2026-01-01', 'a key': 3 }, columns: { rows: { batch: 2, stream: 1 } } },
      {
        kind: 'missing_in_batch',
        key: { day: '2026-01-01', 'a key': 6 },
        columns: { v: { batch: null, stream: 6 }, w: { batch: null, stream: null } },
      },
      {
        kind: 'null_key',
        key: { day: '2026-01-01', 'a key': null },
        columns: { v: { batch: 5, stream: null }, w: { batch: 's', stream: null } },
      },
    ]);
    expect(outcome.columns_compared).toEqual(['v', 'w']);
  });
});
