import pg from 'pg';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { countsOf, worldPerTest } from '../integration/diff-world.js';
import { createDatabase } from '../parts/postgres.js';
import { PostgresProxy } from '../parts/proxy.js';
import { loudly } from '../parts/require.js';

const { url: server, problem } = inject('postgres');
const skip = loudly('cutover diff on PostgreSQL', problem) || server === null;

describe.skipIf(skip)('cutover diff on PostgreSQL', () => {
  let database: string;
  let other: string;
  const world = worldPerTest();

  const sql = async (url: string, ...statements: string[]): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    let result: pg.QueryResult | undefined;
    try {
      for (const statement of statements) result = await client.query(statement);
    } finally {
      await client.end();
    }
    if (result === undefined) throw new Error('no statement');
    return result;
  };

  beforeAll(async () => {
    if (server === null) return;
    database = await createDatabase(server);
    other = await createDatabase(server);
    const rows = `SELECT i AS id, CAST(i * 1.25 AS NUMERIC(12,2)) AS amount, CAST(i AS NUMERIC) / 8 AS free, i / 3.0::float8 AS ratio, 'nämé ' || i AS name, i % 2 = 0 AS even,
      DATE '2024-02-28' + i % 3 AS day, TIMESTAMP '2024-01-01 00:00:00.000001' + i * INTERVAL '1 s' AS at, TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL '1 s' AS seen,
      gen_random_uuid() AS u FROM generate_series(0, 59) AS g(i)`;
    await sql(
      database,
      `CREATE TABLE orders AS ${rows}`,
      'ALTER TABLE orders ADD PRIMARY KEY (id)',
      'CREATE TABLE copy AS SELECT * FROM orders',
      'ALTER TABLE copy ADD PRIMARY KEY (id)',
      'UPDATE copy SET amount = amount + 0.01 WHERE id = 31',
      'DELETE FROM copy WHERE id = 5',
      'CREATE SCHEMA "my.schema"',
      'CREATE TABLE "my.schema"."Odd #1" AS SELECT * FROM orders',
    );
  });

  it('two tables of one database, in one snapshot, by their primary key; nothing is left behind', async () => {
    const report = await world.diff(`${database}#orders`, `${database}#public.copy`);
    expect(countsOf(report)).toEqual({ matched: 58, missing_in_stream: 1, value_mismatch: 1 });
    expect(report.discrepancies.map(({ key }) => key['id'])).toEqual([5, 31]);
    expect(report.plan.place).toBe('one_store');
    expect(report.alignment).toMatchObject({ method: 'snapshot', exact: true });
    expect(JSON.stringify(report)).not.toContain(new URL(database).password || 'no password');
  });

  it('names in quotes and queries; a query that writes is refused', async () => {
    await sql(
      database,
      'CREATE SEQUENCE IF NOT EXISTS s',
      'CREATE TABLE IF NOT EXISTS written (n INTEGER)',
      'CREATE OR REPLACE FUNCTION writes() RETURNS INTEGER LANGUAGE sql AS $$ INSERT INTO written VALUES (1) RETURNING n $$',
    );
    const odd = `${database}#"my.schema"."Odd #1"`;
    const report = await world.diff(odd, `${database}#(select orders.*, 1 as w from orders -- end\n)`, { key: ['id'] });
    expect(countsOf(report)).toEqual({ matched: 60 });
    const writing = world.diff(odd, `${database}#(select orders.*, writes() as w from orders)`, { key: ['id'] });
    await expect(writing).rejects.toThrow(/writes was refused/);
    expect((await sql(database, 'SELECT count(*) AS n FROM written')).rows).toEqual([{ n: '0' }]);
  });

  it('against DuckDB, Parquet and CSV: the same rows agree, the planted difference is found', async () => {
    const list = 'id, amount, free, ratio, name, even, day, at, seen, u';
    const { rows } = await sql(
      database,
      `SELECT ${list
        .split(', ')
        .map((name) => `${name}::text`)
        .join(', ')} FROM orders ORDER BY orders.id`,
    );
    const lines = (rows as Record<string, string>[]).map((row) =>
      list
        .split(', ')
        .map((name) => row[name] ?? '')
        .join(','),
    );
    world.write('o.csv', `${list.replaceAll(' ', '')}\n${lines.join('\n')}\n`);
    await world.sql(
      `ATTACH '@/o.duckdb' AS d`,
      `CREATE TABLE d.o AS SELECT CAST(id AS INTEGER) AS id, CAST(amount AS DECIMAL(18,4)) AS amount, CAST(free AS DECIMAL(18,6)) AS free, CAST(ratio AS DOUBLE) AS ratio, name,
         CAST(even AS BOOLEAN) AS even, CAST(day AS DATE) AS day, CAST("at" AS TIMESTAMP) AS "at", CAST(seen AS TIMESTAMPTZ) AS seen, CAST(u AS UUID) AS u FROM read_csv('@/o.csv', all_varchar = true)`,
      `COPY d.o TO '@/o.parquet'`,
    );
    for (const side of ['o.csv', 'o.duckdb#o', 'o.parquet']) {
      const same = await world.diff(`${database}#orders`, side, { key: ['id'] });
      expect([side, countsOf(same), same.verdict]).toEqual([side, { matched: 60 }, 'pass']);
      expect(same.plan.place).toBe('pulled');
      expect(same.alignment).toMatchObject({ method: 'as_read', exact: false });
      const differs = await world.diff(side, `${database}#copy`, { key: ['id'] });
      expect([side, countsOf(differs)]).toEqual([side, { matched: 58, missing_in_stream: 1, value_mismatch: 1 }]);
    }
  });

  it('two databases of one server are two places', async () => {
    await sql(
      other,
      'CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)',
      `INSERT INTO orders SELECT i, 'nämé ' || i FROM generate_series(0, 59) AS g(i) WHERE i <> 9`,
    );
    const report = await world.diff(`${database}#orders`, `${other}#orders`, {
      rules: { columns: {}, where: { batch: 'id > 3', stream: 'id > 3' } },
    });
    expect(countsOf(report)).toEqual({ matched: 55, missing_in_stream: 1 });
    expect(report.plan.place).toBe('pulled');
  });

  it('a table that changes during the comparison is read in one snapshot', async () => {
    await sql(
      database,
      'CREATE TABLE moving AS SELECT i AS id, 1 AS v FROM generate_series(1, 2000) AS g(i)',
      'CREATE TABLE moved AS SELECT * FROM moving',
    );
    const { diffTables } = await import('../../src/app/diff.js');
    let wrote: Promise<unknown> = Promise.resolve();
    const progress = {
      update: (phase: string) =>
        void (
          phase === 'selecting candidates' &&
          (wrote = sql(database, 'UPDATE moving SET v = 2', 'DELETE FROM moving WHERE id < 1000'))
        ),
    };
    const report = await diffTables(
      { ...world.context(), progress },
      { left: `${database}#moving`, right: `${database}#moved`, key: ['id'] },
    );
    await wrote;
    expect(countsOf(report)).toEqual({ matched: 2000 });
    expect(report.alignment.detail).toContain('one snapshot');
    expect((await world.diff(`${database}#moving`, `${database}#moved`, { key: ['id'] })).verdict).toBe('fail');
  });

  it('a unique index over columns that may be NULL, or over some rows only, is no promise', async () => {
    await sql(
      database,
      'CREATE TABLE nulls (id INTEGER UNIQUE, v INTEGER)',
      'INSERT INTO nulls VALUES (1, 1), (NULL, 2), (NULL, 3)',
      'CREATE TABLE partly (id INTEGER NOT NULL, v INTEGER)',
      'CREATE UNIQUE INDEX ON partly (id) WHERE v > 1',
      'INSERT INTO partly VALUES (1, 1), (1, 1)',
      'CREATE TABLE parent (id INTEGER PRIMARY KEY, v INTEGER)',
      'CREATE TABLE child () INHERITS (parent)',
      'INSERT INTO parent VALUES (1, 1)',
      'INSERT INTO child VALUES (1, 1)',
    );
    expect(countsOf(await world.diff(`${database}#nulls`, `${database}#partly`, { key: ['id'] }))).toEqual({
      duplicate_key: 1,
      null_key: 2,
    });
    expect(countsOf(await world.diff(`${database}#parent`, `${database}#partly`, { key: ['id'] }))).toEqual({
      duplicate_key: 1,
    });
  });

  function shownOf(url: string): string {
    const { username, host, pathname } = new URL(url);
    return `${username}@${host}${pathname}`;
  }

  it('says where row security decides which rows of a side are seen at all', async () => {
    await sql(
      database,
      'CREATE TABLE guarded (id INT PRIMARY KEY, v INT)',
      'INSERT INTO guarded SELECT i, i FROM generate_series(1, 9) i',
      'ALTER TABLE guarded ENABLE ROW LEVEL SECURITY',
      'CREATE POLICY few ON guarded USING (id <= 4)',
      'DROP ROLE IF EXISTS diff_tenant',
      `CREATE ROLE diff_tenant LOGIN PASSWORD 'x'`,
      'GRANT SELECT ON guarded, orders TO diff_tenant',
    );
    const tenant = new URL(database);
    [tenant.username, tenant.password] = ['diff_tenant', 'x'];
    const told = (label: string): string =>
      `row security decides which rows of ${label} its user sees: only those are compared`;
    const shown = `postgres://diff_tenant@${tenant.host}${tenant.pathname}`;
    const few = `${database}#(select * from guarded where id <= 4)`;
    for (const relation of ['guarded', '(select * from guarded)']) {
      const report = await world.diff(`${tenant.href}#${relation}`, few, { key: ['id'] });
      expect([report.verdict, report.matched, report.notes]).toEqual(['pass', 4, [told(`${shown}#${relation}`)]]);
    }
    // The owner sees all, and a table without policies is seen as a whole.
    expect((await world.diff(`${database}#guarded`, few, { key: ['id'] })).notes).toEqual([]);
    const open = await world.diff(`${tenant.href}#orders`, `${database}#(select * from orders)`, { key: ['id'] });
    expect([open.verdict, open.notes]).toEqual(['pass', []]);
  });

  describe('bad input', () => {
    it('no such table, no rights, a wrong query, the same table twice, no server', async () => {
      const missing = await world.failing(`${database}#nope`, `${database}#orders`);
      expect([missing.code, missing.remedy.includes('copy, ')]).toEqual(['TABLE_MISSING', true]);
      await sql(database, `DROP ROLE IF EXISTS diff_guest`, `CREATE ROLE diff_guest LOGIN PASSWORD 'gu#est'`);
      const guest = new URL(database);
      guest.username = 'diff_guest';
      guest.password = encodeURIComponent('gu#est');
      const rights = await world.failing(`${guest.href}#orders`, `${database}#copy`);
      expect(rights.code).toBe('STORE_RIGHTS');
      expect(`${rights.message} ${rights.remedy}`).not.toMatch(/gu#est|gu%23est/);
      const query = await world.failing(`${guest.href}#(select * from orders)`, `${database}#copy`, { key: ['id'] });
      expect(query.code).toBe('STORE_RIGHTS');
      await sql(database, 'DROP ROLE diff_guest');
      expect((await world.failing(`${database}#(selec 1)`, `${database}#copy`, { key: ['id'] })).code).toBe(
        'SQL_FAILED',
      );
      expect((await world.failing(`${database}#orders`, `${database}#public.orders`)).message).toContain(
        'it would be compared with itself',
      );
      const nobody = await world.failing('postgres://ada:secret@127.0.0.1:1/x#t', `${database}#copy`);
      expect([nobody.code, nobody.remedy.includes('store.url')]).toEqual(['STORE_UNREACHABLE', false]);
      expect((await world.failing(`${database}?nope=1#t`, `${database}#copy`)).code).toBe('ENDPOINT_INVALID');
    });

    it('a value that the server fails on, in a filter or a query, is no defect of ours', async () => {
      const filter = { key: ['id'], rules: { columns: {}, where: { batch: 'id / (id - 1) > 0', stream: 'true' } } };
      const divided = await world.failing(`${database}#orders`, `${database}#copy`, filter);
      expect(`${divided.code}: ${divided.message}`).toMatch(/^SQL_FAILED: .*orders.*: division by zero$/);
      await world.parquet('one.parquet', 'SELECT 1 AS id, 1 AS amount');
      for (const right of [`${database}#copy`, 'one.parquet']) {
        const cast = `${database}#(select id, ('x' || id)::int as amount from orders)`;
        expect((await world.failing(cast, right, { key: ['id'] })).code).toBe('SQL_FAILED');
      }
      const late = `${database}#(select 1 as id, timestamp '294276-12-31' as at)`;
      await world.parquet('late.parquet', `SELECT 1 AS id, TIMESTAMP '2024-01-01' AS at`);
      expect((await world.diff(late, 'late.parquet', { key: ['id'] })).value_mismatch).toBe(1);
      const text = await world.failing(late, world.write('late.csv', 'id,at\n1,2024-01-01 00:00:00\n'), {
        key: ['id'],
      });
      expect(`${text.code}: ${text.message}`).toBe(
        'TYPE_MISMATCH: a time on the PostgreSQL side is later than the last one of DuckDB, in 294247, in the column at',
      );
      expect(text.remedy).toMatch(/--ignore/);
    });

    it('a statement that takes longer than it may', async () => {
      const error = await world.failing(`${database}#(select id, pg_sleep(5) from orders)`, `${database}#copy`, {
        key: ['id'],
        statementTimeout: 50,
      });
      expect(error.code).toBe('STORE_TIMEOUT');
      expect(error.remedy).toContain('--statement-timeout');
    });

    it('a connection that is lost in the middle is an error, and never a pass', async () => {
      const { diffTables } = await import('../../src/app/diff.js');
      const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'cutover'`;
      await world.parquet('o.parquet', 'SELECT 1 AS id');
      for (const right of [`${database}#copy`, 'o.parquet']) {
        let killed: Promise<unknown> | undefined;
        const progress = { update: () => void (killed ??= sql(database, kill)) };
        const slow = `${database}#(select id, amount, pg_sleep(0.05) is null as slow from orders)`;
        await expect(
          diffTables(
            { ...world.context(), progress },
            { left: slow, right, key: ['id'], columns: right === 'o.parquet' ? undefined : ['amount'] },
          ),
        ).rejects.toMatchObject({
          code: 'STORE_CONNECTION_LOST',
          // Which server it was, by user and place but without a password.
          message: expect.stringContaining(`the connection to postgres://${shownOf(database)} was lost: `),
          remedy: 'Nothing was proven. Compare again.',
        });
        await killed;
      }
      const proxy = await PostgresProxy.before(database);
      await proxy.close();
      expect((await world.failing(`${proxy.url}#orders`, `${database}#copy`)).code).toBe('STORE_UNREACHABLE');
    });
  });
});
