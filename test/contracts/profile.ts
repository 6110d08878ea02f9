import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import type { DiffProfile } from '../../src/model/diff-report.js';
import type { SqlSession, Store } from '../../src/store/contract.js';

/** Rows of 400 days, 50 a day: ids from 1 on, in the order of the days. */
const ROWS = 20_000;

/** The profile of a comparison, as every store must tell it. */
export function profileSuite(name: string, open: () => Promise<Store>): void {
  describe(`profile of differences in ${name}`, () => {
    let store: Store;
    let session: SqlSession;
    beforeAll(async () => {
      store = await open();
      session = await store.session();
      await session.searchPath([store.kind === 'duckdb' ? 'main' : 'public']);
      const series = store.kind === 'duckdb' ? `range(1, ${ROWS + 1}) r(i)` : `generate_series(1, ${ROWS}) AS r(i)`;
      await session.script(`CREATE TABLE base AS SELECT CAST(i AS BIGINT) AS id,
        CASE WHEN i % 10 = 0 THEN 'US-' ELSE 'EU-' END || i AS code,
        CAST(DATE '2000-03-01' + CAST(i / 50 AS INTEGER) AS DATE) AS event_date,
        CAST(TIMESTAMP '2000-03-01 00:00:00' + i * INTERVAL '30 minutes' AS TIMESTAMP WITH TIME ZONE) AS seen_at,
        CASE WHEN i % 5 = 0 THEN 'click' ELSE 'view' END AS event_type,
        'eu' AS region, CAST(i AS DECIMAL(18,2)) AS amount, CAST(i AS DOUBLE PRECISION) AS score FROM ${series}`);
    });
    afterAll(() => store.close());
    beforeEach(() =>
      session.script('DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y; CREATE TABLE x AS SELECT * FROM base'),
    );

    async function profile(stream: string, options: Partial<DiffInput> = {}): Promise<DiffProfile> {
      await session.script(`CREATE TABLE y AS ${stream}`);
      const outcome = await compare(options);
      if (outcome.profile === undefined) throw new Error('no profile');
      return outcome.profile;
    }

    function compare(options: Partial<DiffInput>): Promise<DiffOutcome> {
      return session.transaction(() =>
        compareTables(session, store.dialect, {
          batch: 'x',
          stream: 'y',
          key: ['id'],
          rules: { columns: {} },
          today: '2026-01-01',
          unique: { batch: false, stream: false },
          limit: 3,
          profile: { sums: false },
          ...options,
        }),
      );
    }

    const told = ({ concentrations }: DiffProfile): string[] =>
      concentrations.map(({ kind, side, column, by, value, discrepancies, at_least: atLeast }) =>
        [kind, side ?? 'both', column, by, value ?? 'NULL', `${atLeast ? '>=' : ''}${discrepancies}`].join(' '),
      );

    const changed = (condition: string, value: string): string =>
      `SELECT id, code, event_date, seen_at, event_type, region, CASE WHEN ${condition} THEN ${value} ELSE amount END AS amount, score FROM x`;

    it('tells the day on which nearly all mismatches lie, by a column that is no key', async () => {
      const { columns, concentrations, ranges } = await profile(
        changed(`event_date = DATE '2001-01-01' OR id IN (7, 9)`, 'amount + 0.5'),
      );
      const day = concentrations.find(({ column }) => column === 'event_date');
      expect(day).toMatchObject({
        kind: 'value_mismatch',
        by: 'value',
        value: '2001-01-01',
        side: null,
        at_least: false,
      });
      expect(day?.share).toBeGreaterThan(0.9);
      expect(day?.base_share).toBeCloseTo(50 / ROWS, 3);
      // Where the days are, the times are as well.
      expect(new Set(concentrations.map(({ column }) => column))).toEqual(new Set(['event_date', 'seen_at']));
      expect(columns).toEqual([
        {
          column: 'amount',
          mismatched: day === undefined ? 0 : day.discrepancies + 2,
          tolerated: 0,
          unsized: 0,
          unit: null,
          smallest: '0.5',
          median: '0.5',
          median_error: 0,
          largest: '0.5',
          histogram: [{ from: '0.5', to: '1', count: (day?.discrepancies ?? 0) + 2 }],
          sums: null,
        },
      ]);
      expect(ranges).toEqual([]);
    });

    it('tells nothing of differences that lie anywhere, though most rows have one type and all one region', async () => {
      const { concentrations } = await profile(changed('id % 37 = 0', 'amount + 1'));
      expect(concentrations).toEqual([]);
    });

    it('tells a prefix of the key, and in whose rows NULL stands', async () => {
      const all = await profile(changed(`id % 50 = 0 AND code LIKE 'US-%'`, 'NULL'), { key: ['code'] });
      expect(told(all)).toContain('value_mismatch both code prefix US- 400');
      expect(told(all)).toContain('value_mismatch stream amount value NULL 400');
      expect(all.columns[0]).toMatchObject({
        column: 'amount',
        mismatched: 400,
        unsized: 400,
        median: null,
        histogram: [],
      });
    });

    it('says between what missing keys lie, held against the side that has them', async () => {
      const { ranges, concentrations } = await profile(
        `SELECT * FROM x WHERE id NOT BETWEEN 10000 AND 10199 UNION ALL SELECT -id, code, event_date, seen_at, event_type, region, amount, score FROM x WHERE id <= 3`,
      );
      expect(ranges).toContainEqual({
        kind: 'missing_in_stream',
        column: 'id',
        from: '10000',
        to: '10199',
        side_from: '1',
        side_to: String(ROWS),
      });
      expect(ranges).toContainEqual(
        expect.objectContaining({ kind: 'missing_in_batch', column: 'id', from: '-3', to: '-1', side_from: '-3' }),
      );
      const dates = ranges.find(({ kind, column }) => kind === 'missing_in_stream' && column === 'event_date');
      expect(dates?.from.slice(0, 7)).toBe('2000-09');
      expect(concentrations.every(({ share, base_share: base }) => share > base)).toBe(true);
      expect(concentrations.some(({ column }) => column === 'region')).toBe(false);
    });

    it('asks each side by its own names, under conditions that end with a comment, of all rows though a part is compared', async () => {
      await session.script('DROP TABLE IF EXISTS y');
      const { concentrations, ranges, columns } = await profile(
        `SELECT id, code, event_date AS happened_on, seen_at, event_type, region,
           CASE WHEN event_date = DATE '2001-01-01' THEN NULL ELSE amount END AS price, score FROM x
         WHERE id < 19000`,
        {
          rules: {
            columns: {},
            map: { event_date: 'happened_on', amount: 'price' },
            where: { batch: 'id > 0 -- all', stream: 'id > 0 -- all' },
          },
          profile: { sums: true },
          sample: 0.5,
        },
      );
      expect(concentrations).toContainEqual(
        expect.objectContaining({
          column: 'amount',
          side: 'stream',
          value: null,
          base_share: expect.closeTo(50 / 18_999, 3) as number,
        }),
      );
      expect(ranges).toContainEqual(
        expect.objectContaining({ kind: 'missing_in_stream', column: 'event_date', side_from: '2000-03-01' }),
      );
      const sums = columns.find(({ column }) => column === 'amount')?.sums;
      expect(sums).toMatchObject({ batch: String((ROWS * (ROWS + 1)) / 2), equal: false });
    });

    it('adds up numbers exactly where it is asked to, whether they differ or not', async () => {
      const { columns } = await profile(changed('id = 5', 'amount + 1000000000000.01'), { profile: { sums: true } });
      const sum = String((ROWS * (ROWS + 1)) / 2);
      expect(columns.map(({ column, sums }) => [column, sums])).toEqual([
        ['amount', { batch: sum, stream: `${BigInt(sum) + 1_000_000_000_000n}.01`, equal: false }],
      ]);
      const equal = await session
        .script('DROP TABLE y')
        .then(() => profile('SELECT * FROM x', { profile: { sums: true } }));
      expect(equal.columns.map(({ column, sums }) => [column, sums])).toEqual([
        ['amount', { batch: sum, stream: sum, equal: true }],
      ]);
    });

    it('has no sum of what is no number', async () => {
      await session.script(
        `ALTER TABLE x ALTER COLUMN amount TYPE ${store.kind === 'duckdb' ? 'DECIMAL(38,2)' : 'NUMERIC'}`,
      );
      if (store.kind === 'postgres') await session.script(`UPDATE x SET amount = 'NaN' WHERE id = 4`);
      const { columns } = await profile('SELECT * FROM x', { profile: { sums: true } });
      expect(columns).toEqual([]);
    });

    it('looks for values of every kind as they are, whatever is in them', async () => {
      const texts = [`it's`, 'a"b', '%', 'x\\y', 'é東', ''];
      await session.script('DROP TABLE x');
      const literal = (text: string): string => store.dialect.literal(text);
      const rows = texts.flatMap((text, index) =>
        Array.from({ length: 40 }, (_, n) => `(${index * 100 + n}, ${literal(text)}, DATE '9999-12-31', TRUE, 0.1)`),
      );
      await session.script(`CREATE TABLE x AS SELECT CAST(id AS BIGINT) AS id, t, d, f, CAST(v AS DOUBLE PRECISION) AS v, CAST(d AS TIMESTAMP) AS moment
        FROM (VALUES ${rows.join(', ')}) AS r(id, t, d, f, v)`);
      for (const [index, text] of texts.entries()) {
        await session.script('DROP TABLE IF EXISTS y');
        const { concentrations } = await profile(
          `SELECT id, t, d, f, CASE WHEN id / 100 = ${index} THEN v + 1 ELSE v END AS v, moment FROM x WHERE id / 100 <> ${index} OR id % 2 = 0`.replaceAll(
            'id / 100',
            'CAST(floor(id / 100.0) AS INTEGER)',
          ),
        );
        const texted = concentrations.filter(({ column }) => column === 't');
        expect(texted.map(({ kind, value, share }) => [kind, value, share]).sort()).toEqual([
          ['missing_in_stream', text, 1],
          ['value_mismatch', text, 1],
        ]);
        for (const { base_share: base } of texted) expect(base).toBeCloseTo(1 / texts.length, 9);
      }
    });
  });
}
