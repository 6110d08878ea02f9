import { describe, expect, it } from 'vitest';
import { listQuarantine, retryQuarantine } from '../../src/app/quarantine.js';
import { perStore, testProjects, totals, type TestProject } from './project.js';

/** DuckDB holds the character U+0000 in a text, PostgreSQL does not. */
const holdsNul = perStore({ duckdb: true, postgres: false });

const REASON = 'holds the character U+0000, which the store cannot hold';
const SCHEMA = { id: 'bigint', k: 'text', words: 'text[]', more: 'json' };
const BATCH = 'SELECT k, count(*) AS n FROM events GROUP BY k';
const STREAM =
  'INSERT INTO totals AS t (k, n) SELECT k, count(*) FROM batch_events GROUP BY k ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n;';

const made = testProjects();

function project(log: object): TestProject {
  return made({
    log,
    ingest: { max_events: 7, max_quarantined: 10 },
    pipelines: totals({ batch: { sql: BATCH }, stream: { sql: STREAM } }),
  });
}

const quarantined = async (one: TestProject): Promise<unknown> =>
  [...(await listQuarantine(one.context(), { limit: 10 })).records]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, reason, raw }) => ({ offset, reason, raw }));

/** Not text in this file: the character itself. */
const NUL = String.fromCharCode(0);

describe('the character U+0000 in an event', () => {
  it('of NDJSON: a text with it is quarantined where the store cannot hold it, and stops nothing', async () => {
    const one = project({ path: 'data/*.ndjson', schema: SCHEMA });
    const lines = [
      { id: 0, k: 'a', words: ['x'], more: { deep: [`a${NUL}b`] } },
      { id: 1, k: `a${NUL}b` },
      { id: 2, k: 'a', words: ['x', `y${NUL}`] },
      { id: 3, k: 'a', unknown: NUL },
    ];
    one.ndjson('a.ndjson', lines);
    const bad = `{"id":4,"k":"a${NUL}b"}`;
    const misfit = `{"id":"5\\u0000","k":"a"}`;
    one.file('data/b.ndjson', `${bad}\n${misfit}\n`);
    expect(await one.run()).toMatchObject({ events: 6, comparisons: [{ matched: holdsNul ? 2 : 1 }] });
    const column = (name: string): string => `column "${name}": ${REASON}`;
    expect(await one.query('SELECT id, more FROM cutover.landing WHERE id = 0')).toEqual([
      { id: '0', more: '{"deep":["a\\u0000b"]}' },
    ]);
    const found = (await quarantined(one)) as { offset: number; reason: string; raw: string }[];
    if (holdsNul) {
      expect(found.map(({ reason }) => reason)).toEqual([
        'not valid JSON',
        expect.stringContaining('does not fit bigint'),
      ]);
      return;
    }
    expect(found.sort((a, b) => a.raw.localeCompare(b.raw))).toEqual([
      { offset: 1, reason: column('id'), raw: misfit },
      { offset: 1, reason: column('k'), raw: JSON.stringify(lines[1]) },
      { offset: 2, reason: column('words'), raw: JSON.stringify(lines[2]) },
      { offset: 0, reason: REASON, raw: '{"id":4,"k":"a\\u0000b"}' },
    ]);
    // What is shown in another form than it came in must not become an event in that form.
    expect(await retryQuarantine(one.context(), 'all', { limit: 10 })).toMatchObject({ tried: 4, landed: 0 });
    expect(((await quarantined(one)) as { reason: string }[]).filter(({ reason }) => reason === REASON)).toHaveLength(
      1,
    );
  });

  it('of CSV', async () => {
    const one = project({ path: 'data/*.csv', schema: { id: 'bigint', k: 'text', words: 'text[]', more: 'json' } });
    one.file('data/a.csv', `id,k,words,more\n1,a,,\n2,a${NUL}b,,\n3,a,"[""x\\u0000""]",\n4,a,,"""\\u0000"""\n`);
    expect(await one.run()).toMatchObject({ events: 4, quarantined: holdsNul ? 0 : 2 });
    expect(await quarantined(one)).toEqual(
      holdsNul
        ? []
        : [
            { offset: 1, reason: REASON, raw: '2,a\\u0000b,,' },
            { offset: 2, reason: `column "words": ${REASON}`, raw: '3,a,"[""x\\u0000""]",' },
          ],
    );
    if (!holdsNul) expect(await retryQuarantine(one.context(), 'all', { limit: 10 })).toMatchObject({ landed: 0 });
  });

  it('of Parquet', async () => {
    const one = project({ path: 'data/*.parquet' });
    await one.parquet(
      'a.parquet',
      `SELECT * FROM (VALUES (1, 'a', ['x'], {v: 'y' || chr(0)}), (2, 'a' || chr(0), NULL, NULL), (3, 'a', ['x', NULL, chr(0)], NULL)) t(id, k, words, more)`,
    );
    expect(await one.run()).toMatchObject({ events: 3, quarantined: holdsNul ? 0 : 2 });
    expect(await quarantined(one)).toEqual(
      holdsNul
        ? []
        : [
            { offset: 1, reason: `column "k": ${REASON}`, raw: '{"id":2,"k":"a\\u0000","words":null,"more":null}' },
            {
              offset: 2,
              reason: `column "words": ${REASON}`,
              raw: '{"id":3,"k":"a","words":["x",null,"\\u0000"],"more":null}',
            },
          ],
    );
    if (!holdsNul) expect(await retryQuarantine(one.context(), 'all', { limit: 10 })).toMatchObject({ landed: 0 });
  });
});
