import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DiffOptions } from '../../src/app/diff-options.js';
import { diffTables } from '../../src/app/diff.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { silentProgress } from '../../src/model/ports.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';

const { url, problem } = inject('postgres');
const KEYS = 500;

/** A table that follows events: event n adds n to key n % KEYS. */
class Follower {
  applied = 0;
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  async create(table: string): Promise<void> {
    await this.#session.script(`DROP TABLE IF EXISTS ${table};
      CREATE TABLE ${table} AS SELECT CAST(i AS BIGINT) AS id, 'k' || i AS label, CAST(0 AS BIGINT) AS total FROM generate_series(0, ${KEYS - 1}) g(i);
      ALTER TABLE ${table} ADD PRIMARY KEY (id, label)`);
    this.applied = 0;
  }

  /** In one transaction. */
  async apply(table: string, upto: number): Promise<void> {
    const from = this.applied;
    if (upto <= from) return;
    await this.#session.run(`UPDATE ${table} AS t SET total = t.total + e.sum FROM
      (SELECT n % ${KEYS} AS id, sum(n) AS sum FROM generate_series(${from}, ${upto - 1}) g(n) GROUP BY 1) e WHERE t.id = e.id`);
    this.applied = upto;
  }
}

describe.skipIf(loudly('cutover diff --settle', problem))('cutover diff --settle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-settle-'));
  const stores: Store[] = [];
  const urls: string[] = [];
  const sessions: SqlSession[] = [];

  beforeAll(async () => {
    for (let i = 0; i < 2; i += 1) {
      const database = await freshDatabase(url);
      stores.push(database.store);
      urls.push(database.url);
      sessions.push(database.session);
    }
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** @param wait what happens while it waits for differences to settle */
  function diff(
    left: string,
    right: string,
    wait: () => Promise<void>,
    more: Partial<DiffOptions> = {},
  ): Promise<DiffReport> {
    const context = {
      cwd: folder,
      env: {},
      clock: { now: () => new Date(), sleep: wait },
      progress: silentProgress,
      signal: new AbortController().signal,
    };
    return diffTables(context, { left, right, key: ['id', 'label'], settle: { delay: 1000 }, ...more });
  }

  const session = async (index: 0 | 1): Promise<SqlSession> => {
    const one = await stores[index]?.session();
    if (one === undefined) throw new Error('no store');
    await one.searchPath(['public']);
    return one;
  };

  it.each([
    ['two tables of one database', 0],
    ['two servers', 1],
  ] as const)('%s, whose writers lag differently: finds what is planted and nothing else', async (_, other) => {
    const [ahead, behind] = [new Follower(await session(0)), new Follower(await session(other))];
    await ahead.create('fast');
    await behind.create('slow');
    await sessions[other]?.script(
      'UPDATE slow SET total = total + 1000000 WHERE id = 77; DELETE FROM slow WHERE id = 78',
    );
    let stopped = false;
    const write = async (): Promise<void> => {
      for (let n = 20; !stopped; n += 20) {
        await ahead.apply('fast', n);
        // Never without something on its way.
        await behind.apply('slow', Math.max(0, n - 60));
        await sleep(2);
      }
    };
    const writing = write();
    // Longer than any lag, however slow the machine is.
    const passed = async (): Promise<void> => {
      const at = ahead.applied;
      while (behind.applied < at && !stopped) await sleep(5);
    };
    try {
      let looks = 0;
      for (let turn = 0; turn < 3; turn += 1) {
        const report = await diff(
          `${urls[0] ?? ''}#fast`,
          `${urls[other] ?? ''}#slow`,
          async () => {
            looks += 1;
            await passed();
          },
          { settle: { delay: 1000, rounds: 12 } },
        );
        expect(report.alignment).toMatchObject({ method: 'settle', exact: false });
        expect(report.discrepancies.map(({ key, kind }) => [key['id'], kind])).toEqual(
          report.in_flux === 0
            ? [
                ['77', 'value_mismatch'],
                ['78', 'missing_in_stream'],
              ]
            : expect.anything(),
        );
        // Hot keys may be in flux, but none of them is taken for a difference.
        const planted = report.discrepancies.every(({ key }) => key['id'] === '77' || key['id'] === '78');
        expect(planted).toBe(true);
        expect(report.missing_in_stream).toBe(1);
        expect(report.verdict).toBe('fail');
        expect(report.matched + report.in_flux + report.missing_in_stream + report.value_mismatch).toBe(KEYS);
      }
      expect(looks).toBeGreaterThan(2);
    } finally {
      stopped = true;
      await writing;
    }
  });

  it('a file and a server that catches up with it agree; what it never gets stays', async () => {
    const one = new Follower(await session(0));
    await one.create('late');
    await one.apply('late', 900);
    await sessions[0]?.exportParquet('SELECT id, label, total FROM late', join(folder, 'final.parquet'));
    const rows = (await sessions[0]?.query('SELECT id, label, total FROM late ORDER BY id')) ?? [];
    const lines = rows.map((row) => [row['id'], row['label'], row['total']].map(String).join(','));
    writeFileSync(join(folder, 'final.csv'), `id,label,total\n${lines.join('\n')}\n`);
    for (const file of ['final.parquet', 'final.csv']) {
      await one.create('late');
      await one.apply('late', 300);
      const report = await diff(file, `${urls[0] ?? ''}#late`, () => one.apply('late', 900));
      expect(report).toMatchObject({ verdict: 'pass', matched: KEYS, in_flux: 0, alignment: { method: 'settle' } });
      expect(report.alignment.detail).toMatch(/2 looks, 1s between them/);
      await sessions[0]?.script('UPDATE late SET total = total - 5 WHERE id = 3');
      const stays = await diff(`${urls[0] ?? ''}#late`, file, () => Promise.resolve());
      expect(stays).toMatchObject({ verdict: 'fail', value_mismatch: 1, matched: KEYS - 1 });
      expect(stays.discrepancies).toMatchObject([{ key: { id: '3', label: 'k3' } }]);
      expect(stays.profile?.columns).toMatchObject([{ column: 'total', mismatched: 1, smallest: '5' }]);
    }
  });

  it('a row that is deleted on one side later than on the other is gone from both, and a key that prints as another is no agreement', async () => {
    await sessions[0]?.script(`DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y;
      CREATE TABLE x AS SELECT CAST(i AS INTEGER) AS id, CAST('l' AS TEXT) AS label, 1 AS n FROM generate_series(1, 100) g(i); CREATE TABLE y AS SELECT * FROM x;
      DELETE FROM x WHERE id = 5`);
    const [x, y] = [`${urls[0] ?? ''}#x`, `${urls[0] ?? ''}#y`];
    const later = await diff(x, y, async () => {
      await sessions[0]?.script('DELETE FROM y WHERE id = 5');
    });
    expect(later).toMatchObject({ verdict: 'pass', keys_compared: 99, matched: 99, in_flux: 0 });
    await sessions[0]?.script(
      `UPDATE y SET label = U&'\\FEFFl', n = 2 WHERE id = 7; UPDATE x SET label = U&'\\FEFFl' WHERE id = 7`,
    );
    expect(await diff(x, y, () => Promise.resolve())).toMatchObject({
      verdict: 'inconclusive',
      matched: 98,
      in_flux: 1,
    });
  });

  it('a key that always moves is in flux, which is inconclusive unless it may differ', async () => {
    await sessions[0]?.script(`DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS y;
      CREATE TABLE x AS SELECT CAST(i AS INTEGER) AS id, CAST('l' AS TEXT) AS label, 1 AS n FROM generate_series(1, 100) g(i); CREATE TABLE y AS SELECT * FROM x;
      UPDATE x SET n = 2 WHERE id = 5`);
    const moves = async (): Promise<void> => {
      await sessions[0]?.script('UPDATE x SET n = n + 1 WHERE id = 5');
    };
    const [x, y] = [`${urls[0] ?? ''}#x`, `${urls[0] ?? ''}#y`];
    const report = await diff(x, y, moves);
    expect(report).toMatchObject({ verdict: 'inconclusive', matched: 99, in_flux: 1, value_mismatch: 0 });
    expect(report.notes).toEqual([
      '1 keys differed at each of 4 looks and did not come to rest, such as 5, l (value mismatch): whether they agree is not known',
    ]);
    expect(await diff(x, y, moves, { settle: { delay: 1000, rounds: 1 }, maxMismatchRate: 0.02 })).toMatchObject({
      verdict: 'pass',
    });
    expect(await diff(x, y, moves, { settle: { delay: 1000, maxInFlux: 0 }, maxMismatchRate: 0.02 })).toMatchObject({
      verdict: 'inconclusive',
      reasons: ['0.01 of the keys are in flux, allowed 0'],
    });
  });

  it('keys of every kind are found again, also by an index, and rows without a key are counted', async () => {
    await sessions[0]?.script(`DROP TABLE IF EXISTS p; DROP TABLE IF EXISTS q;
      CREATE TABLE p (u uuid, d date, t timestamp, z timestamptz, b boolean, c char(4), v varchar(9), m numeric, n int);
      INSERT INTO p VALUES
        ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29', '2024-02-29 01:02:03.5', '2024-02-29 01:02:03+02', true, 'ab', 'it''s', 1.50, 1),
        ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '0044-03-15 BC', 'infinity', '-infinity', false, '', E'\\\\', 'NaN', 1),
        (NULL, '2024-02-29', '2024-02-29', '2024-02-29', true, 'ab', 'x', 1, 1);
      CREATE TABLE q AS SELECT * FROM p; UPDATE q SET n = 2`);
    const key = ['u', 'd', 't', 'z', 'b', 'c', 'v', 'm'];
    const wait = (): Promise<void> => Promise.resolve();
    const report = await diff(`${urls[0] ?? ''}#p`, `${urls[0] ?? ''}#q`, wait, { key });
    expect(report).toMatchObject({
      verdict: 'fail',
      value_mismatch: 2,
      null_key: 2,
      in_flux: 0,
      matched: 0,
      keys_compared: 2,
    });
    await sessions[0]?.script(
      'CREATE TABLE r AS SELECT CAST(1 AS double precision) AS id, 1 AS n; CREATE TABLE s AS SELECT * FROM r',
    );
    await expect(diff(`${urls[0] ?? ''}#r`, `${urls[0] ?? ''}#s`, wait, { key: ['id'] })).rejects.toMatchObject({
      code: 'TYPE_MISMATCH',
    });
  });
});
