import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { diffTables } from '../../src/app/diff.js';
import type { DiffContext, DiffOptions } from '../../src/app/diff-options.js';
import type { DiffReport } from '../../src/model/diff-report.js';
import { findingsOf, worldPerTest } from '../integration/diff-world.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const { url: server, problem } = inject('postgres');
const skip = loudly('cutover diff --resume on PostgreSQL', problem) || server === null;

const SMALL = { rowsInSlice: 50, firstRows: 100, target: 1_000_000 };
const KILL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'cutover'`;

describe.skipIf(skip)('cutover diff --resume and --gentle on PostgreSQL', () => {
  let database: string;
  const world = worldPerTest();
  let client: pg.Client;

  beforeAll(async () => {
    if (server === null) return;
    database = await createDatabase(server);
    client = new pg.Client({ connectionString: database });
    await client.connect();
    const rows = `SELECT i AS id, 'ключ ' || chr(65 + abs(i) % 50) || i AS name, md5(CAST(i AS TEXT))::uuid AS u, DATE '0001-01-01' - 200 + i AS day,
      TIMESTAMPTZ '2024-03-31 00:00:00+00' + i * INTERVAL '17 minutes' AS at, i * 1.5 AS amount FROM generate_series(-500, 1500) g(i)`;
    await client.query(
      `CREATE TABLE a AS ${rows}; ALTER TABLE a ADD PRIMARY KEY (id); CREATE TABLE b AS ${rows}; ALTER TABLE b ADD PRIMARY KEY (id);
       UPDATE b SET amount = amount + 1 WHERE id % 100 = 7; DELETE FROM b WHERE id % 200 = 9;
       CREATE TABLE loose AS SELECT CASE WHEN id % 400 = 3 THEN NULL ELSE id END AS id, name, u, CASE WHEN id = 8 THEN 'infinity' ELSE day END AS day, at, amount FROM b
         UNION ALL SELECT id, name, u, day, at, amount FROM b WHERE id IN (50, 51); ANALYZE`,
    );
  });
  afterAll(() => client.end());

  const compare = (options: DiffOptions, more: Partial<DiffContext> = {}): Promise<DiffReport> =>
    diffTables({ ...world.context(), chunking: SMALL, ...more }, { limit: 1000, profile: null, ...options });

  /** Ends the sessions of a comparison after some chunks, as a server that restarts does. */
  const lostAfter = (chunks: number, options: DiffOptions): Promise<unknown> => {
    let killed: Promise<unknown> | undefined;
    const update = (phase: string, done: number, total = 0): void => {
      if (phase === 'comparing in chunks' && done > 0 && done < total && chunks-- <= 1) killed ??= client.query(KILL);
    };
    return compare({ resume: 'state', ...options }, { progress: { update } }).then(
      () => 'compared',
      async (error: unknown) => {
        await killed;
        return error;
      },
    );
  };

  /** Without the alignment either: several runs have several snapshots. */
  const findings = (report: DiffReport): unknown => {
    const { alignment: _, ...rest } = findingsOf(report);
    return rest;
  };

  it('goes on after a lost connection, and says that two snapshots were read', async () => {
    const sides: DiffOptions = { left: `${database}#a`, right: `${database}#b` };
    const whole = await compare(sides, { chunking: {} });
    expect(whole).toMatchObject({ value_mismatch: 15, missing_in_stream: 8 });
    expect(await lostAfter(2, sides)).toMatchObject({
      code: 'STORE_CONNECTION_LOST',
      remedy: expect.stringMatching(/^Nothing was proven yet\. Run the same command again: state holds the first \d+%/),
    });
    const report = await compare({ resume: 'state', ...sides });
    expect(findings(report)).toEqual(findings(whole));
    expect(report.plan).toMatchObject({ strategy: 'join', place: 'one_store', chunked: { by: 'ranges', runs: 2 } });
    expect(report.alignment).toMatchObject({
      method: 'as_read',
      exact: false,
      detail: expect.stringMatching(
        /^the keys were compared in 2 snapshots, one for each run, taken at 20\S+Z, 20\S+Z: /,
      ),
    });
  });

  it('without a lost connection reads one snapshot, and without --resume says only that it was lost', async () => {
    const sides: DiffOptions = { left: `${database}#a`, right: `${database}#b` };
    expect((await compare({ resume: 'state', ...sides })).alignment).toMatchObject({ method: 'snapshot', exact: true });
    expect(await lostAfter(1, { ...sides, resume: undefined, gentle: true })).toMatchObject({
      code: 'STORE_CONNECTION_LOST',
      remedy: 'Nothing was proven. Compare again.',
    });
  });

  it.each(['id', 'name', 'u', 'day', 'at', 'amount'])(
    'across stores by the key %s, with NULL keys, duplicates and times beyond the calendar',
    async (key) => {
      const columns = '(select id, name, u, day, at, amount from loose)';
      // The same rows as a Parquet file, and in a database of its own.
      await writeParquet();
      const sides: DiffOptions = { left: `${database}#${columns}`, right: 'a.parquet', key: [key] };
      const whole = await compare(sides, { chunking: {} });
      expect(whole.verdict).toBe('fail');
      const lost = await lostAfter(1, sides);
      const report = await compare({ resume: 'state', ...sides });
      expect(findings(report)).toEqual(findings(whole));
      // Of two ways to write a number neither would find the other's.
      expect(report.plan.chunked?.by).toBe(key === 'amount' ? 'whole' : 'ranges');
      if (key !== 'amount') expect(lost).toMatchObject({ code: 'STORE_CONNECTION_LOST' });
    },
  );

  async function writeParquet(): Promise<void> {
    const { rows } = await client.query<Record<string, string>>(
      'SELECT id, name, CAST(u AS TEXT) AS u, CAST(extract(epoch FROM day)::bigint / 86400 AS TEXT) AS day, CAST(at AS TEXT) AS at, CAST(amount AS TEXT) AS amount FROM a',
    );
    world.write('rows.json', JSON.stringify(rows));
    await world.parquet(
      'a.parquet',
      `SELECT CAST(id AS INTEGER) AS id, name, CAST(u AS UUID) AS u, DATE '1970-01-01' + CAST(day AS INTEGER) AS day, CAST("at" AS TIMESTAMPTZ) AS "at", CAST(amount AS DECIMAL(12,1)) AS amount FROM read_json('@/rows.json')`.replaceAll(
        '@/',
        `${world.root}/`,
      ),
    );
  }

  it('a statement that takes too long is told with what is to be done, and where it goes on', async () => {
    const slow = "pg_sleep(CASE WHEN current_setting('cutover.slow', true) = 'on' THEN 1 ELSE 0 END) IS NULL";
    const sides: DiffOptions = {
      left: `${database}#(select id, amount, ${slow} as slow from a)`,
      right: `${database}#(select id, amount, false as slow from a)`,
      key: ['id'],
    };
    await lostAfter(2, sides);
    const name = new URL(database).pathname.slice(1);
    await client.query(`ALTER DATABASE "${name}" SET cutover.slow = 'on'`);
    const error: unknown = await compare({ resume: 'state', statementTimeout: 500, ...sides }).catch(
      (thrown: unknown) => thrown,
    );
    await client.query(`ALTER DATABASE "${name}" RESET cutover.slow`);
    expect(error).toMatchObject({
      code: 'STORE_TIMEOUT',
      remedy: expect.stringMatching(
        /^Run it again with more for --statement-timeout.*: state holds the first [1-9]\d?%/,
      ),
    });
    expect(await compare({ resume: 'state', ...sides })).toMatchObject({ verdict: 'pass', matched: 2001 });
  });

  it('does not go on with a table that was made anew', async () => {
    await client.query('DROP TABLE IF EXISTS c; CREATE TABLE c AS SELECT * FROM b; ANALYZE c');
    const sides: DiffOptions = { left: `${database}#a`, right: `${database}#c`, key: ['id'] };
    await lostAfter(1, sides);
    await client.query('DROP TABLE c; CREATE TABLE c AS SELECT * FROM a; ANALYZE c');
    expect(await compare({ resume: 'state', ...sides }).catch((error: unknown) => error)).toMatchObject({
      code: 'ENDPOINT_CHANGED',
    });
  });

  it('waits while others are at work, no longer than half a minute, and by one worker', async () => {
    // Many, since other tests may be at work on this server too.
    const others = Array.from({ length: 16 }, () => new pg.Client({ connectionString: database }));
    for (const other of others) await other.connect();
    const busy = others.map((other) => other.query('SELECT pg_sleep(600)').catch(() => undefined));
    let sleeps = 0;
    const clock = {
      now: () => new Date(),
      sleep: async (): Promise<void> => {
        sleeps += 1;
        // The longest pause is over once; in the second one the others end.
        if (sleeps === 33)
          await client.query(
            `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)' AND pid <> pg_backend_pid()`,
          );
      },
    };
    const sides: DiffOptions = {
      left: `${database}#(select id, amount, current_setting('max_parallel_workers_per_gather') as workers from a)`,
      right: `${database}#(select id, amount, '0' as workers from a)`,
      key: ['id'],
      gentle: true,
      busyAbove: 15,
    };
    const report = await compare(sides, { clock });
    await Promise.all(busy);
    for (const other of others) await other.end();
    expect(report).toMatchObject({ verdict: 'pass', matched: 2001 });
    expect(report.plan.chunked).toMatchObject({ pauses: 2, paused: 33_000 });
    expect(report.notes).toContainEqual(expect.stringContaining('2 pauses for a busy server (33s)'));
  });
});
