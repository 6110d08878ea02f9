import { describe, expect, it } from 'vitest';
import { withProject } from '../../src/app/open.js';
import { storedReport } from '../../src/app/report.js';
import { systemClock } from '../../src/cli/clock.js';
import { compareTables } from '../../src/diff/compare.js';
import type { ProfileInput } from '../../src/diff/input.js';
import type { Comparison } from '../../src/model/comparison.js';
import { render } from '../../src/report/render.js';
import { SCHEMA, emptyStore, events, only, testProjects, type TestProject } from './project.js';

const newProject = testProjects();

const GROUPS = (events: string): string =>
  `SELECT CAST(id % 300 AS TEXT) AS k, day, count(*) AS n, CAST(sum(amount) AS DECIMAL(18,2)) AS total FROM ${events} GROUP BY id % 300, day`;
const SIDE = GROUPS('events');
const STREAM = `INSERT INTO totals AS t ${GROUPS('batch_events')}
  ON CONFLICT (k, day) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total`;

/** 300 keys by day, 75 of them on 2026-01-02, of which the stream side has larger totals. */
async function differing(compare: object = {}): Promise<TestProject> {
  const pipelines = {
    totals: { key: ['k', 'day'], batch: { sql: SIDE }, stream: { sql: STREAM }, compare },
  };
  const one = newProject({ log: { kind: 'file', path: 'data/*.ndjson', schema: SCHEMA }, pipelines });
  one.ndjson('a.ndjson', events(900));
  await one.run();
  await one.execute(`UPDATE cutover_stream.totals SET total = total + 0.25 WHERE day = DATE '2026-01-02'`);
  return one;
}

const FORMATS = ['table', 'markdown', 'junit', 'json', 'ndjson'] as const;

const texts = (comparison: Comparison): Record<string, string> =>
  Object.fromEntries(
    FORMATS.map((format) => [format, render(comparison, format, { width: 120, color: false, limit: 10 })]),
  );

describe('what the differences of a pipeline have in common', () => {
  it('is stored with the comparison and told again in every format', async () => {
    const one = await differing();
    const made = await one.compare();
    expect(made.verdict).toBe('fail');
    expect(made.profile?.columns).toMatchObject([{ column: 'total', smallest: '0.25', largest: '0.25', sums: null }]);
    expect(made.profile?.concentrations).toMatchObject([
      { kind: 'value_mismatch', column: 'day', value: '2026-01-02', share: 1 },
    ]);
    const again = await storedReport(one.context(), 'totals', { limit: 100 });
    expect(again.profile).toEqual(made.profile);
    const { table, markdown, junit, json, ndjson } = texts(again);
    for (const text of [table, markdown, junit])
      expect(text).toMatch(/all \d+ value mismatches have day (=|&#61;) 2026-01-02 \(\d+% of the batch rows do\)/);
    expect(table).toContain('and their differences, stream - batch');
    expect(markdown).toContain('largest (stream - batch)');
    expect((JSON.parse(json ?? '') as Comparison).profile).toEqual(made.profile);
    expect(ndjson).toContain('"concentrations"');
  });

  it('is empty where nothing differs, and holds sums where they are asked for', async () => {
    const one = await differing({ profile: { sums: true } });
    const summed = await one.compare();
    const total = summed.profile?.columns.find(({ column }) => column === 'total');
    expect(total?.sums).toMatchObject({ equal: false });
    expect(summed.profile?.columns.find(({ column }) => column === 'n')?.sums).toMatchObject({ equal: true });
    expect(texts(summed)['table']).toMatch(/the sum of total differs by \+\d+\.\d+: .* on the batch, .* on the stream/);
    await one.execute(`UPDATE cutover_stream.totals SET total = total - 0.25 WHERE day = DATE '2026-01-02'`);
    const equal = await one.compare();
    expect(equal).toMatchObject({ verdict: 'pass', profile: { concentrations: [], ranges: [] } });
  });

  it('is left out where it is not wanted, which changes no evidence; older comparisons are shown as they were', async () => {
    const one = await differing();
    const made = await one.compare();
    const { profile: _, ...older } = made;
    expect(texts(older)['table']).toContain('largest difference');
    const without = await (await differing({ profile: false })).compare();
    expect(without).not.toHaveProperty('profile');
    expect(without.evidence).toEqual(made.evidence);
  });
});

describe('settled differences of two external tables', () => {
  it('have a profile of what stayed, among all rows', async () => {
    const side = (table: string): object => ({ external: { table, align: { settle: { delay: '30ms' } } } });
    const pipelines = { totals: { key: ['id'], batch: side('ext.a'), stream: side('ext.b') } };
    const one = newProject({ pipelines }, systemClock);
    one.ndjson('a.ndjson', events(1));
    const rows = `SELECT i AS id, CAST(i % 20 AS INTEGER) AS day, i AS n FROM `;
    await withProject(one.context(), async ({ session, store }) => {
      const series = store.kind === 'duckdb' ? 'range(1, 1001) r(i)' : 'generate_series(1, 1000) r(i)';
      await session.script(`CREATE SCHEMA ext; CREATE TABLE ext.a AS ${rows} ${series}; CREATE TABLE ext.b AS ${rows} ${series};
        UPDATE ext.b SET n = n + 3 WHERE day = 7`);
    });
    const made = only((await one.run()).comparisons);
    expect(made).toMatchObject({ verdict: 'fail', alignment: { method: 'settle' }, value_mismatch: 50 });
    expect(made.profile?.columns).toMatchObject([{ column: 'n', mismatched: 50, smallest: '3', largest: '3' }]);
    // Of all rows, and not of those alone that were looked at again.
    expect(made.profile?.concentrations).toMatchObject([{ column: 'day', value: '7', share: 1, base_share: 0.05 }]);
  });
});

describe('a profile that cannot be made', () => {
  it('leaves the comparison as it is, with a note', async () => {
    const { store, session } = await emptyStore();
    await session.script('CREATE TABLE x (id BIGINT, n BIGINT); CREATE TABLE y (id BIGINT, n BIGINT)');
    await session.script('INSERT INTO x VALUES (1, 1), (2, 2), (3, 3); INSERT INTO y VALUES (1, 2), (2, 3), (3, 4)');
    const compare = (profile: ProfileInput) =>
      session.transaction(async () => {
        const outcome = await compareTables(session, store.dialect, {
          batch: 'x',
          stream: 'y',
          key: ['id'],
          rules: { columns: {} },
          today: '2026-01-01',
          unique: { batch: false, stream: false },
          limit: 10,
          profile,
        });
        // The transaction goes on.
        return { outcome, rows: await session.query('SELECT count(*) AS n FROM x') };
      });
    const { outcome, rows } = await compare({ sums: true, among: { batch: 'absent_table', stream: 'y' } });
    expect(outcome).toMatchObject({ value_mismatch: 3, keys_compared: 3 });
    expect(outcome.profile).toBeUndefined();
    expect(outcome.notes).toEqual([
      expect.stringMatching(/^what the differences have in common could not be found out: .*absent_table/),
    ]);
    expect(String(rows[0]?.['n'])).toBe('3');
    expect((await compare({ sums: true })).outcome.notes).toEqual([]);
    await store.close();
  });
});
