import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canaryBucket } from '../../src/canary/bucket.js';
import type { Column } from '../../src/model/column.js';
import { CutoverError } from '../../src/model/errors.js';
import { canonicalKey } from '../../src/model/key.js';
import type { Row, SqlSession, Store } from '../../src/store/contract.js';

/** How a suite gets at a kind of store. */
export interface StoreFixture {
  /** Opens the store of the test, the same one every time until `remove`. */
  open(): Promise<Store>;
  /** Removes all that the test made. */
  remove(): Promise<void>;
}

const TEXTS = ['', 'a', 'a:b,c', '1:a,', 'é', '😀 wide', "it's", 'line\nbreak', '\\x00'];

function one(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) throw new Error(`expected one row, there are ${rows.length}`);
  return row;
}

/** What every store must keep to. */
export function storeSuite(name: string, fixture: () => StoreFixture): void {
  describe(`${name}: the store contract`, () => {
    let current: StoreFixture;
    let store: Store;
    let session: SqlSession;

    beforeEach(async () => {
      current = fixture();
      store = await current.open();
      await store.migrate();
      session = await store.session();
    });
    afterEach(async () => {
      await store.close();
      await current.remove();
    });

    const value = async (sql: string): Promise<Row[string] | undefined> =>
      one(await session.query(`SELECT ${sql} AS v`))['v'];

    async function columnsOf(relation: string): Promise<Column[]> {
      return store.dialect.columns(session, relation);
    }

    describe('sessions', () => {
      it('see one snapshot in a transaction while others commit', async () => {
        const other = await store.session();
        await session.script('CREATE TABLE cutover.probe (n BIGINT); INSERT INTO cutover.probe VALUES (1)');
        const count = async (within: SqlSession): Promise<unknown> =>
          one(await within.query('SELECT count(*) AS v FROM cutover.probe'))['v'];
        await session.transaction(async () => {
          expect(await count(session)).toBe('1');
          expect(await other.run('INSERT INTO cutover.probe VALUES (2), (3)')).toBe(2);
          expect(await count(other)).toBe('3');
          expect(await count(session)).toBe('1');
        });
        expect(await count(session)).toBe('3');
      });

      it('do not see what another has not committed', async () => {
        const other = await store.session();
        await session.script('CREATE TABLE cutover.probe (n BIGINT)');
        await session.transaction(async () => {
          await session.run('INSERT INTO cutover.probe VALUES (1)');
          expect(await other.query('SELECT * FROM cutover.probe')).toEqual([]);
        });
        expect(await other.query('SELECT * FROM cutover.probe')).toEqual([{ n: '1' }]);
      });

      it('roll back when the work rejects, pass its error on, and stay usable', async () => {
        await session.script('CREATE TABLE cutover.probe (n BIGINT PRIMARY KEY)');
        await expect(
          session.transaction(async () => {
            await session.run('INSERT INTO cutover.probe VALUES (1)');
            throw new Error('changed my mind');
          }),
        ).rejects.toThrow('changed my mind');
        await expect(
          session.transaction(async () => {
            await session.run('INSERT INTO cutover.probe VALUES (1)');
            await session.run('INSERT INTO cutover.probe VALUES (1)');
          }),
        ).rejects.toThrow();
        expect(await session.query('SELECT * FROM cutover.probe')).toEqual([]);
        await session.transaction(() => session.run('INSERT INTO cutover.probe VALUES (1)'));
        expect(await session.query('SELECT * FROM cutover.probe')).toEqual([{ n: '1' }]);
      });

      it('resolve plain names by their own search path, temporary tables first', async () => {
        const other = await store.session();
        await session.script(
          `CREATE SCHEMA sa; CREATE SCHEMA sb; CREATE TABLE sa.t AS SELECT 'a' AS side; CREATE TABLE sb.t AS SELECT 'b' AS side;
           CREATE TABLE sb.only_b AS SELECT 1 AS x`,
        );
        await session.searchPath(['sa', 'sb']);
        await other.searchPath(['sb']);
        const side = async (within: SqlSession): Promise<unknown> =>
          one(await within.query('SELECT side FROM t'))['side'];
        expect(await side(session)).toBe('a');
        expect(await side(other)).toBe('b');
        expect(await session.query('SELECT x FROM only_b')).toHaveLength(1);
        await session.run(`CREATE TEMPORARY TABLE t AS SELECT 'temp' AS side`);
        expect(await side(session)).toBe('temp');
        expect(await side(other)).toBe('b');
        await other.searchPath(['sa']);
        await expect(other.query('SELECT x FROM only_b')).rejects.toThrow();
      });

      it('bind parameters without loss', async () => {
        const row = one(
          await session.query(
            'SELECT CAST($1 AS BIGINT) AS b, $2 AS t, CAST($3 AS DOUBLE PRECISION) AS d, CAST($4 AS BOOLEAN) AS o, CAST($5 AS BIGINT) AS n',
            [9007199254740993n, "it's; -- no comment", 0.1, true, null],
          ),
        );
        expect(row).toEqual({ b: '9007199254740993', t: "it's; -- no comment", d: 0.1, o: true, n: null });
        // A whole JavaScript number is no double: it would round where it meets 64-bit integers.
        expect(one(await session.query('SELECT CAST($1 AS BIGINT) + 1 AS v', [2 ** 53 - 1]))['v']).toBe(
          '9007199254740992',
        );
      });

      it('give the number of changed rows', async () => {
        await session.script('CREATE TABLE cutover.probe (n BIGINT)');
        expect(await session.run('INSERT INTO cutover.probe VALUES (1), (2), (3)')).toBe(3);
        expect(await session.run('UPDATE cutover.probe SET n = 0 WHERE n > $1', [1])).toBe(2);
        expect(await session.run('DELETE FROM cutover.probe WHERE n = 9')).toBe(0);
      });

      it('read large results in chunks, in order, and can stop early', async () => {
        await session.script('CREATE TABLE cutover.probe AS SELECT x AS n FROM generate_series(1, 20000) g(x)');
        let expected = 1;
        let chunks = 0;
        for await (const rows of session.cursor('SELECT n FROM cutover.probe WHERE n > $1 ORDER BY n', [0])) {
          chunks++;
          for (const row of rows)
            if (Number(row['n']) !== expected++) throw new Error(`out of order at ${expected - 1}`);
        }
        expect(expected).toBe(20_001);
        expect(chunks).toBeGreaterThan(1);
        for await (const rows of session.cursor('SELECT n FROM cutover.probe ORDER BY n')) {
          expect(rows.length).toBeGreaterThan(0);
          break;
        }
        expect(await value('1')).toBe(1);
      });

      it('can be interrupted, and used again', async () => {
        const long = session.query(
          'SELECT count(*) AS v FROM generate_series(1, 200000) a(x), generate_series(1, 200000) b(y) WHERE x * y % 7 = 3',
        );
        const stopper = setInterval(() => session.interrupt(), 20);
        await expect(long).rejects.toThrow();
        clearInterval(stopper);
        expect(await value('1')).toBe(1);
        session.interrupt();
        expect(await value('2')).toBe(2);
      });

      it('queue statements that are sent together', async () => {
        const answers = await Promise.all([1, 2, 3, 4].map((n) => value(String(n))));
        expect(answers).toEqual([1, 2, 3, 4]);
      });
    });

    describe('values', () => {
      it.each([
        ['CAST(9223372036854775807 AS BIGINT)', '9223372036854775807'],
        ['CAST(-9223372036854775807 AS BIGINT)', '-9223372036854775807'],
        [
          `CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10))`,
          '1234567890123456789012345678.0123456789',
        ],
        [`CAST('0.10' AS DECIMAL(18,2))`, '0.10'],
        [`TIMESTAMP '2024-02-29 23:59:59.123456'`, '2024-02-29 23:59:59.123456'],
        [`DATE '0044-03-15'`, '0044-03-15'],
        [`CAST('NaN' AS DOUBLE PRECISION)`, 'NaN'],
        [`CAST('-Infinity' AS DOUBLE PRECISION)`, '-Infinity'],
        ['CAST(0.1 AS DOUBLE PRECISION) + CAST(0.2 AS DOUBLE PRECISION)', 0.30000000000000004],
        ['CAST(NULL AS BIGINT)', null],
        ['true', true],
        [`'😀' || chr(10)`, '😀\n'],
      ])('%s comes without loss', async (sql, expected) => {
        expect(await value(sql)).toEqual(expected);
      });

      it('timestamps with time zone are UTC', async () => {
        expect(await value(`TIMESTAMPTZ '2024-07-01 02:00:00.000001+05:30'`)).toMatch(
          /^2024-06-30 20:30:00\.000001\+00/,
        );
      });

      it('lists keep order, NULL and 64-bit elements', async () => {
        const columnType = (declared: string): string => store.dialect.columnType(declared);
        await session.run(`CREATE TABLE cutover.probe (l ${columnType('bigint[]')}, t ${columnType('text[]')})`);
        await session.run(
          `INSERT INTO cutover.probe VALUES (CAST(ARRAY[9223372036854775807, NULL, 1] AS ${columnType('bigint[]')}), ARRAY['b', 'a,b'])`,
        );
        expect(await session.query('SELECT * FROM cutover.probe')).toEqual([
          { l: ['9223372036854775807', null, '1'], t: ['b', 'a,b'] },
        ]);
      });

      it('every declared type is a column type', async () => {
        const types = [
          'text',
          'boolean',
          'integer',
          'bigint',
          'double',
          'decimal(18,2)',
          'date',
          'timestamp',
          'timestamptz',
          'json',
          'bytes',
        ];
        const families = [
          'text',
          'boolean',
          'integer',
          'integer',
          'double',
          'decimal',
          'date',
          'timestamp',
          'timestamptz',
          'json',
          'bytes',
        ];
        const list = types.map((type, i) => `c${i} ${store.dialect.columnType(type)}`);
        await session.run(`CREATE TABLE cutover.probe (${list.join(', ')}, l ${store.dialect.columnType('date[]')})`);
        expect((await columnsOf('cutover.probe')).map(({ family }) => family)).toEqual([...families, 'list']);
      });
    });

    describe('dialect', () => {
      it('quotes names and texts', async () => {
        const name = 'a "strange" name';
        const row = one(await session.query(`SELECT ${store.dialect.literal("it's")} AS ${store.dialect.quote(name)}`));
        expect(row).toEqual({ [name]: "it's" });
      });

      it('columns of a query or a table; a missing table has its code', async () => {
        await session.run('CREATE TABLE cutover.probe (b BIGINT, a TEXT)');
        expect((await columnsOf('cutover.probe')).map(({ name: column }) => column)).toEqual(['b', 'a']);
        expect((await columnsOf("(SELECT 1 AS z, DATE '2024-01-01' AS y)")).map(({ family }) => family)).toEqual([
          'integer',
          'date',
        ]);
        const error: unknown = await columnsOf('cutover.absent').catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(CutoverError);
        expect(error).toMatchObject({ code: 'TABLE_MISSING' });
      });

      it('tells the tables that a statement would read, whatever names lead to them', async () => {
        const read = async (statement: string): Promise<string[]> =>
          (await store.dialect.tablesRead(session, statement)).map(({ schema, name }) => `${schema}.${name}`).sort();
        await session.script(
          `CREATE TABLE cutover_stream.t (a BIGINT PRIMARY KEY); CREATE TABLE cutover.probe (a BIGINT);
           CREATE TABLE cutover."a ""b.c" (a BIGINT); CREATE VIEW cutover.shown AS SELECT max(a) AS a FROM cutover_stream.t`,
        );
        await session.searchPath(['cutover_stream']);
        expect(await read('SELECT a FROM t')).toEqual(['cutover_stream.t']);
        expect(await read('WITH t AS (SELECT 1 AS a) SELECT a FROM t')).toEqual([]);
        expect(await read('SELECT (SELECT a FROM cutover.shown) FROM cutover."a ""b.c"')).toEqual([
          'cutover.a "b.c',
          'cutover_stream.t',
        ]);
        expect(await read('INSERT INTO cutover.probe SELECT a FROM cutover.shown')).toContain('cutover_stream.t');
        expect(await read('DELETE FROM cutover.probe WHERE a IN (SELECT a FROM cutover.shown)')).toContain(
          'cutover_stream.t',
        );
        expect(await read('CREATE TABLE cutover.made AS SELECT a FROM cutover.shown')).toEqual(['cutover_stream.t']);
        await session.defineView('v', 'SELECT a FROM t');
        expect(await read('SELECT a FROM v')).toEqual(['cutover_stream.t']);
        expect((await session.query('SELECT count(*) AS n FROM cutover.probe'))[0]?.['n']).toBe('0');
      });

      const canonical = async (sql: string): Promise<Row[string] | undefined> => {
        const [column] = await columnsOf(`(SELECT ${sql} AS v)`);
        if (column === undefined) throw new Error('no column');
        const text = store.dialect.canonicalText('v', column);
        return one(await session.query(`SELECT ${text} AS t FROM (SELECT ${sql} AS v) q`))['t'];
      };

      it.each([
        [`CAST('1.50' AS DECIMAL(18,2))`, '1.5'],
        [`CAST('100.00' AS DECIMAL(18,2))`, '100'],
        [`CAST('-0.00' AS DECIMAL(18,2))`, '0'],
        [`CAST('100' AS DECIMAL(18,0))`, '100'],
        ['CAST(-7 AS BIGINT)', '-7'],
        [`TIMESTAMP '2024-01-01 00:00:00'`, '2024-01-01 00:00:00.000000'],
        [`TIMESTAMPTZ '2024-01-01 05:30:00.5+05:30'`, '2024-01-01 00:00:00.500000'],
        [`DATE '2024-01-01'`, '2024-01-01'],
        ['true', 'true'],
        [`CAST('NaN' AS DOUBLE PRECISION)`, 'NaN'],
        [`CAST(NULL AS DATE)`, null],
        [`CAST(NULL AS TIMESTAMP)`, null],
        [`CAST(NULL AS DOUBLE PRECISION)`, null],
      ])('the canonical text of %s', async (sql, expected) => {
        expect(await canonical(sql)).toBe(expected);
      });

      it('gives equal values of different types equal hashes, and different ones different hashes', async () => {
        const same = async (left: string, right: string): Promise<boolean> => {
          const [a, b] = await columnsOf(`(SELECT ${left} AS a, ${right} AS b)`);
          if (a === undefined || b === undefined) throw new Error('no columns');
          const hash = (of: string, self: Column, other: Column): string =>
            store.dialect.rowHash([
              { expression: store.dialect.comparable(of, self, other), self, other, nullable: true },
            ]);
          const row = one(
            await session.query(
              `SELECT ${hash('a', a, b)} = ${hash('b', b, a)} AS same FROM (SELECT ${left} AS a, ${right} AS b) q`,
            ),
          );
          return row['same'] === true;
        };
        expect(await same('CAST(7 AS INTEGER)', 'CAST(7 AS BIGINT)')).toBe(true);
        expect(await same('CAST(7 AS BIGINT)', `CAST('7.00' AS DECIMAL(18,2))`)).toBe(true);
        expect(await same(`CAST('7.5' AS DECIMAL(10,1))`, `CAST('7.50' AS DECIMAL(18,2))`)).toBe(true);
        expect(await same(`CAST('7.5' AS DECIMAL(10,1))`, 'CAST(7.5 AS DOUBLE PRECISION)')).toBe(true);
        expect(await same(`TIMESTAMP '2024-01-01 00:00:00'`, `TIMESTAMPTZ '2024-01-01 00:00:00+00'`)).toBe(true);
        expect(await same(`INTERVAL '1 month'`, `INTERVAL '30 days'`)).toBe(false);
        expect(await same(`INTERVAL '90 minutes'`, `INTERVAL '01:30:00'`)).toBe(true);
        expect(await same('CAST(NULL AS BIGINT)', 'CAST(NULL AS INTEGER)')).toBe(true);
        expect(await same(`CAST('7.51' AS DECIMAL(18,2))`, `CAST('7.5' AS DECIMAL(10,1))`)).toBe(false);
        expect(await same('CAST(NULL AS BIGINT)', 'CAST(0 AS BIGINT)')).toBe(false);
        expect(await same('CAST(9007199254740993 AS BIGINT)', 'CAST(9007199254740992 AS DOUBLE PRECISION)')).toBe(
          false,
        );
      });

      it('the sum of row hashes changes when two rows exchange a value, and with duplicates', async () => {
        const integer: Column = { name: '', type: 'integer', family: 'integer' };
        const values = ['a', 'b'].map((expression) => ({ expression, self: integer, other: integer, nullable: true }));
        const sum = async (rows: string): Promise<unknown> =>
          one(
            await session.query(
              `SELECT ${store.dialect.sumOfHashes(store.dialect.rowHash(values))} AS s FROM (VALUES ${rows}) v(a, b)`,
            ),
          )['s'];
        const original = await sum(`(1, 10), (2, 20)`);
        expect(await sum(`(2, 20), (1, 10)`)).toBe(original);
        expect(await sum(`(1, 20), (2, 10)`)).not.toBe(original);
        expect(await sum(`(10, 1), (20, 2)`)).not.toBe(original);
        expect(await sum(`(1, 10), (2, 20), (1, 10), (1, 10)`)).not.toBe(original);
        expect(await sum(`(1, NULL)`)).not.toBe(await sum(`(NULL, 1)`));
      });

      it('buckets of hashes lie in range', async () => {
        const integer: Column = { name: '', type: 'integer', family: 'integer' };
        const bucket = store.dialect.bucketOf(
          [{ expression: 'x', self: integer, other: integer, nullable: false }],
          16,
        );
        const rows = await session.query(
          `SELECT ${bucket} AS b, count(*) AS n FROM generate_series(1, 4000) g(x) GROUP BY 1 ORDER BY 1`,
        );
        expect(rows.map((row) => Number(row['b']))).toEqual(Array.from({ length: 16 }, (_, n) => n));
      });

      it('canonical keys and canary buckets are those of the TypeScript functions', async () => {
        for (const first of TEXTS) {
          for (const second of ['', 'x', 'é,1:']) {
            const key = store.dialect.canonicalKey(['a', 'b']);
            const row = one(
              await session.query(
                `SELECT ${key} AS k, ${store.dialect.canaryBucket(key, "salt's")} AS b FROM (SELECT CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS b) q`,
                [first, second],
              ),
            );
            expect(row['k']).toBe(canonicalKey([first, second]));
            expect(Number(row['b'])).toBe(canaryBucket("salt's", [first, second]));
          }
        }
      });

      it('sets of lists', async () => {
        const texts: Column = { name: '', type: store.dialect.columnType('text[]'), family: 'list' };
        const set = (list: string): string => store.dialect.asSet(list, texts);
        expect(await value(`${set(`ARRAY['b', 'a', 'b']`)} = ${set(`ARRAY['a', 'b']`)}`)).toBe(true);
        expect(await value(`${set(`ARRAY['b', 'a', 'c']`)} = ${set(`ARRAY['a', 'b']`)}`)).toBe(false);
      });
    });

    describe('the store', () => {
      it('keeps what was committed, and only that', async () => {
        await session.script('CREATE TABLE cutover.probe (n BIGINT); INSERT INTO cutover.probe VALUES (1)');
        await store.close();
        store = await current.open();
        session = await store.session();
        expect(await session.query('SELECT * FROM cutover.probe')).toEqual([{ n: '1' }]);
      });

      it('migrates again without effect', async () => {
        const applied = await session.query('SELECT * FROM cutover.migrations ORDER BY version');
        expect(applied.length).toBeGreaterThan(0);
        await store.migrate();
        expect(await session.query('SELECT * FROM cutover.migrations ORDER BY version')).toEqual(applied);
      });

      it('refuses a store that a newer version wrote', async () => {
        await session.run(`INSERT INTO cutover.migrations VALUES (9999, '9999_future.sql', now())`);
        await expect(store.migrate()).rejects.toMatchObject({ code: 'STORE_NEWER' });
      });

      it('is refused a second time unless processes share it', async () => {
        if (store.capabilities.sharedByProcesses) return;
        await expect(current.open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
        // The refusal does not unlock it.
        await expect(current.open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
        expect(await value('1')).toBe(1);
      });
    });
  });
}
