import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { Locks } from '../../src/store/duckdb/locks.js';
import { DuckDbSession } from '../../src/store/duckdb/session.js';
import { worldPerTest } from './diff-world.js';

const LONG = 'SELECT count(*) AS n FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 1';

describe('the time limit of statements in DuckDB', () => {
  const world = worldPerTest();

  it('ends a comparison whose statement takes longer', async () => {
    await world.parquet('a.parquet', 'SELECT i AS id FROM range(100) t(i)');
    const error = await world.failing('a.parquet', `a.parquet#(select id, (${LONG}) as n from data)`, {
      key: ['id'],
      statementTimeout: 200,
    });
    expect([error.code, error.message]).toEqual([
      'STORE_TIMEOUT',
      'a statement in DuckDB took longer than its time limit of 200ms',
    ]);
    expect(error.remedy).toContain('--statement-timeout');
  });

  it('lets a comparison be that takes less', async () => {
    await world.parquet('a.parquet', 'SELECT i AS id FROM range(100) t(i)');
    await world.parquet('b.parquet', 'SELECT i AS id FROM range(100) t(i)');
    expect((await world.diff('a.parquet', 'b.parquet', { key: ['id'], statementTimeout: 600_000 })).verdict).toBe(
      'pass',
    );
  });

  it('counts the work on a result that is read bit by bit, and not the time its reader takes; the session is of use afterwards', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const session = new DuckDbSession(await instance.connect(), new Locks());
    session.limitStatements(300);
    const slow = session.cursor(`SELECT * FROM range(3000) UNION ALL ${LONG}`);
    await expect(
      (async () => {
        for await (const rows of slow) expect(rows.length).toBeGreaterThan(0);
      })(),
    ).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
    let read = 0;
    for await (const rows of session.cursor('SELECT * FROM range(5000)')) {
      read += rows.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(read).toBe(5000);
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await session.close();
    instance.closeSync();
  });
});
