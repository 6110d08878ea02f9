import pg from 'pg';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { canaryAction } from '../../src/app/canary.js';
import { refreshNow } from '../../src/app/views.js';
import { systemClock } from '../../src/cli/clock.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { start } from '../crash/world.js';
import { events, failure, testProjects, totals, useServer, type TestProject } from '../integration/project.js';
import { createDatabase } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';
import { stopped } from '../crash/world.js';
import { SharedWorld } from './world.js';

const { url, problem } = inject('postgres');
const server = url ?? '';
if (url !== null) useServer(url);

const newProject = testProjects();
const worlds: SharedWorld[] = [];
const clients: pg.Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
  for (const world of worlds.splice(0)) await world.remove();
});

async function connected(to: string): Promise<pg.Client> {
  const client = new pg.Client(to);
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const CANARY = { canary: { steps: [25, 100], dwell: { cycles: 0 } } };

async function projectWith(sql: string): Promise<TestProject> {
  const one = newProject({ pipelines: totals(CANARY), views: { busy: { sql } } }, systemClock);
  one.ndjson('a.ndjson', events(40));
  await one.run();
  return one;
}

/** Two pipelines and a view over one of them, on a store that processes share. */
async function worldWith(view: object): Promise<SharedWorld> {
  const world = await SharedWorld.make(server, { every: '10m' });
  worlds.push(world);
  const config = JSON.parse(readFileSync(world.config, 'utf8')) as object;
  writeFileSync(world.config, JSON.stringify({ ...config, views: { sums: view } }));
  return world;
}

const SUMS = 'SELECT k, n, total FROM totals';
const KILLER = join(import.meta.dirname, '..', 'crash', 'driver.mjs');
/** What a refresh computes its rows by. */
const COMPUTING = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND query LIKE 'CREATE TEMPORARY TABLE pg_temp."cutover_view_result"%'`;

describe.skipIf(loudly('materialized views on one PostgreSQL', problem))(
  'materialized views of several processes',
  () => {
    it(
      'are never seen empty, half, or of two refreshes, whether rows change or columns',
      { timeout: 300_000 },
      async () => {
        const sql = (turn: number): string =>
          `SELECT k, n, ${turn} AS turn${turn % 3 === 0 ? ', total' : ''} FROM totals`;
        const one = await projectWith(sql(0));
        const reader = await connected(one.url);
        const seen = new Set<number>();
        let reading = true;
        const polled = (async () => {
          const wrong: unknown[] = [];
          while (reading) {
            const { rows } = await reader.query<{ n: number; low: number; high: number }>(
              'SELECT count(*)::int AS n, min(turn) AS low, max(turn) AS high FROM main.busy',
            );
            const [row] = rows;
            if (row === undefined || row.n !== 10 || row.low !== row.high) wrong.push(row);
            else seen.add(row.low);
          }
          return wrong;
        })();
        for (let turn = 1; turn <= 8; turn++) {
          one.configure({ pipelines: totals(CANARY), views: { busy: { sql: sql(turn) } } });
          await refreshNow(one.context(), 'busy', { full: false });
        }
        reading = false;
        expect(await polled).toEqual([]);
        expect(seen.size).toBeGreaterThan(4);
      },
    );

    it('keep their former rows when the process is killed in the middle, and are refreshed by the next', async () => {
      const world = await worldWith({ sql: SUMS, every: '1ms' });
      world.produce(500);
      const env = { STORE_URL: world.database };
      expect((await start([KILLER, world.config, 'once'], env).ended).code).toBe(0);
      const rows = () => world.ask('SELECT * FROM public.sums ORDER BY k');
      const before = await rows();
      expect(before).toHaveLength(23);
      world.produce(100);
      for (const point of ['view computed', 'view written', 'view stored']) {
        expect((await start([KILLER, world.config, 'once', point, '1'], env).ended).signal).toBe('SIGKILL');
        expect(await rows()).toEqual(before);
      }
      expect((await start([KILLER, world.config, 'once'], env).ended).code).toBe(0);
      expect(await rows()).toEqual(await world.ask(`${SUMS.replace('totals', 'public.totals')} ORDER BY k`));
      expect(await rows()).not.toEqual(before);
    });

    it('are refreshed by one process at a time', { timeout: 300_000 }, async () => {
      const world = await worldWith({ sql: `SELECT k, n FROM totals, (SELECT pg_sleep(0.3)) AS slow`, every: '100ms' });
      world.produce(200);
      const runs = [world.cli(['run']), world.cli(['run'])];
      const watcher = await connected(world.database);
      let [most, seen] = [0, 0];
      await world.until(async () => {
        const { rows } = await watcher.query<{ n: number }>(COMPUTING);
        const n = rows[0]?.n ?? 0;
        most = Math.max(most, n);
        seen += n;
        return seen > 40;
      }, 'views were refreshed');
      expect(most).toBe(1);
      for (const run of runs) expect(await stopped(run)).toMatchObject({ code: 0 });
      expect(await world.ask('SELECT error, failures FROM cutover.views')).toEqual([{ error: null, failures: 0 }]);
    });

    it(
      'are taken over from a process that is frozen in the middle, which does no harm when it wakes',
      { timeout: 300_000 },
      async () => {
        const world = await worldWith({ sql: SUMS, every: '100ms' });
        world.produce(200);
        const frozen = world.drive(3000, ['forever', 'view written', '2']);
        await frozen.shows(/frozen at/);
        const refreshed = await world.cli(['views', 'refresh', 'sums', '--verbose']).ended;
        expect(refreshed).toMatchObject({ code: 0 });
        expect(refreshed.stderr).toMatch(/waiting for another process/);
        frozen.child.kill('SIGCONT');
        world.produce(100);
        await world.until(async () => (await world.landed()) === world.events, 'it went on');
        expect(await stopped(frozen)).toMatchObject({ code: 0 });
        expect(await world.ask('SELECT count(*)::int AS n FROM public.sums')).toEqual([{ n: 23 }]);
      },
    );

    it('do not keep a canary from rolling back while they are computed', { timeout: 300_000 }, async () => {
      const one = await projectWith('SELECT k, n FROM totals');
      await canaryAction(one.context(), 'totals', 'start', {});
      one.configure({
        pipelines: totals(CANARY),
        views: { busy: { sql: 'SELECT k, n FROM totals, (SELECT pg_sleep(8)) AS slow' } },
      });
      let done = false;
      const refreshing = refreshNow(one.context(), 'busy', { full: false }).finally(() => {
        done = true;
      });
      const watcher = await connected(one.url);
      for (;;) if (((await watcher.query<{ n: number }>(COMPUTING)).rows[0]?.n ?? 0) > 0) break;
      expect(await canaryAction(one.context(), 'totals', 'rollback', {})).toMatchObject({ applied: true });
      expect(done).toBe(false);
      // It shows the snapshot that it read, and says which.
      expect((await refreshing).views).toMatchObject([{ side: 'mixed', sources: [{ share_ppm: 250_000 }] }]);
    });

    it('keep the rights on their table, and name what depends on its columns', async () => {
      const one = await projectWith('SELECT k, n FROM totals');
      const reader = `reader_${process.pid}_${Date.now()}`;
      await one.execute(`CREATE ROLE ${reader}`);
      await one.execute(`GRANT SELECT ON main.busy TO ${reader}`);
      one.configure({ pipelines: totals(CANARY), views: { busy: { sql: 'SELECT k, n, total FROM totals' } } });
      await refreshNow(one.context(), 'busy', { full: false });
      expect(await one.query(`SELECT has_table_privilege('${reader}', 'main.busy', 'SELECT') AS may`)).toEqual([
        { may: true },
      ]);
      await one.execute('CREATE VIEW main.dependent AS SELECT total FROM main.busy');
      await one.execute(`UPDATE cutover_batch.totals SET n = n + 1 WHERE k = 'k1'`);
      await refreshNow(one.context(), 'busy', { full: false });
      one.configure({ pipelines: totals(CANARY), views: { busy: { sql: 'SELECT k FROM totals' } } });
      const error = await failure(refreshNow(one.context(), 'busy', { full: false }));
      expect(error).toMatchObject({ code: 'STORE_DEPENDENTS' });
      expect(error.message).toMatch(/dependent/);
      expect(error.remedy).toMatch(/cutover views refresh busy/);
      expect(await one.query('SELECT count(*) AS n FROM main.dependent')).toEqual([{ n: '10' }]);
      await one.execute(`REVOKE ALL ON main.busy FROM ${reader}`);
      await one.execute(`DROP ROLE ${reader}`);
    });

    it('do not read a table that was replaced since their snapshot', async () => {
      const schemas = { batch: 'b', stream: 's', served: 'public' };
      const store = openPostgresStore({ url: await createDatabase(server), schemas });
      try {
        const [mine, other] = [await store.session(), await store.session()];
        await other.script('CREATE TABLE public.t AS SELECT 1 AS a; CREATE TABLE public.u AS SELECT 1 AS a');
        const tables = ['t', 'u'].map((name) => ({ schema: 'public', name }));
        await mine.transaction(async () => {
          await mine.query('SELECT * FROM public.u');
          await store.dialect.pinTables(mine, tables);
        });
        await mine
          .transaction(async () => {
            await mine.query('SELECT * FROM public.u');
            await other.transaction(() => store.dialect.replaceTable(other, 'public', 't', 'SELECT 2 AS a'));
            await expect(store.dialect.pinTables(mine, tables)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
          })
          .catch(() => undefined);
        expect.assertions(1);
      } finally {
        await store.close();
      }
    });
  },
);
