import type pg from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { doctor } from '../../src/app/doctor.js';
import { printDdl } from '../../src/app/print-ddl.js';
import { rebuild } from '../../src/app/rebuild.js';
import { systemClock } from '../../src/cli/clock.js';
import {
  BATCH_SQL,
  SETUP_SQL,
  STREAM_SQL,
  TestProject,
  events,
  expectedTotals,
  failure,
  totals,
} from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { withClient } from './database.js';

const { url, problem } = inject('postgres');

const projects: TestProject[] = [];
const roles: string[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

const ALL = events(40);
const CANARY = { steps: [50, 100], dwell: { cycles: 0 } };

/** A project whose store belongs to the server's owner, and that connects as a role which can do nothing yet. */
async function least(): Promise<{ one: TestProject; owner: string; role: string; as: (name: string) => string }> {
  const owner = await createDatabase(url ?? '');
  const role = `app_${Math.random().toString(36).slice(2, 8)}`;
  roles.push(role);
  await withClient(owner, async (client) => {
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    // As in PostgreSQL 15 and newer.
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(`REVOKE ALL ON DATABASE ${new URL(owner).pathname.slice(1)} FROM PUBLIC`);
  });
  const as = (name: string): string => {
    const made = new URL(owner);
    made.username = name;
    made.password = 'pw';
    return made.href;
  };
  const one = new TestProject({ pipelines: totals({ canary: CANARY }) }, systemClock, as(role));
  projects.push(one);
  one.configure({ store: { kind: 'postgres', url: '${DATABASE_URL}' }, pipelines: totals({ canary: CANARY }) });
  one.ndjson('a.ndjson', ALL);
  return { one, owner, role, as };
}

describe.skipIf(loudly('rights on PostgreSQL', problem))('a role that may make no schemas', () => {
  it('is told what it lacks, and runs everything once a DBA ran what doctor prints', async () => {
    const { one, owner, as } = await least();
    expect((await failure(one.run())).code).toBe('STORE_RIGHTS');
    const ddl = await printDdl(one.context());
    await withClient(owner, async (client) => {
      await client.query(
        `GRANT CONNECT ON DATABASE ${new URL(owner).pathname.slice(1)} TO ${new URL(one.url).username}`,
      );
    });
    const refused = await failure(one.run());
    expect(refused.code).toBe('STORE_RIGHTS');
    expect(refused.remedy).toContain('--print-ddl');
    expect((await doctor(one.context())).checks.find(({ name }) => name === 'store')).toMatchObject({ status: 'fail' });

    // Twice: an update of cutover runs it again.
    await withClient(owner, (client) => client.query(ddl));
    await withClient(owner, (client) => client.query(ddl));
    await withClient(owner, (client) => client.query(`ALTER ROLE cutover_reader LOGIN PASSWORD 'pw'`));

    const before = await doctor(one.context());
    expect(before.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(await one.run()).toMatchObject({ verdict: 'pass', events: 40 });
    expect(await one.side('stream')).toEqual(expectedTotals(ALL));
    const schemas = await one.query(`SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg%' ORDER BY 1`);

    // Rebuild and replay work in schemas that they may not make or drop.
    await rebuild(one.context(), 'totals');
    const replay = { batch: { replay: true }, stream: { sql: STREAM_SQL, setup: SETUP_SQL }, canary: CANARY };
    one.configure({ store: { kind: 'postgres', url: '${DATABASE_URL}' }, pipelines: totals(replay) });
    await rebuild(one.context(), 'totals');
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    one.configure({
      store: { kind: 'postgres', url: '${DATABASE_URL}' },
      pipelines: totals({ batch: { sql: BATCH_SQL, hold: 'copy' }, stream: replay.stream, canary: CANARY }),
    });
    expect(await one.run()).toMatchObject({ verdict: 'pass' });
    // Digests are kept by triggers and an index of its own tables.
    one.configure({
      store: { kind: 'postgres', url: '${DATABASE_URL}' },
      pipelines: totals({ stream: replay.stream, compare: { incremental: true }, canary: CANARY }),
    });
    expect((await one.compare()).notes).toEqual([expect.stringContaining('not kept yet')]);
    expect((await one.compare()).notes).toEqual([expect.stringContaining('they agree')]);
    expect(await one.query(`SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg%' ORDER BY 1`)).toEqual(
      schemas,
    );

    // Readers see the served view, whatever became of it, and nothing else.
    const asReader = (sql: string): Promise<pg.QueryResult> =>
      withClient(as('cutover_reader'), (client) => client.query(sql));
    expect((await asReader('SELECT * FROM public.totals')).rows).toHaveLength(10);
    await expect(asReader('SELECT * FROM cutover_batch.totals')).rejects.toThrow(/permission denied/);
    expect(await canaryAction(one.context(), 'totals', 'start', {})).toMatchObject({ applied: true });
    expect((await asReader('SELECT * FROM public.totals')).rows).toHaveLength(10);
    expect((await doctor(one.context())).checks.filter(({ status }) => status === 'fail')).toEqual([]);
  });

  it('the embedded store has nothing to print', async () => {
    const one = new TestProject({ pipelines: totals() }, systemClock, null);
    projects.push(one);
    expect((await failure(printDdl(one.context()))).code).toBe('USAGE');
  });
});

describe.skipIf(problem !== null)('the served view', () => {
  it('keeps the rights that were granted on it when its columns change, and is not dropped under a view of somebody else', async () => {
    const database = await createDatabase(url ?? '');
    const one = new TestProject({ pipelines: totals() }, systemClock, database);
    projects.push(one);
    one.ndjson('a.ndjson', ALL);
    await one.run();
    const reader = `reader_${Math.random().toString(36).slice(2, 8)}`;
    await one.execute(`CREATE ROLE ${reader}`);
    await one.execute(`GRANT SELECT ON main.totals TO ${reader} WITH GRANT OPTION`);
    const other = totals({
      batch: { sql: BATCH_SQL.replace('count(*) AS n', 'count(*) + 0.5 AS n') },
      stream: { sql: STREAM_SQL, setup: SETUP_SQL.replace('BIGINT', 'NUMERIC') },
    });
    one.configure({ pipelines: other });
    await rebuild(one.context(), 'totals');
    await one.run();
    expect(await one.query(`SELECT n FROM main.totals LIMIT 1`)).toEqual([{ n: '4.5' }]);
    expect(
      await one.query(`SELECT has_table_privilege('${reader}', 'main.totals', 'SELECT WITH GRANT OPTION') AS kept`),
    ).toEqual([{ kept: true }]);

    // A view over it stays as long as the columns do.
    await one.execute('CREATE VIEW main.dashboard AS SELECT count(*) AS n FROM main.totals');
    await rebuild(one.context(), 'totals');
    expect(await one.query('SELECT n FROM main.dashboard')).toEqual([{ n: '10' }]);
    one.configure({ pipelines: totals({ batch: { sql: BATCH_SQL }, stream: { sql: STREAM_SQL, setup: SETUP_SQL } }) });
    await rebuild(one.context(), 'totals');
    const error = await failure(one.run());
    expect(error.code).toBe('STORE_DEPENDENTS');
    expect(error.message).toContain('dashboard');
    // Nothing was half done.
    expect(await one.query('SELECT n FROM main.dashboard')).toEqual([{ n: '10' }]);
  });

  it('follows the canary, whatever changed it while a cycle made the view anew', async () => {
    const canary = { steps: [50, 100], dwell: { cycles: 0 } };
    const one = new TestProject({ pipelines: totals({ canary }) }, systemClock, await createDatabase(url ?? ''));
    projects.push(one);
    one.ndjson('a.ndjson', ALL);
    await one.run();
    await canaryAction(one.context(), 'totals', 'start', {});
    const sql = BATCH_SQL.replace('count(*)', 'CAST(count(*) AS INTEGER)');
    one.configure({ pipelines: totals({ canary, batch: { sql } }) });
    // The first cycle's snapshot still has 50% on the stream: it is given up, and made again.
    let cycles = 0;
    await one.run({
      reached: async (point) => {
        if (point !== 'batch job done' || (cycles += 1) > 1) return;
        expect(await canaryAction(one.context(), 'totals', 'rollback', {})).toMatchObject({ applied: true });
      },
    });
    expect(cycles).toBe(2);
    await one.execute('UPDATE cutover_stream.totals SET n = n + 1000');
    expect(await one.query('SELECT count(*) AS n FROM main.totals WHERE n >= 1000')).toEqual([{ n: '0' }]);
    expect((await canaryAction(one.context(), 'totals', 'status', {})).state.stage).toBe('rolled_back');
  });

  it('never takes the place of a table', async () => {
    const one = new TestProject({ pipelines: totals() }, systemClock, await createDatabase(url ?? ''));
    projects.push(one);
    one.ndjson('a.ndjson', ALL);
    await one.execute('CREATE SCHEMA main');
    await one.execute('CREATE TABLE main.totals (k TEXT)');
    const error = await failure(one.run());
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('main.totals');
  });
});
