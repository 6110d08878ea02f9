import fc from 'fast-check';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { diffAcross, planAcross, type AcrossOutcome, type AcrossRequest } from '../../src/app/diff-across.js';
import type { AcrossSide } from '../../src/app/across-sides.js';
import type { KeySpread, SqlSession } from '../../src/store/contract.js';
import { PostgresSession } from '../../src/store/postgres/session.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { twoStores } from './two-stores.js';

const { url, problem } = inject('postgres');
const ROWS = 20_000;
const DENSE = `SELECT i, 'label ' || CAST(i % 50 AS text) FROM generate_series(1, ${ROWS}) AS g(i)`;
const CHANGES = `UPDATE t SET label = 'other' WHERE id IN (17, 18, 9000); DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (30000, 'new')`;
const CHANGED =
  '17 value_mismatch, 18 value_mismatch, 30000 missing_in_batch, 5 missing_in_stream, 9000 value_mismatch'.split(', ');

describe.skipIf(loudly('digests by ranges of the key', problem))('digests by ranges of the key', () => {
  const stores = twoStores();
  let batch: AcrossSide;
  let stream: AcrossSide;
  /** What each server was asked to send. */
  const sent: string[] = [];

  beforeAll(async () => {
    [batch, stream] = [await side(), await side()];
  });

  async function side(): Promise<AcrossSide> {
    const opened = await stores.postgres(await createDatabase(url ?? ''));
    const { session } = opened;
    if (!(session instanceof PostgresSession)) throw new Error('not a session of PostgreSQL');
    const copyOut = session.copyOut.bind(session);
    session.copyOut = (statement, take) => {
      sent.push(statement);
      return copyOut(statement, take);
    };
    return opened;
  }

  /** @param columns of the table `t`: `id`, `label`, and what there is besides */
  async function table({ session }: AcrossSide, columns: string, rows: string, more = ''): Promise<void> {
    await session.script(`DROP TABLE IF EXISTS t; CREATE TABLE t (${columns})`);
    await session.script(`INSERT INTO t ${rows}`);
    await session.script('ANALYZE t');
    if (more !== '') await session.script(more);
  }

  const request = (more: Partial<AcrossRequest> = {}): AcrossRequest =>
    stores.request(batch, stream, { place: 'digests_exchanged', ...more });

  async function diff(more: Partial<AcrossRequest> = {}): Promise<AcrossOutcome> {
    sent.length = 0;
    return diffAcross(request(more));
  }

  const found = ({ discrepancies }: AcrossOutcome, names = ['id']): string[] =>
    discrepancies.map(({ key, kind }) => `${names.map((name) => String(key[name])).join(' ')} ${kind}`).sort();

  const byIndex = (): boolean[] => sent.map((statement) => statement.includes('cutover_range'));

  const INDEXED = 'asked for; buckets are ranges of id, of which an index finds the rows';

  it.each([
    ['bigint', 'bigint'],
    ['integer', 'bigint'],
    ['smallint', 'integer'],
  ])('finds the rows of ranges that differ by an index: %s and %s', async (left, right) => {
    await table(batch, `id ${left} PRIMARY KEY, label text`, DENSE);
    await table(stream, `id ${right} PRIMARY KEY, label text`, DENSE, CHANGES);
    const outcome = await diff();
    expect(found(outcome)).toEqual(CHANGED);
    expect(outcome).toMatchObject({ batch_rows: ROWS, stream_rows: ROWS, matched: ROWS - 4, keys_compared: ROWS + 1 });
    expect(outcome.plan).toMatchObject({ place: 'digests_exchanged', place_reason: INDEXED, strategy: 'digest' });
    // 17 and 18 are neighbours, and 5 is near.
    expect(outcome.plan.differing_buckets).toBeLessThanOrEqual(4);
    expect(byIndex()).toEqual([true, true]);
  });

  it('plans in the same words, and reads no row for it', async () => {
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
    await table(stream, 'id bigint, label text', DENSE);
    const { plan } = await planAcross(request());
    expect(plan.reason).toBe('asked for; buckets are ranges of id, of which an index finds the rows on the batch side');
    const outcome = await diff();
    expect(outcome.plan.place_reason).toBe(plan.reason);
    expect(outcome).toMatchObject({ matched: ROWS, discrepancies: [] });
    expect(sent).toEqual([]);
  });

  it('takes a filter into account', async () => {
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
    await table(stream, 'id bigint PRIMARY KEY, label text', DENSE, CHANGES);
    const filter = 'id < 9000 -- not all';
    const outcome = await diff({ batch: { ...batch, filter }, stream: { ...stream, filter } });
    expect(found(outcome)).toEqual(['17 value_mismatch', '18 value_mismatch', '5 missing_in_stream']);
    expect(outcome).toMatchObject({ batch_rows: 8999, stream_rows: 8998, matched: 8996 });
    expect(byIndex()).toEqual([true, true]);
  });

  it.each([
    ['no index', 'id bigint, label text', '', false],
    ['rows in another order', 'id bigint PRIMARY KEY, label text', ' ORDER BY sin(i)', false],
    ['rows in descending order', 'id bigint PRIMARY KEY, label text', ' ORDER BY i DESC', true],
  ])('reads a side again that has %s', async (_, columns, order, led) => {
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
    await table(stream, columns, DENSE + order, CHANGES);
    expect(found(await diff())).toEqual(CHANGED);
    expect(byIndex().sort()).toEqual([led, true]);
  });

  it.each([
    ['was not analyzed', 'bigint', `DELETE FROM pg_statistic WHERE starelid = CAST('t' AS regclass)`],
    ['has texts for keys', 'text', ''],
    ['has decimals for keys', 'numeric', ''],
  ])('takes a hash of the key where a table %s', async (_, type, more) => {
    const rows = DENSE.replace('SELECT i', `SELECT CAST(i AS ${type})`);
    for (const one of [batch, stream]) await table(one, `id ${type} PRIMARY KEY, label text`, rows, more);
    await stream.session.script(`DELETE FROM t WHERE id = CAST(5 AS ${type})`);
    const outcome = await diff();
    expect(found(outcome)).toEqual(['5 missing_in_stream']);
    expect(outcome.plan.place_reason).toBe('asked for');
    expect(byIndex()).toEqual([false, false]);
  });

  it('takes fewer buckets of a hash where rows need not go far', async () => {
    for (const one of [batch, stream])
      await table(one, 'id text PRIMARY KEY, label text', DENSE.replace('SELECT i', 'SELECT CAST(i AS text)'));
    const many = (side: AcrossSide): AcrossSide => ({
      ...side,
      relation: '(SELECT t.* FROM t, generate_series(1, 200))',
    });
    const asked = request({ batch: many(batch), stream: many(stream) });
    expect((await planAcross(asked)).plan.buckets).toBe(16_384);
    expect((await planAcross({ ...asked, network: 'remote' })).plan.buckets).toBe(32_768);
  });

  it('matches keys of texts whose columns have different collations', async () => {
    await table(batch, 'id text COLLATE "C" PRIMARY KEY, label text', DENSE.replace('SELECT i', `SELECT 'Ä' || i`));
    await table(
      stream,
      'id text COLLATE "und-x-icu" PRIMARY KEY, label text',
      DENSE.replace('SELECT i', `SELECT CASE WHEN i = 7 THEN 'ä' ELSE 'Ä' END || i`),
    );
    expect(found(await diff())).toEqual(['Ä7 missing_in_stream', 'ä7 missing_in_batch']);
  });

  it('makes ranges of the first column of a compound key that has enough values', async () => {
    const rows = `SELECT i % 3, i, 'label' FROM generate_series(1, ${ROWS}) AS g(i)`;
    const columns = 'shop int, id bigint, label text, PRIMARY KEY (shop, id)';
    await table(batch, columns, rows, 'CREATE INDEX ON t (id)');
    await table(stream, columns, rows, `UPDATE t SET shop = 7 WHERE id = 9; UPDATE t SET label = NULL WHERE id = 99`);
    const outcome = await diff({ key: ['shop', 'id'] });
    expect(found(outcome, ['shop', 'id'])).toEqual([
      '0 9 missing_in_stream',
      '0 99 value_mismatch',
      '7 9 missing_in_batch',
    ]);
    expect(outcome.plan.place_reason).toContain('; buckets are ranges of id');
    expect(byIndex()).toContain(true);
    expect(byIndex()).toContain(false);
  });

  it('finds NULL and duplicate keys, also in ranges that are equal', async () => {
    const more = `INSERT INTO t VALUES (7, 'a'), (NULL, 'b'); CREATE INDEX ON t (id)`;
    await table(batch, 'id bigint, label text', DENSE, more);
    await table(stream, 'id bigint, label text', DENSE, more);
    const outcome = await diff();
    expect(outcome).toMatchObject({ keys_compared: ROWS, matched: ROWS - 1, duplicate_key: 1, null_key: 2 });
    expect(outcome.plan.place_reason).toBe(
      `${INDEXED}; for those that differ all of the batch side and of the stream side was read again`,
    );
    expect(byIndex()).toEqual([false, false]);
  });

  it('is exact where what is known of a table is no longer so', async () => {
    const moved = `UPDATE t SET id = -9223372036854775807 - 1 WHERE id = 1; UPDATE t SET id = 9223372036854775807 WHERE id = 2;
      UPDATE t SET id = -id WHERE id BETWEEN 3 AND 10000`;
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE, moved);
    await table(stream, 'id bigint PRIMARY KEY, label text', DENSE, `${moved}; DELETE FROM t WHERE id IN (-4, -9000)`);
    await stream.session.script(`UPDATE t SET label = '' WHERE id < -9223372036854775807`);
    expect(found(await diff())).toEqual([
      '-4 missing_in_stream',
      '-9000 missing_in_stream',
      '-9223372036854775808 value_mismatch',
    ]);
    // From end to end there are too many ranges to look up.
    expect(byIndex()).toEqual([false, false]);
  });

  it('finds rows that only one side has', async () => {
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
    await table(stream, 'id bigint PRIMARY KEY, label text', DENSE, 'DELETE FROM t WHERE id > 16000');
    expect(await diff()).toMatchObject({ matched: 16_000, missing_in_stream: 4000, stream_rows: 16_000 });
    const [some, none] = [{ filter: 'id < 9' }, { filter: 'id < 0' }];
    const outcome = await diff({ batch: { ...batch, ...some }, stream: { ...stream, ...none } });
    expect(outcome).toMatchObject({ missing_in_stream: 8, stream_rows: 0 });
  });

  it('holds what an index finds against what was digested', async () => {
    await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
    await table(stream, 'id bigint PRIMARY KEY, label text', DENSE, CHANGES);
    const query = stream.session.query.bind(stream.session);
    // One row of a bucket is digested that is not found again.
    stream.session.query = async (...args) => {
      const rows = await query(...args);
      if (!args[0].includes('GROUP BY bucket')) return rows;
      return rows.map((row, index) => (index === 0 ? { ...row, n: Number(row['n']) + 1 } : row));
    };
    try {
      await expect(diff()).rejects.toMatchObject({ code: 'INTERNAL' });
    } finally {
      stream.session.query = query;
    }
  });

  describe('where no key can stand twice', () => {
    const asked: string[] = [];
    /** A side that tells what it is asked to digest. */
    const unique = (one: AcrossSide): AcrossSide => ({
      ...one,
      unique: true,
      session: new Proxy(one.session, {
        get: (session, name) => {
          const value: unknown = Reflect.get(session, name, session);
          if (typeof value !== 'function') return value;
          if (name !== 'query') return value.bind(session) as unknown;
          return (...args: Parameters<SqlSession['query']>) => {
            if (args[0].includes('cutover_hashed'))
              asked.push(/GROUP BY/.test(args[0]) ? 'buckets' : /cutover_range/.test(args[0]) ? 'probe' : 'all');
            return session.query(...args);
          };
        },
      }),
    });
    const compare = (more: Partial<AcrossRequest> = {}): Promise<AcrossOutcome> => {
      asked.length = 0;
      return diff({ batch: unique(batch), stream: unique(stream), ...more });
    };

    it.each([
      ['nothing', '', 'all,all,probe,probe'],
      ['a row', `UPDATE t SET label = '' WHERE id = 3`, 'all,all,buckets,buckets,probe,probe'],
      ['rows everywhere', 'UPDATE t SET label = id WHERE id % 10 = 0', 'buckets,buckets,probe,probe'],
      ['a new row', `INSERT INTO t VALUES (20001, '')`, 'all,all,buckets,buckets,probe,probe'],
      ['the last row', 'DELETE FROM t WHERE id = 20000', 'buckets,buckets,probe,probe'],
    ])('asks for buckets only where something differs: %s', async (_, change, expected) => {
      await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
      await table(stream, 'id bigint PRIMARY KEY, label text', DENSE, change);
      const outcome = await compare();
      const { plan: __, timing: ___, ...own } = outcome;
      expect(asked.sort().join()).toBe(expected);
      expect(sent.length === 0).toBe(change === '');
      const { plan: ____, timing: _____, ...pulled } = await compare({ place: 'pulled' });
      expect(own).toEqual(pulled);
      if (change !== '') return;
      expect(outcome).toMatchObject({ batch_rows: ROWS, stream_rows: ROWS, keys_compared: ROWS, matched: ROWS });
      expect(outcome.plan).toMatchObject({
        place_reason: `${INDEXED}; all rows are digested as one first`,
        buckets: 1,
        differing_buckets: 0,
      });
    });

    it('digests all rows as one without an index too, and once where they are a part', async () => {
      for (const one of [batch, stream])
        await table(one, 'id text PRIMARY KEY, label text', DENSE.replace('SELECT i', 'SELECT CAST(i AS text)'));
      expect(await compare()).toMatchObject({ matched: ROWS, discrepancies: [] });
      expect(asked).toEqual(['all', 'all']);
      await Promise.all([batch, stream].map(({ session }) => session.script('BEGIN')));
      expect(await compare({ held: true })).toMatchObject({ matched: ROWS, discrepancies: [] });
      await Promise.all([batch, stream].map(({ session }) => session.script('ROLLBACK')));
      expect(asked).toEqual(['buckets', 'buckets']);
    });

    it('finds a key that is NULL on the side where keys may be', async () => {
      await table(batch, 'id bigint PRIMARY KEY, label text', DENSE);
      await table(stream, 'id bigint, label text', DENSE, `INSERT INTO t VALUES (NULL, 'a')`);
      expect(await compare({ stream })).toMatchObject({ matched: ROWS, null_key: 1, keys_compared: ROWS });
    });
  });

  it('agrees with a comparison of all rows, whatever the keys', { timeout: 300_000 }, async () => {
    const ends = [-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 31n), 2n ** 32n, 0n, -1n];
    const key = fc.oneof(
      fc.bigInt({ min: -40n, max: 40n }),
      fc.constantFrom(...ends),
      fc.bigInt({ min: ends[0] ?? 0n, max: ends[1] ?? 0n }),
    );
    const row = fc.record({ id: fc.option(key, { freq: 8 }), label: fc.option(fc.constantFrom('', 'a', 'b')) });
    const tables = fc.record({
      same: fc.array(row, { maxLength: 40 }),
      left: fc.array(row, { maxLength: 5 }),
      right: fc.array(row, { maxLength: 5 }),
      bounds: fc.uniqueArray(key, { minLength: 2, maxLength: 5 }),
      rows: fc.integer({ min: 1, max: 1_000_000 }),
      led: fc.boolean(),
      unique: fc.boolean(),
    });
    for (const one of [batch, stream]) {
      await table(one, 'id bigint, label text', DENSE, 'CREATE INDEX ON t (id)');
      // Tables are so small that the planner would read them whole.
      await one.session.script('SET enable_seqscan = off; SET enable_bitmapscan = off');
    }
    let looked = 0;
    await fc.assert(
      fc.asyncProperty(tables, async ({ same, left, right, bounds, rows, led, unique }) => {
        const spread: KeySpread = {
          rows,
          bounds: [...bounds].sort((a, b) => (a < b ? -1 : 1)).map(String),
          most: 0,
          led,
        };
        const known = (one: AcrossSide): AcrossSide => ({
          ...one,
          unique,
          dialect: {
            ...one.dialect,
            keyRanges: one.dialect.keyRanges && { ...one.dialect.keyRanges, spread: () => Promise.resolve(spread) },
          },
        });
        for (const [one, own] of [
          [batch, left],
          [stream, right],
        ] as const) {
          await one.session.script('DELETE FROM t');
          const keys = new Set<bigint | null>([null]);
          for (const { id, label } of [...same, ...own]) {
            if (unique && keys.has(id)) continue;
            keys.add(id);
            await one.session.run('INSERT INTO t VALUES (CAST($1 AS BIGINT), $2)', [id?.toString() ?? null, label]);
          }
        }
        const digested = await diff({ batch: known(batch), stream: known(stream) });
        looked += byIndex().filter(Boolean).length;
        const pulled = await diff({ place: 'pulled' });
        const { plan: _, timing: __, ...all } = pulled;
        const { plan: ___, timing: ____, ...own } = digested;
        expect(own).toEqual(all);
      }),
      { numRuns: 60 },
    );
    expect(looked).toBeGreaterThan(0);
  });
});
