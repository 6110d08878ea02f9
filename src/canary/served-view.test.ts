import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Column } from '../model/column.js';
import { CutoverError } from '../model/errors.js';
import type { SqlSession, Store } from '../store/contract.js';
import { openDuckDbStore } from '../store/duckdb/store.js';
import { canaryBucket } from './bucket.js';
import { servedQuery, showServedView, type ServedView } from './served-view.js';

const schemas = { batch: 'b', stream: 's', served: 'main' };
const keyColumns: Column[] = [
  { name: 'day', type: 'DATE', family: 'date' },
  { name: 'Event "type"', type: 'VARCHAR', family: 'text' },
];
const view: ServedView = {
  servedSchema: 'main',
  batch: { schema: 'b', name: 'daily' },
  stream: { schema: 's', name: 'daily' },
  pipeline: 'daily',
  columns: ['day', 'Event "type"', 'side'],
  keyColumns,
  sharePpm: 0,
  salt: "it's",
};

describe('servedQuery', () => {
  let store: Store;
  let session: SqlSession;

  beforeAll(async () => {
    store = await openDuckDbStore({ path: ':memory:', schemas });
    await store.migrate();
    session = await store.session();
    for (const side of ['b', 's']) {
      const hidden = side === 's' ? ', 1 AS hidden' : '';
      await session.run(
        `CREATE TABLE ${side}.daily AS SELECT DATE '2024-01-01' + CAST(i // 10 AS INTEGER) AS day, 'type ü ' || (i % 10) AS "Event ""type""", '${side}' AS side${hidden} FROM range(2000) t(i)`,
      );
    }
    await session.run(`INSERT INTO b.daily VALUES (NULL, 'x', 'b')`);
    await session.run(`INSERT INTO s.daily VALUES (NULL, 'x', 's', 1)`);
  });
  afterAll(() => store.close());

  async function served(sharePpm: number) {
    await showServedView(session, store.dialect, { ...view, sharePpm });
    return session.query(`SELECT CAST(day AS VARCHAR) AS day, "Event ""type""" AS type, side FROM main.daily`);
  }

  it.each([0, 10_000, 500_000, 990_000])(
    'serves each key exactly once, from its own side: %d ppm',
    async (sharePpm) => {
      const rows = await served(sharePpm);
      expect(rows).toHaveLength(2001);
      expect(new Set(rows.map(({ day, type }) => `${String(day)} ${String(type)}`)).size).toBe(2001);
      for (const { day, type, side } of rows) {
        const expected = day === null || canaryBucket(view.salt, [String(day), String(type)]) >= sharePpm ? 'b' : 's';
        expect(side).toBe(expected);
      }
    },
  );

  it('is a plain select at 0% and at 100%', async () => {
    for (const sharePpm of [0, 1_000_000]) {
      expect(servedQuery(store.dialect, { ...view, sharePpm })).not.toMatch(/WHERE|UNION/);
    }
    const rows = await served(1_000_000);
    expect(rows).toHaveLength(2001);
    expect(rows.every(({ side }) => side === 's')).toBe(true);
  });

  function codeOf(change: Partial<ServedView>): string {
    try {
      servedQuery(store.dialect, { ...view, sharePpm: 1, ...change });
    } catch (error) {
      if (error instanceof CutoverError) return error.code;
      throw error;
    }
    return 'none';
  }
  const day = (type: string, family: Column['family']): Column => ({ name: 'day', type, family });
  it.each<[string, Column, Column, string]>([
    ['the same', day('DOUBLE', 'double'), day('DOUBLE', 'double'), 'none'],
    ['whole numbers and decimals', day('BIGINT', 'integer'), day('DECIMAL(18,2)', 'decimal'), 'none'],
    ['timestamps', day('TIMESTAMP', 'timestamp'), day('TIMESTAMP WITH TIME ZONE', 'timestamptz'), 'none'],
    ['a double and a whole number', day('DOUBLE', 'double'), day('BIGINT', 'integer'), 'TYPE_MISMATCH'],
    ['a float and a double', day('FLOAT', 'double'), day('DOUBLE', 'double'), 'TYPE_MISMATCH'],
    ['nanoseconds', day('TIMESTAMP_NS', 'timestamp'), day('TIMESTAMP', 'timestamp'), 'TYPE_MISMATCH'],
    ['a date and a timestamp', day('DATE', 'date'), day('TIMESTAMP', 'timestamp'), 'TYPE_MISMATCH'],
    ['lists', day('INTEGER[]', 'list'), day('BIGINT[]', 'list'), 'TYPE_MISMATCH'],
  ])('key types, %s', (_, batch, stream, code) => {
    expect(codeOf({ keyColumns: [batch], streamKeyColumns: [stream] })).toBe(code);
  });

  it('refuses a key that is not on both sides', () => {
    expect(codeOf({ columns: ['day', 'side'] })).toBe('KEY_COLUMN_MISSING');
    expect(codeOf({ streamKeyColumns: keyColumns.slice(0, 1) })).toBe('KEY_COLUMN_MISSING');
  });
});
