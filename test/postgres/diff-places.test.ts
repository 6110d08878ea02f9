import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { DiffContext, DiffOptions } from '../../src/app/diff-options.js';
import { planDiffOf } from '../../src/app/diff-plan.js';
import { diffTables } from '../../src/app/diff.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import type { PlanReport } from '../../src/model/plan-report.js';
import { silentProgress } from '../../src/model/ports.js';
import { systemClock } from '../../src/cli/clock.js';
import type { Store } from '../../src/store/contract.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';

const { url, problem } = inject('postgres');

const ROWS = `SELECT i AS id, CAST(i * 0.25 AS numeric) AS amount, CAST('a' || i AS text) AS label, DATE '2024-01-01' + CAST(i AS int) AS day
  FROM generate_series(1, 100) g(i)`;

describe.skipIf(loudly('cutover diff of two places', problem))('cutover diff of two places', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-places-'));
  const stores: Store[] = [];
  const urls: string[] = [];

  beforeAll(async () => {
    for (const change of ['', `; UPDATE t SET amount = amount + 0.01 WHERE id = 7; DELETE FROM t WHERE id = 9`]) {
      const { url: database, store, session } = await freshDatabase(url);
      stores.push(store);
      urls.push(`${database}#public.t`);
      await session.script(`CREATE TABLE t AS ${ROWS}; ALTER TABLE t ADD PRIMARY KEY (id)${change}`);
      if (change === '')
        await session.exportParquet(
          'SELECT id, CAST(amount AS numeric(10,2)) AS amount, label, day FROM t',
          join(folder, 't.parquet'),
        );
    }
    const lines = Array.from({ length: 100 }, (_, n) => {
      const day = new Date(Date.UTC(2024, 0, n + 2)).toISOString().slice(0, 10);
      return `${n + 1},${((n + 1) * 0.25).toFixed(2)},a${n + 1},${day}\n`;
    });
    writeFileSync(join(folder, 't.csv'), `id,amount,label,DAY\n${lines.join('')}`);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => vi.unstubAllEnvs());

  it('a table and the CSV that PostgreSQL wrote of it agree, and differ where it was changed', async () => {
    const database = await createDatabase(url ?? '');
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    await client.query(`CREATE TABLE e (id int PRIMARY KEY, a int[], ta text[], na numeric[], n numeric, r real, c char(4), iv interval, tz timestamptz, b bytea,
        d date, ts timestamp, ba bytea[], da date[], ca char(3)[]);
      INSERT INTO e VALUES (1, '{1,2,NULL}', '{a,"b,c","NULL",NULL,"q\\"{ \\\\",""}', '{1.50,NaN}', 1.50, 0.1, 'ab', '1 mon -1 days +02:00:00', '2024-01-01', '\\x00ff',
          '0044-03-15 BC', '0001-12-31 23:59:59.5 BC', ARRAY['\\x00ff', '\\x', NULL, 'a, b']::bytea[], '{0044-03-15 BC,0044-03-15,NULL,infinity}', '{ab,NULL,abc}'),
        (2, '{}', '{}', '{}', 'NaN', 'NaN', '', '0', '1800-01-01 00:00:00+00', '\\x', '5874897-12-31', '294246-12-31 00:00:00', '{}', '{}', '{}'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0044-03-15 12:00:00.25+00 BC', NULL, '-infinity', 'infinity', ARRAY['\\x2c22']::bytea[], NULL, NULL);
      SET TimeZone = 'Europe/Berlin'`);
    const { rows } = await client.query<{ line: string }>(
      `SELECT concat_ws(',', id, ${['a', 'ta', 'na', 'n', 'r', 'c', 'iv', 'tz', 'b', 'd', 'ts', 'ba', 'da', 'ca'].map((name) => `coalesce('"' || replace(${name}::text || ${name === 'c' ? `repeat(' ', 4 - length(c))` : `''`}, '"', '""') || '"', '')`).join(', ')}) AS line FROM e ORDER BY id`,
    );
    await client.end();
    const csv = ['id,a,ta,na,n,r,c,iv,tz,b,d,ts,ba,da,ca', ...rows.map(({ line }) => line)].join('\n') + '\n';
    writeFileSync(join(folder, 'e.csv'), csv);
    const same = await diff(`${database}#e`, 'e.csv', { key: ['id'] });
    expect([same.verdict, same.matched, same.notes]).toEqual(['pass', 3, []]);
    expect(same.lossy).toContain('c: character(4) and texts compared without the blanks that fill up character(4)');
    const changes = [
      ['{1,2,NULL}', '{1,2}'],
      ['"1.50"', '"1.500001"'],
      ['"0.1"', '"0.100000001"'],
      ['"ab  "', '"ac  "'],
      ['1 mon -1 days', '30 days'],
      ['12:53:28.25+00:53:28 BC', '12:53:28.25+00:53:28'],
      ['"0044-03-15 BC"', '"0044-03-15"'],
      ['59.5 BC', '59.5'],
      ['{""\\\\x2c22""}', '{""\\\\x2c"",""\\\\x22""}'],
      ['{""0044-03-15 BC""', '{""0044-03-15""'],
      ['{""ab "",', '{""a b"",'],
    ] as const;
    for (const [from] of changes) expect(csv).toContain(from);
    writeFileSync(
      join(folder, 'f.csv'),
      changes.reduce((text, [from, to]) => text.replace(from, to), csv),
    );
    const { columns } = await diff(`${database}#e`, 'f.csv', { key: ['id'] });
    const mismatched = Object.entries(columns).flatMap(([name, one]) => (one.mismatched === 1 ? [name] : []));
    expect(mismatched).toEqual(['a', 'n', 'r', 'c', 'iv', 'tz', 'd', 'ts', 'ba', 'da', 'ca']);
  });

  const context = (): DiffContext => ({
    cwd: folder,
    env: {},
    clock: systemClock,
    progress: silentProgress,
    signal: new AbortController().signal,
  });

  function diff(left: string, right: string, more: Partial<DiffOptions> = {}): Promise<DiffReport> {
    return diffTables(context(), { left, right, key: ['id'], memoryLimit: '3GB', ...more });
  }

  function planned(left: string, right: string, more: Partial<DiffOptions>): Promise<PlanReport> {
    return planDiffOf(context(), { left, right, key: ['id'], memoryLimit: '3GB', ...more });
  }

  const DIFFERS = { verdict: 'fail', matched: 98, value_mismatch: 1, missing_in_stream: 1, keys_compared: 100 };

  it.each(['t.parquet', 't.csv'])('PostgreSQL against %s', async (file) => {
    const [equal = '', changed = ''] = urls;
    // Others on this machine may compare at the same time.
    vi.stubEnv('TMPDIR', mkdtempSync(join(folder, 'temporary-')));
    expect(await diff(equal, file)).toMatchObject({ verdict: 'pass', matched: 100, plan: { place: 'pulled' } });
    expect(await diff(file, changed)).toMatchObject(DIFFERS);
    expect(
      await diff(file, changed, { rules: { columns: {}, where: { batch: 'id < 9', stream: 'id < 9' } } }),
    ).toMatchObject({
      verdict: 'fail',
      matched: 7,
      value_mismatch: 1,
      keys_compared: 8,
    });
    expect(readdirSync(tmpdir())).toEqual([]);
  });

  it('two servers', async () => {
    const [equal = '', changed = ''] = urls;
    expect(await diff(equal, changed)).toMatchObject({
      ...DIFFERS,
      alignment: { method: 'as_read', exact: false },
      discrepancies: [
        { key: { id: 7 }, kind: 'value_mismatch', columns: { amount: { batch: '1.75', stream: '1.76' } } },
        { key: { id: 9 }, kind: 'missing_in_stream' },
      ],
    });
  });

  it('explains the plan that is then carried out', async () => {
    const [equal = '', changed = ''] = urls;
    const one = equal.replace(/#.*/, '#(SELECT * FROM public.t)');
    const pairs: [string, string, Partial<DiffOptions>][] = [
      [equal, changed, {}],
      [equal, one, {}],
      [equal, one, { strategy: 'digest' }],
      [equal, 't.parquet', { network: 'remote' }],
      ['t.csv', changed, {}],
    ];
    for (const [left, right, more] of pairs) {
      const plan = await planned(left, right, more);
      expect(plan.rows.batch.count).toBeGreaterThan(0);
      const report = await diff(left, right, more);
      expect({ place: plan.place, why: plan.place_reason, strategy: plan.strategy, at: plan.alignment.method }).toEqual(
        {
          place: report.plan.place,
          why: report.plan.place_reason,
          strategy: report.plan.strategy,
          at: report.alignment.method,
        },
      );
    }
  });

  it('columns of other names, chosen ones, and a sample', async () => {
    const [equal = '', changed = ''] = urls;
    const renamed = `${changed.replace(/#.*/, '')}#(SELECT id AS nr, amount AS "Amount", label FROM public.t)`;
    const outcome = await diff(equal, renamed, {
      rules: { columns: {}, map: { id: 'nr' } },
      columns: ['amount', 'label'],
    });
    expect(outcome).toMatchObject({ ...DIFFERS, plan: { place: 'pulled' } });
    const sampled = await diff(equal, changed, { sample: 0.5 });
    expect(sampled.keys_compared).toBeLessThan(100);
    expect(sampled.sampled).toMatchObject({ share: 0.5 });
  });
});
