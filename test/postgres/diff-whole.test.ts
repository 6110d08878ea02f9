import pg from 'pg';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { countsOf, worldPerSuite } from '../integration/diff-world.js';
import { BROKEN, BROKEN_QUERIES, HONEST } from '../integration/whole-samples.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url: server, problem } = inject('postgres');

describe.skipIf(loudly('filters and queries in PostgreSQL', problem))('what is given to PostgreSQL', () => {
  const world = worldPerSuite();
  const client = { database: '' };

  const ask = async (sql: string): Promise<pg.QueryResult> => {
    const connection = new pg.Client({ connectionString: client.database });
    await connection.connect();
    try {
      return await connection.query(sql);
    } finally {
      await connection.end();
    }
  };

  beforeAll(async () => {
    client.database = await createDatabase(server ?? '');
    await ask(`CREATE TABLE t AS SELECT i AS id, CASE WHEN i = 7 THEN 'a)b' ELSE 'v' || i END AS v FROM generate_series(1, 9) g(i);
      CREATE TABLE copy AS SELECT * FROM t; CREATE TABLE written (n int)`);
    await world.parquet(
      'b.parquet',
      `SELECT CAST(i AS INTEGER) AS id, CASE WHEN i = 7 THEN 'a)b' ELSE 'v' || i END AS v FROM range(1, 10) t(i)`,
    );
    await world.sql(`COPY (FROM '@/b.parquet') TO '@/c.csv'`);
  });

  const filtered = (predicate: string) => ({
    key: ['id'],
    rules: { columns: {}, where: { batch: predicate, stream: 'id > 5' } },
  });
  const rights = (): string[] => [`${client.database}#copy`, 'b.parquet', 'c.csv'];

  it.each([...HONEST, `v <> U&'\\0029 (' AND id > 5`])('a whole filter: %s', async (predicate) => {
    for (const right of rights())
      expect(countsOf(await world.diff(`${client.database}#t`, right, filtered(predicate)))).toEqual({ matched: 4 });
  });

  it.each(BROKEN)('a filter that is no whole one is refused: %s', async (predicate) => {
    for (const right of rights())
      expect(await world.failing(`${client.database}#t`, right, filtered(predicate))).toMatchObject({
        code: 'SQL_FAILED',
      });
  });

  it.each(BROKEN_QUERIES)('a query that is no whole one is refused: %s', async (leftSql) => {
    for (const right of rights()) {
      const error = await world.failing(client.database, right, { key: ['id'], leftSql });
      expect(error).toMatchObject({
        code: 'SQL_FAILED',
        remedy: expect.stringMatching(/^Correct the query/) as string,
      });
    }
  });

  it('runs nothing of a text that holds more than one statement', async () => {
    const write = 'ROLLBACK; BEGIN READ WRITE; INSERT INTO written VALUES (1); COMMIT';
    const predicates = [`true); ${write}; SELECT (1`, `true THEN 1 END; ${write}; SELECT CASE WHEN true`];
    for (const predicate of predicates)
      await world.failing(`${client.database}#t`, `${client.database}#copy`, filtered(predicate));
    for (const leftSql of [`select 1) x; ${write}; select * from (select 1`, `select 1; ${write}; select 1`])
      await world.failing(client.database, `${client.database}#copy`, { key: ['id'], leftSql });
    expect((await ask('SELECT * FROM written')).rows).toEqual([]);
  });
});
