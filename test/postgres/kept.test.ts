import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffOutcome } from '../../src/diff/input.js';
import { keptPairOf } from '../../src/diff/kept.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { keptDigests } from '../../src/store/postgres/kept/kept.js';
import { failure } from '../integration/project.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';
import { NOW, OLD_AND_NEW as input } from './old-and-new.js';

const { url, problem } = inject('postgres');

describe.skipIf(loudly('kept digests of any two tables', problem) || url === null)('kept digests of two tables', () => {
  let store: Store;
  let session: SqlSession;
  let database: string;
  beforeEach(async () => {
    ({ url: database, store, session } = await freshDatabase(url));
  });
  afterEach(() => store.close());

  const tables = (columns: string): Promise<void> =>
    session.script(`CREATE TABLE old (${columns}); CREATE TABLE new (${columns})`);
  const install = async (): Promise<void> =>
    keptDigests.install(session, await keptPairOf(session, store.dialect, 'two', input), NOW);
  const compare = (check = false): Promise<DiffOutcome> =>
    session.transaction(() =>
      compareTables(session, store.dialect, {
        ...input,
        kept: { digests: keptDigests, name: 'two', now: NOW, fullEvery: 86_400_000, check },
      }),
    );
  const used = async (): Promise<string> => (await compare()).kept?.how ?? 'none';

  const ROWS = 'INSERT INTO old SELECT i, i % 7 FROM generate_series(1, 3000) g(i); INSERT INTO new SELECT * FROM old';

  it('need no store there, are read only where rows differ, and see what the transaction itself wrote', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(ROWS);
    await install();
    await session.transaction(async () => {
      await session.run('UPDATE new SET v = v + 1 WHERE id IN (5, 105)');
      await session.run('DELETE FROM old WHERE id = 205');
      const kept = { digests: keptDigests, name: 'two', now: NOW, fullEvery: 1e9, check: false };
      expect(await compareTables(session, store.dialect, { ...input, kept })).toMatchObject({
        kept: { how: 'used', outdated: false },
        value_mismatch: 2,
        missing_in_batch: 1,
        batch_rows: 2999,
        plan: { strategy: 'digest', buckets: 4096, differing_buckets: 3, candidates: 3 },
      });
    });
    expect(await keptDigests.drop(session, 'two')).toBe(true);
    expect(await keptDigests.drop(session, 'two')).toBe(false);
    expect(await compare()).toMatchObject({ kept: { how: 'unusable', outdated: true }, value_mismatch: 2 });
  });

  it('find the rows of a bucket by an index', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(ROWS.replaceAll('3000', '60000'));
    await install();
    await session.run('UPDATE new SET v = v + 1 WHERE id % 20000 = 0');
    expect(await compare()).toMatchObject({ value_mismatch: 3, plan: { candidates: 3 } });
    await session.script('SELECT pg_stat_force_next_flush()');
    const scans = await session.query(
      `SELECT relname, idx_scan > 0 AS used FROM pg_stat_user_indexes WHERE indexrelname LIKE 'cutover_kept%' ORDER BY 1`,
    );
    expect(scans).toEqual([
      { relname: 'new', used: true },
      { relname: 'old', used: true },
    ]);
  });

  it('put whole numbers into buckets by blocks, where rows lie in their order', async () => {
    await session.script(`CREATE TABLE old (id BIGINT PRIMARY KEY, v INT); CREATE TABLE new (id INT PRIMARY KEY, v INT);
      INSERT INTO old SELECT i, 1 FROM generate_series(-3000, 3000) g(i); INSERT INTO new SELECT * FROM old`);
    await install();
    expect((await keptDigests.find(session, 'two'))?.shift).toBe(0);
    await session.script(`UPDATE new SET v = 2 WHERE id IN (-3000, -1, 0, 7, 8); DELETE FROM old WHERE id = 3000;
      INSERT INTO old VALUES (9223372036854775807, 1), (-9223372036854775808, 1); INSERT INTO new VALUES (2147483647, 1), (-2147483648, 1)`);
    const expected = { value_mismatch: 5, missing_in_batch: 3, missing_in_stream: 2, kept: { how: 'used' } };
    expect(await compare()).toMatchObject(expected);
    expect(await compare(true)).toMatchObject({ ...expected, kept: { how: 'checked' } });
  });

  it('put them there by their hash, where rows lie in another order or the key has more columns', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(
      'INSERT INTO old SELECT i, 1 FROM generate_series(1, 3000) g(i) ORDER BY hashint8(i); INSERT INTO new SELECT * FROM old',
    );
    await install();
    expect((await keptDigests.find(session, 'two'))?.shift).toBe(null);
  });

  it.each([
    [
      'a column that is added',
      'ALTER TABLE new ADD COLUMN w INT DEFAULT 3; ALTER TABLE old ADD COLUMN w INT DEFAULT 4',
      /columns changed/,
    ],
    [
      'a column that is dropped and added again',
      'ALTER TABLE new DROP COLUMN v; ALTER TABLE new ADD COLUMN v INT',
      /columns changed/,
    ],
    ['another type of a column', 'ALTER TABLE new ALTER COLUMN v TYPE BIGINT', /types of the comparison changed/],
    ['a rewrite in the same types', 'ALTER TABLE new ALTER COLUMN v TYPE INT USING v + 1', /written anew/],
    ['TRUNCATE', 'TRUNCATE new', /written anew/],
    [
      'TRUNCATE in the transaction that rewrote it',
      'BEGIN; TRUNCATE new; INSERT INTO new SELECT * FROM old; COMMIT',
      /written anew/,
    ],
    [
      'another table in its place',
      'ALTER TABLE new RENAME TO former; CREATE TABLE new (LIKE former INCLUDING ALL)',
      /another table/,
    ],
    ['a trigger that is disabled', 'ALTER TABLE new DISABLE TRIGGER USER; UPDATE new SET v = v + 1', /triggers/],
    [
      'a column that was there for a while',
      'ALTER TABLE new ADD COLUMN w INT; UPDATE new SET v = 9 WHERE id = 7; ALTER TABLE new DROP COLUMN w',
      /had other columns/,
    ],
    [
      'triggers that were disabled for a while',
      'ALTER TABLE new DISABLE TRIGGER cutover_kept_1_update; UPDATE new SET v = v + 1; ALTER TABLE new ENABLE ALWAYS TRIGGER cutover_kept_1_update',
      /triggers/,
    ],
    ['a trigger that is dropped', 'DROP TRIGGER cutover_kept_1_delete ON new; DELETE FROM new', /triggers/],
    [
      'a function that is another',
      'CREATE OR REPLACE FUNCTION cutover.kept_1_stream() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL END $$',
      /triggers/,
    ],
    ['a child that inherits', 'CREATE TABLE child () INHERITS (new); INSERT INTO child VALUES (-1, 1)', /inherits/],
    ['a table that becomes unlogged', 'ALTER TABLE new SET UNLOGGED', /unlogged/],
  ])(
    'do not stand for the tables after %s: that is found, rows are compared in full, and they are built anew',
    async (_what, change, reason) => {
      await tables('id BIGINT PRIMARY KEY, v INT');
      await session.script(ROWS);
      await install();
      expect(await used()).toBe('used');
      for (const statement of change.split('; ')) await session.script(statement.replace('NULL END', 'NULL; END'));
      // Nobody who writes the table meets an error by the triggers.
      await session.run('UPDATE new SET id = -id WHERE id = 3');
      const found = await compare();
      expect(found).toMatchObject({ kept: { how: 'unusable', outdated: true } });
      expect(found.notes.join()).toMatch(reason);
      const {
        kept: _,
        notes: __,
        plan: ___,
        ...full
      } = await session.transaction(() => compareTables(session, store.dialect, input));
      expect(found).toMatchObject(full);
      if (/inherits|unlogged/.test(String(reason))) {
        expect((await failure(install())).code).toBe('DIGESTS_UNSUPPORTED');
        return;
      }
      await install();
      expect((await compare(true)).kept).toEqual({ how: 'checked', outdated: false });
    },
  );

  it('do not stand for an enum whose labels changed', async () => {
    await session.script(`CREATE TYPE colour AS ENUM ('red', 'blue'); CREATE DOMAIN paint AS colour`);
    await tables('id BIGINT PRIMARY KEY, v paint[]');
    await session.script(`INSERT INTO old VALUES (1, '{red}'); INSERT INTO new VALUES (1, '{red}')`);
    await install();
    expect(await used()).toBe('used');
    await session.run(`ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'`);
    expect((await compare()).notes.join()).toContain('labels');
  });

  it.each([
    ['a partitioned table', 'CREATE TABLE new (id BIGINT PRIMARY KEY, v INT) PARTITION BY HASH (id)', /partitioned/],
    ['a view', 'CREATE VIEW new AS SELECT 1::bigint AS id, 1 AS v', /no table/],
    ['an unlogged table', 'CREATE UNLOGGED TABLE new (id BIGINT PRIMARY KEY, v INT)', /unlogged/],
    [
      'a type of somebody',
      'CREATE TYPE point_of AS (x INT); CREATE TABLE new (id BIGINT PRIMARY KEY, v point_of)',
      /type point_of/,
    ],
    ['names of things', 'CREATE TABLE new (id BIGINT PRIMARY KEY, v regclass)', /type regclass/],
    [
      'columns that are computed when read',
      'CREATE TABLE new (id BIGINT PRIMARY KEY, v INT GENERATED ALWAYS AS (id + 1) VIRTUAL)',
      /generated when it is read/,
    ],
  ])('cannot be kept of %s', async (what, create, reason) => {
    const [version] = await session.query(`SELECT CAST(current_setting('server_version_num') AS INTEGER) AS n`);
    // VIRTUAL is of PostgreSQL 18.
    if (what.startsWith('columns') && Number(version?.['n']) < 180_000) return;
    await session.script(create);
    await session.script('CREATE TABLE old AS SELECT * FROM new');
    const error = await failure(install());
    expect(error.code).toBe('DIGESTS_UNSUPPORTED');
    expect(error.message).toMatch(reason);
    expect(await keptDigests.find(session, 'two')).toBeNull();
  });

  it('follow COPY, cascades, and writers who may do nothing but write the table', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(
      `${ROWS}; CREATE TABLE parents (id BIGINT PRIMARY KEY); INSERT INTO parents SELECT id FROM new;
       ALTER TABLE new ADD FOREIGN KEY (id) REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE`,
    );
    await install();
    const role = `writer_${Math.random().toString(36).slice(2, 8)}`;
    await session.script(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT SELECT, INSERT, UPDATE, DELETE ON new TO ${role}; GRANT DELETE, UPDATE, SELECT, INSERT ON parents TO ${role}`,
    );
    const login = new URL(database);
    login.username = role;
    login.password = 'pw';
    const client = new pg.Client({ connectionString: login.href });
    await client.connect();
    try {
      await client.query('DELETE FROM parents WHERE id < 100');
      await client.query('UPDATE parents SET id = -id WHERE id BETWEEN 200 AND 250');
      await client.query('INSERT INTO parents SELECT generate_series(1, 50)');
      await pipeline(
        Readable.from(Array.from({ length: 50 }, (_, n) => `${n + 1}\t${n}\n`)),
        client.query(copyFrom('COPY new (id, v) FROM STDIN')),
      );
      await client.query(
        'INSERT INTO new SELECT i, 1 FROM generate_series(1, 40) g(i) ON CONFLICT (id) DO UPDATE SET v = new.v + 1',
      );
      await expect(client.query('SELECT * FROM cutover.kept_1_deltas')).rejects.toThrow(/permission denied/);
      await expect(client.query('SELECT cutover.kept_1_stream()')).rejects.toThrow();
    } finally {
      await client.end();
    }
    const found = await compare();
    expect(found.kept?.how).toBe('used');
    const full = await session.transaction(() => compareTables(session, store.dialect, input));
    expect(found.discrepancies).toEqual(full.discrepancies);
    expect((await compare(true)).kept?.how).toBe('checked');
  });

  it('are not read where row security hides rows from the reader', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(ROWS);
    await install();
    await session.script('ALTER TABLE new ENABLE ROW LEVEL SECURITY; ALTER TABLE new FORCE ROW LEVEL SECURITY');
    const role = `reader_${Math.random().toString(36).slice(2, 8)}`;
    await session.script(
      `CREATE ROLE ${role}; GRANT USAGE ON SCHEMA cutover TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA cutover TO ${role};
       GRANT SELECT ON old, new TO ${role}; GRANT TEMPORARY ON DATABASE ${new URL(database).pathname.slice(1)} TO ${role}; SET ROLE ${role}`,
    );
    const found = await compare();
    expect(found).toMatchObject({ kept: { how: 'unusable' }, missing_in_stream: 3000 });
    await session.script('RESET ROLE');
  });

  it('say so when they disagree with the rows', async () => {
    await tables('id BIGINT PRIMARY KEY, v INT');
    await session.script(ROWS);
    await install();
    await session.run('INSERT INTO cutover.kept_1_buckets VALUES (7, 0, 1)');
    expect(await used()).toBe('used');
    expect((await failure(compare(true))).message).toMatch(/: 1 of 4096 groups of rows of .* differ in another way$/);
    await session.run('UPDATE cutover.kept_1_buckets SET n = n + 1 WHERE bucket = -2');
    // Counts that do not add up say it at once.
    expect((await failure(compare())).code).toBe('DIGESTS_DISAGREE');
  });

  it('a key whose text depends on settings has no index, and is compared all the same', async () => {
    await session.run(`CREATE TYPE size AS ENUM ('s', 'm')`);
    await tables('id size PRIMARY KEY, v INT');
    await session.script(`INSERT INTO old VALUES ('s', 1), ('m', 2); INSERT INTO new VALUES ('s', 1), ('m', 3)`);
    await install();
    const found = await compare();
    expect(found).toMatchObject({ kept: { how: 'used' }, value_mismatch: 1 });
    expect(found.notes.join()).toContain('no index');
  });
});
