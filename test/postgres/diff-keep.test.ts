import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { forgetKept } from '../../src/app/diff-kept.js';
import type { DiffOptions } from '../../src/app/diff-options.js';
import { diffTables } from '../../src/app/diff.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { silentProgress } from '../../src/model/ports.js';
import type { Row, SqlSession, Store } from '../../src/store/contract.js';
import { useCases } from '../../src/cli/use-cases.js';
import { cli } from '../cli/harness.js';
import { HandClock, MINUTE } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { freshDatabase } from './database.js';

const { url, problem } = inject('postgres');
const DAY = 24 * 60 * MINUTE;

describe.skipIf(loudly('cutover diff --keep', problem))('cutover diff --keep', () => {
  let store: Store;
  let session: SqlSession;
  let database: string;
  let clock: HandClock;

  beforeEach(async () => {
    clock = new HandClock();
    ({ url: database, store, session } = await freshDatabase(url));
    await session.script(`CREATE TABLE old AS SELECT i AS id, 'k' || i AS label, i * 2 AS n, 'here' AS only_old FROM generate_series(1, 5000) g(i);
      CREATE TABLE new AS SELECT id, label AS name, n, 1 AS only_new FROM old; ALTER TABLE old ADD PRIMARY KEY (id); ALTER TABLE new ADD PRIMARY KEY (id)`);
  });
  afterEach(() => store.close());

  const context = () => ({
    cwd: '/',
    env: {},
    clock,
    progress: silentProgress,
    signal: new AbortController().signal,
  });
  const diff = (more: Partial<DiffOptions> = {}, at = database): Promise<DiffReport> =>
    diffTables(context(), {
      left: `${at}#old`,
      right: `${at}#new`,
      rules: { columns: {}, map: { label: 'name' } },
      keep: {},
      ...more,
    });
  const forget = (): Promise<string[]> => forgetKept(context(), { left: `${database}#old`, right: `${database}#new` });

  /** What is in the database besides the two tables. */
  const footprint = (): Promise<Row[]> =>
    session.query(
      `SELECT 'trigger ' || tgname AS what FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'cutover'
       UNION ALL SELECT 'index ' || relname FROM pg_class WHERE relname LIKE 'cutover%' UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE proname LIKE 'kept%'`,
    );

  it('makes digests once, compares by them, and takes everything away again', async () => {
    const plain = await diff({ keep: undefined });
    const first = await diff();
    expect(first).toMatchObject({ verdict: 'pass', matched: 5000, plan: { strategy: 'digest', place: 'one_store' } });
    expect(first.plan.reason).toMatch(/^kept digests: 0 of 8192 buckets differ/);
    expect(first).not.toHaveProperty('kept');
    const made = first.notes.filter((note) => note.startsWith('made in the database'));
    expect(made).toEqual([
      'made in the database: tables cutover.kept_1_buckets and cutover.kept_1_deltas, and a row in cutover.kept',
      'made in the database: triggers cutover_kept_1_insert, _update, _delete and _truncate and the index cutover_kept_1_batch on "public"."old", and their function cutover.kept_1_batch',
      'made in the database: triggers cutover_kept_1_insert, _update, _delete and _truncate and the index cutover_kept_1_stream on "public"."new", and their function cutover.kept_1_stream',
    ]);
    // Otherwise it says what it says without.
    expect(first.notes.filter((note) => !made.includes(note))).toEqual(plain.notes);
    expect(first.columns).toEqual(plain.columns);
    await session.script(
      `UPDATE new SET n = n + 1 WHERE id IN (7, 4000); DELETE FROM old WHERE id = 9; UPDATE new SET only_new = 5`,
    );
    const second = await diff();
    expect(second).toMatchObject({ verdict: 'fail', value_mismatch: 2, missing_in_batch: 1, matched: 4997 });
    expect(second.plan.reason).toMatch(/^kept digests: [23] of 8192 buckets differ/);
    expect(second.plan.candidates).toBeLessThan(60);
    expect(second.notes).toEqual(plain.notes);
    expect((await diff({ keep: undefined })).discrepancies).toEqual(second.discrepancies);
    expect(await footprint()).toHaveLength(8 + 1 + 2 + 2);
    const removed = await forget();
    expect(removed).toEqual([...made.map((note) => note.slice(22)), 'table cutover.kept', 'schema cutover']);
    expect(await footprint()).toEqual([]);
    expect(await forget()).toEqual([]);
    const command = ['diff', `${database}#old`, `${database}#new`];
    const told = await cli([...command, '--forget'], { diff: () => useCases.diff() }, { cwd: '/' });
    expect([told.code, told.stdout]).toEqual([0, 'nothing was kept\n']);
    const alone = await cli([...command, '--keep-check'], { diff: () => useCases.diff() }, { cwd: '/' });
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('Give --keep as well.')]);
  });

  it('builds them anew for other rules, and says so', async () => {
    await diff();
    const other = await diff({ ignore: ['n'] });
    expect(other.plan.reason).not.toContain('kept digests');
    expect(other.notes).toEqual(expect.arrayContaining([expect.stringMatching(/were not used.*rules/)]));
    expect((await diff({ ignore: ['n'] })).plan.reason).toMatch(/^kept digests: 0/);
    expect(await session.query('SELECT count(*) AS n FROM cutover.kept')).toEqual([{ n: '1' }]);
  });

  it('holds them against all rows on a schedule or when asked; what passed by the triggers is an error until they are built anew', async () => {
    await diff();
    expect((await diff({ keep: { check: true } })).plan.reason).toMatch(/^kept digests, held against all rows: 0/);
    clock.advance(DAY - 1);
    expect((await diff()).plan.reason).toMatch(/^kept digests: 0/);
    // As if an update had passed by the trigger.
    await session.script('UPDATE new SET n = n + 1 WHERE id = 7; DELETE FROM cutover.kept_1_deltas');
    expect((await diff()).verdict).toBe('pass');
    clock.advance(2);
    await expect(diff()).rejects.toMatchObject({
      code: 'DIGESTS_DISAGREE',
      remedy: expect.stringContaining('--keep-check') as string,
    });
    const full = await diff();
    expect(full).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
    expect(full.notes).toEqual(expect.arrayContaining([expect.stringMatching(/were not used.*--keep-check builds/)]));
    expect(await diff({ keep: { check: true } })).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
    const again = await diff();
    expect(again).toMatchObject({ verdict: 'fail', value_mismatch: 1 });
    expect(again.plan.reason).toMatch(/^kept digests: 1/);
  });

  it('says which SQL gives the rights that are lacking, and works once they are given', async () => {
    await session.script(
      `DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN PASSWORD 'secret'; GRANT SELECT ON old, new TO keeper; REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
    );
    const at = database.replace(/\/\/[^@/]*@?([^@/]*)\//, '//keeper:secret@$1/');
    const error: unknown = await diff({}, at).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STORE_RIGHTS' });
    const remedy = error instanceof Error && 'remedy' in error ? String(error.remedy) : '';
    const given = remedy.match(/(CREATE SCHEMA|GRANT|ALTER TABLE) [^;]+;/g) ?? [];
    expect(remedy).toContain('CREATE SCHEMA');
    expect(given[0]).toBe('CREATE SCHEMA cutover AUTHORIZATION "keeper";');
    expect(given).toContain('GRANT CREATE ON SCHEMA "public" TO "keeper";');
    expect(await footprint()).toEqual([]);
    for (const sql of given) await session.script(sql);
    expect(await diff({}, at)).toMatchObject({ verdict: 'pass', matched: 5000 });
    expect((await diff({}, at)).plan.reason).toMatch(/^kept digests: 0/);
  });

  it('is refused where it could not be of use', async () => {
    const refused = async (more: Partial<DiffOptions>): Promise<unknown> => diff(more).catch((error: unknown) => error);
    for (const more of [
      { rules: { columns: {}, map: { label: 'name' }, where: { batch: 'id > 1', stream: 'id > 1' } } },
      { sample: 0.5 },
      { settle: { delay: 1000 } },
      { left: `${database}#(select * from old)`, key: ['id'] },
      { left: `${await createDatabase(url ?? '')}#(select 1 as id, 'a' as label)`, key: ['id'] },
    ])
      expect(await refused(more)).toMatchObject({ code: 'USAGE' });
    await session.script('CREATE VIEW seen AS SELECT * FROM old');
    expect(await refused({ left: `${database}#seen`, key: ['id'] })).toMatchObject({
      code: 'DIGESTS_UNSUPPORTED',
      remedy: expect.stringContaining('--keep') as string,
    });
    expect(await footprint()).toHaveLength(1);
  });
});
