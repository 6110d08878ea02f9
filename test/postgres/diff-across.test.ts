import { readdirSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { diffAcross, planAcross, type AcrossOutcome } from '../../src/app/diff-across.js';
import type { AcrossSide } from '../../src/app/across-sides.js';
import type { Duration } from '../../src/model/duration.js';
import { createDatabase } from '../parts/postgres.js';
import { PostgresProxy } from '../parts/proxy.js';
import { loudly } from '../parts/require.js';
import { twoStores } from './two-stores.js';

const { url, problem } = inject('postgres');
const ROWS = 3000;
const TYPES = { id: 'bigint', amount: 'numeric(18,2)', seen: 'timestamptz', label: 'text' } as const;

/** The same rows in either store. */
function rowsSql(rows = ROWS): string {
  return `SELECT i AS id, CAST((i * 31) % 1000 AS numeric(18,2)) / 4 AS amount,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL '1 second' AS seen, 'label ' || CAST(i % 50 AS text) AS label
    FROM generate_series(1, ${rows}) AS g(i)`;
}

const CHANGES = `
  UPDATE t SET amount = amount + 0.01 WHERE id IN (17, 1800);
  UPDATE t SET label = NULL WHERE id = 18;
  DELETE FROM t WHERE id IN (5, 6);
  INSERT INTO t VALUES (100001, 1, NULL, 'new');`;

describe.skipIf(loudly('tables in two stores', problem))('tables in two stores', () => {
  const stores = twoStores();
  let databases: string[];
  beforeAll(async () => {
    databases = [await createDatabase(url ?? ''), await createDatabase(url ?? '')];
  });

  const postgres = (database: number): Promise<AcrossSide> => stores.postgres(databases[database] ?? '');
  const here = stores.here.bind(stores);
  const request = stores.request.bind(stores);

  async function table(side: AcrossSide, name: string, more = '', rows = ROWS): Promise<void> {
    const columns = Object.entries(TYPES).map(([column, type]) => `${column} ${type}`);
    await side.session.script(`DROP TABLE IF EXISTS ${name}`);
    await side.session.script(`CREATE TABLE ${name} (${columns.join(', ')})`);
    await side.session.script(`INSERT INTO ${name} ${rowsSql(rows)}`);
    if (more !== '') await side.session.script(more);
    if (side.dialect.kind === 'postgres') await side.session.script(`ANALYZE ${name}`);
  }

  const found = ({ discrepancies }: AcrossOutcome): string[] =>
    discrepancies.map(({ key, kind, columns }) => `${String(key['id'])} ${kind} ${Object.keys(columns).join()}`);

  const CHANGED = [
    '5 missing_in_stream amount,seen,label',
    '6 missing_in_stream amount,seen,label',
    '17 value_mismatch amount',
    '18 value_mismatch label',
    '1800 value_mismatch amount',
    '100001 missing_in_batch amount,seen,label',
  ];

  describe.each(['pulled', 'digests_exchanged'] as const)('%s', (place) => {
    describe.each(['two servers', 'PostgreSQL and DuckDB', 'DuckDB and PostgreSQL'])('%s', (kind) => {
      let batch: AcrossSide;
      let stream: AcrossSide;
      beforeEach(async () => {
        batch = kind === 'DuckDB and PostgreSQL' ? here('t') : await postgres(0);
        stream = kind === 'PostgreSQL and DuckDB' ? here('t') : await postgres(1);
        await table(batch, 't');
      });

      it('says that equal tables are equal', async () => {
        await table(stream, 't');
        const outcome = await diffAcross(request(batch, stream, { place }));
        expect(outcome).toMatchObject({
          batch_rows: ROWS,
          stream_rows: ROWS,
          keys_compared: ROWS,
          matched: ROWS,
          mismatch_rate: 0,
          discrepancies: [],
          lossy: [],
          plan: {
            place,
            // The key of the server's side is known to be whole numbers without gaps.
            place_reason: place === 'pulled' ? 'asked for' : 'asked for; buckets are ranges of id',
          },
          alignment: { method: 'as_read', exact: false },
        });
        expect(outcome.plan.candidates).toBe(0);
        expect(outcome.plan.differing_buckets).toBe(place === 'pulled' ? undefined : 0);
      });

      it('finds what differs, and counts the rest exactly', async () => {
        await table(stream, 't', CHANGES);
        const outcome = await diffAcross(request(batch, stream, { place }));
        expect(found(outcome).sort()).toEqual([...CHANGED].sort());
        expect(outcome).toMatchObject({
          batch_rows: ROWS,
          stream_rows: ROWS - 1,
          keys_compared: ROWS + 1,
          matched: ROWS - 5,
          missing_in_stream: 2,
          missing_in_batch: 1,
          value_mismatch: 3,
          mismatch_rate: 6 / (ROWS + 1),
        });
        if (place === 'digests_exchanged') expect(outcome.plan.differing_buckets).toBeLessThanOrEqual(6);
      });

      it('finds duplicate and NULL keys, also those that both sides have', async () => {
        const both = `INSERT INTO t VALUES (7, 1, NULL, 'a'), (7, 1, NULL, 'a'), (NULL, 2, NULL, 'b')`;
        await table(batch, 't', both);
        await table(stream, 't', both);
        const outcome = await diffAcross(request(batch, stream, { place }));
        expect(outcome).toMatchObject({ keys_compared: ROWS, matched: ROWS - 1, duplicate_key: 1, null_key: 2 });
        expect(outcome.mismatch_rate).toBe(3 / (ROWS + 2));
      });

      it('takes rules and filters into account', async () => {
        await table(stream, 't', CHANGES);
        const filtered = (side: AcrossSide): AcrossSide => ({ ...side, filter: 'id < 1000 -- not all' });
        const outcome = await diffAcross(
          request(filtered(batch), filtered(stream), {
            place,
            rules: { columns: { amount: { absolute: '0.05' }, label: { ignore: true } } },
          }),
        );
        expect(found(outcome).sort()).toEqual(['5 missing_in_stream amount,seen', '6 missing_in_stream amount,seen']);
        expect(outcome).toMatchObject({ batch_rows: 999, stream_rows: 997, matched: 996, tolerated: 1 });
        expect(outcome.notes).toContain('column label is ignored by its rule');
      });

      it('compares empty tables', async () => {
        await table(batch, 't', '', 0);
        await table(stream, 't', '', 0);
        const outcome = await diffAcross(request(batch, stream, { place }));
        expect(outcome).toMatchObject({ keys_compared: 0, mismatch_rate: 0 });
      });
    });
  });

  it('sends all rows where digests find that most differ', async () => {
    const [batch, stream] = [await postgres(0), here('t')];
    await table(batch, 't');
    await table(stream, 't', `UPDATE t SET label = 'other'`);
    const outcome = await diffAcross(request(batch, stream, { place: 'digests_exchanged' }));
    expect(outcome).toMatchObject({ value_mismatch: ROWS, matched: 0, plan: { place: 'pulled' } });
    expect(outcome.plan.place_reason).toMatch(
      /^asked for; buckets are ranges of id; digests found \d+ of 1024 buckets to differ/,
    );
  });

  it('reads each side in one snapshot, whatever is committed meanwhile', async () => {
    const [batch, stream] = [await postgres(0), await postgres(1)];
    await table(batch, 't');
    await table(stream, 't', CHANGES);
    const writer = await postgres(1);
    const query = stream.session.query.bind(stream.session);
    // Between the digests and the rows of the buckets that differ.
    stream.session.query = async (...args) => {
      const rows = await query(...args);
      if (args[0].includes('GROUP BY bucket')) await writer.session.run(`UPDATE t SET label = 'late' WHERE id < 2000`);
      return rows;
    };
    const outcome = await diffAcross(request(batch, stream, { place: 'digests_exchanged' }));
    expect(found(outcome).sort()).toEqual([...CHANGED].sort());
  });

  it('names what is compared by its text; a list within a list is no list of one dimension', async () => {
    const [batch, stream] = [await postgres(0), here('odd')];
    await batch.session.script(
      `DROP TABLE IF EXISTS odd; CREATE TABLE odd (id int, net inet, tags text[]); INSERT INTO odd VALUES (1, '10.0.0.1', '{a}')`,
    );
    await stores.work.script(`CREATE OR REPLACE TABLE odd AS SELECT 1 AS id, '10.0.0.1' AS net, ['a'] AS tags`);
    const odd = { ...batch, relation: 'odd' };
    const outcome = await diffAcross(request(odd, stream));
    expect(outcome).toMatchObject({ matched: 1, lossy: ['net: inet compared by its text'] });
    await batch.session.script(`UPDATE odd SET tags = '{{a}}'`);
    expect(await diffAcross(request(odd, stream))).toMatchObject({ matched: 0, value_mismatch: 1 });
    // The session is of use afterwards.
    expect(await batch.session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('compares odd values of one type on two servers by their texts', async () => {
    const sides = [await postgres(0), await postgres(1)] as const;
    for (const { session } of sides)
      await session.script(
        `DROP TABLE IF EXISTS odd; CREATE TABLE odd (id int, net inet, tags text[], span interval, amount numeric);
         INSERT INTO odd VALUES (1, '10.0.0.1', '{{a,b}}', '1 mon', 'NaN'), (2, '::1', '{}', '30 days', 1e60), (3, NULL, NULL, NULL, NULL)`,
      );
    await sides[1].session.script(
      `UPDATE odd SET tags = '{a,b}' WHERE id = 1; UPDATE odd SET amount = amount + 1 WHERE id = 2`,
    );
    for (const place of ['pulled', 'digests_exchanged'] as const) {
      const outcome = await diffAcross(
        request({ ...sides[0], relation: 'odd' }, { ...sides[1], relation: 'odd' }, { place }),
      );
      expect(found(outcome)).toEqual(['1 value_mismatch tags', '2 value_mismatch amount']);
    }
  });

  it('compares times later than the last of DuckDB by their texts, as values and as keys', async () => {
    const sides = [await postgres(0), await postgres(1)] as const;
    for (const { session } of sides)
      await session.script(
        `DROP TABLE IF EXISTS odd; CREATE TABLE odd (at timestamptz, seen timestamp, day date, many timestamp[], amount numeric(9,2), tags text[]);
         INSERT INTO odd VALUES ('294276-12-31 23:59:59.999999+00', '294247-01-10 04:00:54.775807', '5874897-12-31', '{294276-12-31,NULL}', 'NaN', '{{a}}'),
           ('0044-03-15 12:00:00+00 BC', '294276-12-31 23:59:59.999998', '4713-01-01 BC', '{}', 1, '{b}'),
           ('infinity', '-infinity', 'infinity', '{infinity}', 2, '{}'), ('2024-01-01 00:00:00+00', NULL, NULL, NULL, NULL, NULL)`,
      );
    await sides[1].session.script(
      `UPDATE odd SET seen = seen + interval '1 us' WHERE amount = 1; UPDATE odd SET at = at - interval '1 us' WHERE amount = 'NaN';
       UPDATE odd SET many = '{NULL}' WHERE amount = 2`,
    );
    const [batch, stream] = sides.map((side) => ({ ...side, relation: 'odd' })) as [AcrossSide, AcrossSide];
    for (const place of ['pulled', 'digests_exchanged'] as const) {
      const outcome = await diffAcross({ ...request(batch, stream, { place }), key: ['at'] });
      expect(outcome.discrepancies.map(({ kind, key, columns }) => [kind, key['at'], Object.keys(columns)])).toEqual([
        ['value_mismatch', '0044-03-15 (BC) 12:00:00.000000', ['seen']],
        ['missing_in_batch', '294276-12-31 23:59:59.999998', expect.anything()],
        ['missing_in_stream', '294276-12-31 23:59:59.999999', expect.anything()],
        ['value_mismatch', 'infinity', ['many']],
      ]);
      const within = { columns: { seen: { within: 1 as Duration } } };
      const tolerant = await diffAcross({ ...request(batch, stream, { place }), key: ['at'], rules: within });
      expect(tolerant).toMatchObject({ matched: 1, tolerated: 1 });
    }
    await stores.work.script(`CREATE OR REPLACE TABLE odd AS SELECT 1 AS amount, TIMESTAMP '2024-01-01' AS seen
      UNION ALL SELECT 2, TIMESTAMP '-infinity'`);
    const outcome = await diffAcross({
      ...request({ ...batch, relation: '(SELECT amount, seen FROM odd)' }, here('odd')),
      key: ['amount'],
    });
    expect(outcome).toMatchObject({ matched: 1, value_mismatch: 1, missing_in_stream: 1, null_key: 1 });
  });

  it.each(['PostgreSQL', 'DuckDB'])(
    'says what differences have in common of all rows, whether they were sent or not: against %s',
    async (other) => {
      const batch = await postgres(0);
      const stream = other === 'DuckDB' ? here('t') : await postgres(1);
      await table(batch, 't');
      // Every row of a label differs, and of an hour some are missing.
      await table(
        stream,
        't',
        `UPDATE t SET amount = amount + 0.25 WHERE label = 'label 7'; DELETE FROM t WHERE id BETWEEN 1000 AND 1020`,
      );
      const profiles = [];
      for (const place of ['pulled', 'digests_exchanged'] as const) {
        const outcome = await diffAcross(request(batch, stream, { place, profile: { sums: true } }));
        expect(outcome).toMatchObject({ plan: { place }, value_mismatch: 59, missing_in_stream: 21 });
        profiles.push(outcome.profile);
      }
      const [pulled, digested] = profiles;
      expect(digested).toEqual(pulled);
      expect(digested).toMatchObject({
        columns: [{ column: 'amount', smallest: '0.25', sums: { equal: false } }],
        ranges: [{ column: 'id', from: '1000', to: '1020', side_from: '1', side_to: String(ROWS) }, {}],
      });
      expect(digested?.concentrations).toContainEqual(
        expect.objectContaining({ column: 'label', value: 'label 7', share: 1, base_share: 60 / ROWS }),
      );
    },
  );

  it('plans without reading rows', async () => {
    const [batch, stream] = [await postgres(0), here('t')];
    await table(batch, 't');
    await table(stream, 't');
    const planned = await planAcross(request(batch, stream));
    expect(planned).toMatchObject({ batch: { rows: ROWS, away: true }, stream: { rows: ROWS, width: 0, away: false } });
    expect(planned.plan).toEqual({
      place: 'pulled',
      reason: `small tables: about ${ROWS} rows, digests pay from 50000 on`,
      buckets: 1024,
    });
  });

  /**
   * @param batch a side whose `t` has the rows of the embedded store's
   * @param pause seconds that the server takes for each row
   */
  async function diffSlowly(batch: AcrossSide, pause: number): Promise<AcrossOutcome> {
    const slow = { ...batch, relation: `(SELECT t.*, CAST(pg_sleep(${pause}) AS text) AS slept FROM t)` };
    await stores.work.script(`CREATE OR REPLACE TABLE slept AS SELECT *, '' AS slept FROM t`);
    return diffAcross(request(slow, here('slept')));
  }

  /** The error of such a comparison, in the middle of which something happens. */
  async function disturbed(batch: AcrossSide, pause: number, what: () => unknown): Promise<unknown> {
    const running = diffSlowly(batch, pause).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await what();
    return running;
  }

  it('ends with a clear error when a statement takes too long', async () => {
    const [batch, stream] = [await postgres(0), here('t')];
    await table(batch, 't');
    await table(stream, 't');
    await batch.session.script(`SET statement_timeout = 200`);
    await expect(diffSlowly(batch, 0.01)).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
  });

  it('ends with a clear error when the connection is lost in the middle, and leaves no file', async () => {
    const proxy = await PostgresProxy.before(databases[0] ?? '');
    const batch = await stores.postgres(proxy.url);
    await table(await postgres(0), 't');
    await table(here('t'), 't');
    expect(await disturbed(batch, 0.001, () => proxy.close())).toMatchObject({ code: 'STORE_CONNECTION_LOST' });
    expect(readdirSync(stores.folder).filter((name) => name.startsWith('cutover-rows'))).toEqual([]);
  });

  it('ends with a clear error when the connection goes silent in the middle', { timeout: 120_000 }, async () => {
    const proxy = await PostgresProxy.before(databases[0] ?? '');
    const batch = await stores.postgres(proxy.url);
    await table(await postgres(0), 't');
    await table(here('t'), 't');
    // New connections work: by one of them the server says that it is no longer at work on this.
    const error = await disturbed(batch, 0.001, () => proxy.silence());
    expect(error).toMatchObject({ code: 'STORE_CONNECTION_LOST' });
    await proxy.close();
  });

  it('can be interrupted', async () => {
    const batch = await postgres(0);
    await table(batch, 't');
    await table(here('t'), 't');
    const error = await disturbed(batch, 0.01, () => batch.session.interrupt());
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(await batch.session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
