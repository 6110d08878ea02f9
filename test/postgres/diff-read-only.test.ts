import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/app/compare-tables.js';
import type { CompareTablesOptions } from '../../src/app/diff-options.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { createDatabase, localPostgresProblem, startLocalPostgres } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { withClient } from './database.js';

const { url, problem } = inject('postgres');

/** Duplicate keys, NULL keys, a value that differs, rows of one side only; no index but that of `kept`. */
const TABLES = `
  CREATE TABLE a (id int, label text);
  INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 60) g(i);
  CREATE TABLE b AS SELECT * FROM a;
  INSERT INTO a VALUES (5, 'again'), (6, 'v6'), (NULL, 'none'), (100, 'only left');
  INSERT INTO b VALUES (6, 'v6'), (7, 'twice'), (7, 'thrice');
  UPDATE b SET label = 'other' WHERE id = 20;
  CREATE TABLE written (n int);
  CREATE SEQUENCE counted;
  CREATE FUNCTION meddle(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO written VALUES (n); RETURN n; END $$;
  CREATE FUNCTION count_up(n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT CAST(n + 0 * nextval('counted') AS int) $$;
  CREATE FUNCTION unlocked(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN
    PERFORM set_config('transaction_read_only', 'off', false); INSERT INTO written VALUES (n); RETURN n; END $$;`;

const DIFFERS = {
  verdict: 'fail',
  duplicate_key: 3,
  null_key: 1,
  value_mismatch: 1,
  missing_in_stream: 1,
  missing_in_batch: 0,
  matched: 56,
  plan: { place: 'one_store' },
  alignment: { method: 'snapshot', exact: true },
};

function compared(database: string, more: Partial<CompareTablesOptions> = {}): Promise<DiffReport> {
  return compareTables({ left: `${database}#public.a`, right: `${database}#public.b`, key: ['id'], ...more });
}

describe.skipIf(loudly('comparisons that only read', problem))('a comparison in PostgreSQL only reads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-read-only-'));
  let database = '';

  beforeAll(async () => {
    database = await createDatabase(url ?? '');
    await withClient(database, (client) => client.query(TABLES));
    writeFileSync(join(folder, 'b.csv'), 'id,label\n1,v1\n');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const written = (): Promise<unknown> =>
    withClient(database, async (client) => {
      const { rows } = await client.query('SELECT (SELECT count(*) FROM written) AS n, is_called FROM counted');
      return rows;
    });

  it.each([
    ['meddle', /writes was refused .*: cannot execute INSERT in a read-only transaction/],
    ['count_up', /writes was refused .*: cannot execute nextval\(\) in a read-only transaction/],
    ['unlocked', /transaction read-write mode/],
  ])('refuses a query that writes by %s(), whatever it is compared with', async (name, message) => {
    const other = await createDatabase(url ?? '');
    await withClient(other, (client) => client.query('CREATE TABLE b (id int, label text)'));
    const leftSql = `SELECT ${name}(id) AS id, label FROM public.a`;
    for (const right of [`${database}#public.b`, `${other}#public.b`, join(folder, 'b.csv')])
      await expect(compared(database, { left: database, leftSql, right })).rejects.toThrow(message);
    expect(await written()).toEqual([{ n: '0', is_called: false }]);
  });

  it('needs no right but to read: not even that to temporary tables', async () => {
    const role = `reader_${Math.random().toString(36).slice(2, 8)}`;
    const name = new URL(database).pathname.slice(1);
    await withClient(database, (client) =>
      client.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO ${role};
         GRANT SELECT ON a, b TO ${role}`,
      ),
    );
    const as = Object.assign(new URL(database), { username: role, password: 'pw' }).href;
    await withClient(as, async (client) => {
      await expect(client.query('CREATE TEMP TABLE t (n int)')).rejects.toThrow(/permission denied/);
    });
    for (const strategy of ['join', 'digest'] as const) {
      const report = await compared(as, { strategy });
      expect(report).toMatchObject(DIFFERS);
      const owned = await compared(database, { strategy });
      expect({ ...report, sides: 0, started_at: 0, finished_at: 0, timing: 0 }).toEqual({
        ...owned,
        sides: 0,
        started_at: 0,
        finished_at: 0,
        timing: 0,
      });
    }
  });
});

const local = await localPostgresProblem();

describe.skipIf(loudly('comparisons on a standby', local))('a comparison on a hot standby', () => {
  it('finds what one on the server would find', async () => {
    const server = await startLocalPostgres();
    try {
      const database = await createDatabase(server.url);
      await withClient(database, (client) => client.query(TABLES));
      const standby = await server.standby();
      // What is written from now on has to come over the connection between the two.
      await withClient(database, (client) => client.query(`UPDATE a SET label = 'late' WHERE id = 30`));
      const there = Object.assign(new URL(standby.url), { pathname: new URL(database).pathname }).href;
      await withClient(there, async (client) => {
        const late = async (): Promise<unknown> => (await client.query('SELECT label FROM a WHERE id = 30')).rows;
        await expect.poll(late, { timeout: 30_000 }).toEqual([{ label: 'late' }]);
        await expect(client.query('CREATE TEMP TABLE t (n int)')).rejects.toThrow(/read-only|recovery/);
      });
      for (const strategy of ['join', 'digest'] as const)
        expect(await compared(there, { strategy })).toMatchObject({ ...DIFFERS, value_mismatch: 2, matched: 55 });
      await standby.stop();
    } finally {
      await server.stop();
    }
  }, 120_000);
});
