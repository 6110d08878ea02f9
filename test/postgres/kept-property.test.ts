import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import { keptPairOf } from '../../src/diff/kept.js';
import { CutoverError } from '../../src/model/errors.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import type { KeptPair } from '../../src/store/contract/kept.js';
import { keptDigests } from '../../src/store/postgres/kept/kept.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';

const { url, problem } = inject('postgres');
const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 40);
const DAY = 86_400_000;

type Side = 'batch_rows' | 'stream_rows';

/** A statement on a side; `at` and `to` are keys, `v` a value. */
type Op =
  | {
      readonly kind: 'upsert' | 'again' | 'merge' | 'move' | 'delete' | 'change';
      readonly at: number;
      readonly to: number;
      readonly v: number;
    }
  | { readonly kind: 'null key' | 'truncate'; readonly v: number }
  | { readonly kind: 'savepoint'; readonly inner: readonly Op[]; readonly kept: boolean };

interface Transaction {
  readonly side: Side;
  readonly ops: readonly Op[];
  readonly commits: boolean;
  readonly isolation: 'READ COMMITTED' | 'REPEATABLE READ';
}

const key = fc.integer({ min: -10, max: 30 });
const place = fc.record({ at: key, to: key, v: fc.nat({ max: 4 }) });
const simple: fc.Arbitrary<Op> = fc.oneof(
  ...(['upsert', 'again', 'merge', 'move', 'delete', 'change'] as const).map((kind) =>
    place.map((where): Op => ({ kind, ...where })),
  ),
  fc.nat({ max: 4 }).map((v): Op => ({ kind: 'null key', v })),
);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: simple },
  { weight: 1, arbitrary: fc.constant<Op>({ kind: 'truncate', v: 0 }) },
  {
    weight: 3,
    arbitrary: fc
      .record({ inner: fc.array(simple, { minLength: 1, maxLength: 3 }), kept: fc.boolean() })
      .map((one): Op => ({ kind: 'savepoint', ...one })),
  },
);
const transaction: fc.Arbitrary<Transaction> = fc.record({
  side: fc.constantFrom<Side>('batch_rows', 'stream_rows'),
  ops: fc.array(op, { minLength: 1, maxLength: 4 }),
  commits: fc.constantFrom(true, true, false),
  isolation: fc.constantFrom('READ COMMITTED', 'REPEATABLE READ'),
});

/** Values of types whose texts depend on the writer's settings, and of all that change the hash. */
function row(key: string, v: number): string {
  return `${key}, ${key} || '-' || ${v % 2}, ${v}.5::float8 / 3, TIMESTAMPTZ '2024-01-01 00:00:00+00' + ${v} * interval '1 day', ARRAY[DATE '2024-01-01' + ${v}], ${v === 4 ? 'NULL' : `INTERVAL '${v} months'`}`;
}

async function perform(client: pg.Client, side: Side, one: Op, unique: string): Promise<void> {
  const columns = 'id, tag, ratio, seen, days, span';
  const series = (at: number, to: number): string => `generate_series(${Math.min(at, to)}, ${Math.max(at, to)}) g(i)`;
  const rows = (at: number, to: number, v: number): string => `SELECT ${row('i', v)} FROM ${series(at, to)}`;
  switch (one.kind) {
    case 'upsert':
      await client.query(
        side === 'batch_rows'
          ? `INSERT INTO ${side} (${columns}) ${rows(one.at, one.to, one.v)}`
          : `INSERT INTO ${side} (${columns}) ${rows(one.at, one.to, one.v)} ON CONFLICT (${unique}) DO UPDATE SET ratio = excluded.ratio, seen = excluded.seen`,
      );
      return;
    case 'again':
      await client.query(
        `INSERT INTO ${side} (${columns}) SELECT id + 100, tag, ratio, seen, days, span FROM ${side} WHERE id = ${one.at}`,
      );
      return;
    case 'merge':
      await client.query(
        `MERGE INTO ${side} t USING (SELECT i FROM ${series(one.at, one.to)}) s ON t.id = s.i
         WHEN MATCHED AND s.i % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET ratio = ${one.v}
         WHEN NOT MATCHED THEN INSERT (${columns}) VALUES (${row('s.i', one.v)})`,
      );
      return;
    case 'move':
      await client.query(`UPDATE ${side} SET id = ${one.to + 200} WHERE id = ${one.at}`);
      return;
    case 'delete':
      await client.query(
        `DELETE FROM ${side} WHERE id BETWEEN ${Math.min(one.at, one.to)} AND ${Math.max(one.at, one.to)}`,
      );
      return;
    case 'change':
      await client.query(
        `UPDATE ${side} SET span = INTERVAL '${one.v} hours', days = days || DATE '2024-02-02' WHERE id = ${one.at}`,
      );
      return;
    case 'null key':
      if (side === 'batch_rows')
        await client.query(`INSERT INTO ${side} (${columns}) SELECT ${row('NULL::bigint', one.v)}`);
      return;
    case 'truncate':
      await client.query(`TRUNCATE ${side}`);
      return;
    case 'savepoint':
      await client.query('SAVEPOINT s');
      try {
        for (const inner of one.inner) await perform(client, side, inner, unique);
        await client.query(one.kept ? 'RELEASE s' : 'ROLLBACK TO s');
      } catch {
        await client.query('ROLLBACK TO s');
      }
  }
}

async function run(client: pg.Client, transactions: readonly Transaction[], unique: string): Promise<void> {
  for (const { side, ops, commits, isolation } of transactions) {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    try {
      for (const one of ops) await perform(client, side, one, unique);
      await client.query(commits ? 'COMMIT' : 'ROLLBACK');
    } catch {
      // A key that was there, a deadlock on a row, a conflict: the writer's own affair.
      await client.query('ROLLBACK');
    }
  }
}

describe.skipIf(loudly('kept digests on PostgreSQL', problem) || url === null)('kept digests', () => {
  let store: Store;
  let session: SqlSession;
  let writers: pg.Client[];
  let schema = 0;

  beforeAll(async () => {
    const database = await freshDatabase(url);
    ({ store, session } = database);
    writers = await Promise.all(
      [
        `SET DateStyle = 'German'; SET TimeZone = 'Asia/Kathmandu'`,
        `SET extra_float_digits = -5; SET IntervalStyle = 'iso_8601'; SET session_replication_role = replica`,
      ].map(async (settings) => {
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        await client.query(`${settings}; SET deadlock_timeout = '20ms'`);
        return client;
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(writers.map((client) => client.end()));
    await store.close();
  });

  /** A key of one whole number falls into buckets by blocks, another one by its hash. */
  let keyColumns: readonly string[];

  const input = (): DiffInput => ({
    batch: `w${schema}.batch_rows`,
    stream: `w${schema}.stream_rows`,
    key: keyColumns,
    rules: { columns: {} },
    today: '2026-01-01',
    unique: { batch: false, stream: true },
    limit: 1000,
  });

  const compared = (outcome: DiffOutcome): object => {
    const { plan: _plan, notes: _notes, kept: _kept, ...rest } = outcome;
    return rest;
  };

  /** In one snapshot: by the digests, and with all rows. Returns how the digests were used. */
  async function compareBoth(check = false): Promise<string> {
    return session.transaction(async () => {
      const kept = { digests: keptDigests, name: `w${schema}`, now: new Date(), fullEvery: DAY, check };
      const quick = await compareTables(session, store.dialect, { ...input(), kept });
      const full = await compareTables(session, store.dialect, input());
      expect(compared(quick)).toEqual(compared(full));
      return quick.kept?.how ?? 'none';
    });
  }

  /** A writer that truncates while an index is made waits for it, and it for the writer: which of them gives up is the server's choice. */
  async function installed(pair: KeptPair): Promise<void> {
    for (;;) {
      try {
        await keptDigests.install(session, pair, new Date());
        return;
      } catch (error) {
        if (!(error instanceof CutoverError) || error.code !== 'STORE_CONFLICT') throw error;
      }
    }
  }

  it('say at every moment what digesting the rows anew says, whatever was written and by however many', async () => {
    const used: string[] = [];
    let blocks = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(transaction, { maxLength: 8 }),
        fc.array(transaction, { maxLength: 8 }),
        fc.array(fc.constantFrom('compare', 'compact'), { maxLength: 3 }),
        fc.boolean(),
        async (first, second, meanwhile, whole) => {
          schema += 1;
          keyColumns = whole ? ['id'] : ['id', 'tag'];
          const unique = keyColumns.join(', ');
          await session.script(
            `CREATE SCHEMA w${schema};
             CREATE TABLE w${schema}.batch_rows (id BIGINT, tag TEXT, ratio DOUBLE PRECISION, seen TIMESTAMPTZ, days DATE[], span INTERVAL);
             CREATE TABLE w${schema}.stream_rows (LIKE w${schema}.batch_rows, PRIMARY KEY (${unique}));
             CREATE INDEX ON w${schema}.batch_rows (id);
             INSERT INTO w${schema}.batch_rows SELECT ${row('i', 1)} FROM generate_series(1, 20) g(i);
             INSERT INTO w${schema}.stream_rows SELECT * FROM w${schema}.batch_rows`,
          );
          for (const client of writers) await client.query(`SET search_path = w${schema}`);
          const pair = await keptPairOf(session, store.dialect, `w${schema}`, input());
          const busy = Promise.all([
            run(writers[0] as pg.Client, first, unique),
            run(writers[1] as pg.Client, second, unique),
          ]);
          await installed(pair);
          for (const step of meanwhile) {
            const record = await keptDigests.find(session, `w${schema}`);
            if (step === 'compare') await compareBoth();
            else if (record !== null) await keptDigests.compact(session, record);
          }
          await busy;
          // After a TRUNCATE they are not used until they are built anew; after that they are, and a check of all rows agrees.
          const how = await compareBoth();
          used.push(how);
          if ((await keptDigests.find(session, `w${schema}`))?.shift !== null) blocks += 1;
          if (how === 'unusable') await keptDigests.install(session, pair, new Date());
          expect(await compareBoth(true)).toBe('checked');
          const record = await keptDigests.find(session, `w${schema}`);
          if (record !== null) await keptDigests.compact(session, record);
          expect(await compareBoth(true)).toBe('checked');
          await run(writers[0] as pg.Client, second, unique);
          await compareBoth();
          await keptDigests.drop(session, `w${schema}`);
          await session.script(`DROP SCHEMA w${schema} CASCADE`);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(used).toContain('used');
    expect([blocks > 0, blocks < used.length]).toEqual([true, true]);
  }, 600_000);
});
