import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Started } from '../crash/world.js';
import { localPostgresProblem, startLocalPostgres, type PostgresPart } from '../parts/postgres.js';
import { PostgresProxy } from '../parts/proxy.js';
import { loudly } from '../parts/require.js';
import { SharedWorld, type WorldOptions } from './world.js';

const problem = await localPostgresProblem();

const worlds: SharedWorld[] = [];
const proxies: PostgresProxy[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
  for (const proxy of proxies.splice(0)) await proxy.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks a run to stop; past the promised 5 s it is killed, and its end shows the signal. */
async function stoppedWell({ child, ended }: Started): Promise<string> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  const { code, signal, stderr } = await ended;
  clearTimeout(late);
  expect({ code, signal, errors: stderr.match(/error\[.*/) }).toEqual({ code: 0, signal: null, errors: null });
  return stderr;
}

describe.skipIf(loudly('faults of PostgreSQL', problem))('a run whose PostgreSQL fails', { timeout: 480_000 }, () => {
  let server: PostgresPart;
  beforeAll(async () => {
    server = await startLocalPostgres(['max_connections=30']);
  });
  afterAll(() => server.stop());

  async function made(options: WorldOptions = {}): Promise<SharedWorld> {
    const world = await SharedWorld.make(server.url, options);
    worlds.push(world);
    return world;
  }

  async function proxied(world: SharedWorld): Promise<PostgresProxy> {
    const proxy = await PostgresProxy.before(world.database);
    proxies.push(proxy);
    return proxy;
  }

  async function sound(world: SharedWorld): Promise<void> {
    expect(await world.broken()).toEqual([]);
    expect(await world.tables()).toEqual(await world.expected(server.url));
  }

  it('goes on after the server was killed in the middle of transactions and started again', async () => {
    const world = await made({ maxEvents: 20, streamSuffix: 'SELECT pg_sleep(0.02);' });
    world.produce(2000);
    const run = world.cli(['run']);
    await world.until(async () => (await world.landed()) > 100, 'ingest has begun');
    for (let round = 0; round < 3; round++) {
      const before = await world.landed();
      await server.kill();
      await pause(700);
      await server.restart();
      await world.until(async () => (await world.landed()) > before + 100, 'ingest goes on');
    }
    await world.settled();
    expect(await stoppedWell(run)).toMatch(/connecting again[\s\S]*connected again/);
    await sound(world);
  });

  it('goes on when its sessions are terminated, again and again', async () => {
    const world = await made({ maxEvents: 20 });
    world.produce(2000);
    const run = world.cli(['run']);
    await world.until(async () => (await world.landed()) > 100, 'ingest has begun');
    for (let round = 0; round < 12; round++) {
      world.produce(100, `more-${round}.ndjson`);
      // All of its connections, or one of them: that of the ingest, of the cycles, of the roles.
      await world.ask(
        `SELECT pg_terminate_backend(pid) FROM (SELECT pid, row_number() OVER (ORDER BY pid) AS n FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'cutover') a WHERE ${round % 4} = 0 OR n = ${round % 4}`,
      );
      await pause(400 + 70 * round);
    }
    await world.settled();
    expect(await stoppedWell(run)).toMatch(/connecting again/);
    await sound(world);
  });

  it('neither repeats nor skips what was committed when the answer to COMMIT is lost', async () => {
    const world = await made({ maxEvents: 20 });
    world.produce(1500);
    const proxy = await proxied(world);
    const run = world.cli(['run'], proxy.url);
    await world.until(async () => (await world.landed()) > 100, 'ingest has begun');
    // Of the micro-batches and the cycles, as it comes.
    proxy.cutAfterCommits(3, 5, 8, 2, 11, 4, 7, 13, 1, 6);
    for (let round = 0; proxy.cut < 6 && round < 100; round++) {
      world.produce(60, `more-${round}.ndjson`);
      await pause(200);
    }
    expect(proxy.cut).toBeGreaterThanOrEqual(6);
    await world.settled();
    await stoppedWell(run);
    await sound(world);
  });

  it('gives connections up that went silent, and goes on by new ones', async () => {
    const world = await made();
    world.produce(500);
    const proxy = await proxied(world);
    const run = world.cli(['run'], proxy.url);
    await world.settled();
    proxy.silence();
    world.produce(500, 'b.ndjson');
    await run.shows(/connection to postgres:\/\/\S+ was lost.*connecting again/);
    await run.shows(/connected again/);
    await world.settled();
    await stoppedWell(run);
    await sound(world);
  });

  it('waits for a server that is frozen for 25 s without giving it up', async () => {
    const world = await made();
    world.produce(500);
    const run = world.cli(['run']);
    await world.settled();
    server.pause();
    world.produce(500, 'b.ndjson');
    await pause(25_000);
    server.resume();
    await world.settled();
    expect(await stoppedWell(run)).not.toMatch(/connecting again/);
    await sound(world);
  });

  it('stops within 5 s while the server is frozen, and while it waits for one that is gone', async () => {
    const world = await made();
    world.produce(500);
    const run = world.cli(['run']);
    await world.settled();
    server.pause();
    world.produce(500, 'b.ndjson');
    await pause(1000);
    await stoppedWell(run).finally(() => {
      server.resume();
    });
    const again = world.cli(['run']);
    await world.settled();
    await server.kill();
    await again.shows(/connecting again/);
    await pause(2000);
    await stoppedWell(again).finally(() => server.restart());
    expect((await world.cli(['run', '--once']).ended).code).toBe(0);
    await sound(world);
  });

  it('comes back when the connections were used up, while `run --once` and others end with a coded error', async () => {
    const world = await made();
    world.produce(500);
    const run = world.cli(['run']);
    await world.settled();
    const hogs: pg.Client[] = [];
    const take = async (): Promise<boolean> => {
      const hog = new pg.Client({ connectionString: world.database });
      hog.on('error', () => undefined);
      await hog.connect();
      hogs.push(hog);
      return true;
    };
    while (await take().catch(() => false));
    const [asker] = hogs;
    await asker?.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cutover'`,
    );
    while (await take().catch(() => false));
    await run.shows(/too many clients.*connecting again|connection slots.*connecting again/);
    const refused = await world.cli(['run', '--once']).ended;
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^error\[STORE_UNREACHABLE\]: /m);
    await Promise.all(hogs.map((hog) => hog.end()));
    world.produce(500, 'b.ndjson');
    await world.settled();
    await stoppedWell(run);
    await sound(world);
  });

  it('ends with the coded error when the connection is lost under `run --once`, and the next one goes on', async () => {
    const world = await made({ maxEvents: 20, streamSuffix: 'SELECT pg_sleep(0.01);' });
    world.produce(1000);
    const once = world.cli(['run', '--once']);
    await world.until(async () => (await world.landed()) > 100, 'ingest has begun');
    await world.ask(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cutover'`,
    );
    const { code, stdout, stderr } = await once.ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error\[STORE_CONNECTION_LOST\]: /m);
    expect((await world.cli(['run', '--once']).ended).code).toBe(0);
    await sound(world);
  });
});

/** A small file system of its own, or undefined where this account may not mount one. */
function smallDisk(size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-pgdisk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0777`, 'tmpfs', folder]).status === 0) return folder;
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

describe.skipIf(loudly('faults of PostgreSQL', problem))(
  'a PostgreSQL whose disk is full',
  { timeout: 480_000 },
  () => {
    it('ends the run with the coded error, and once there is space the next one goes on', async (context) => {
      const disk = smallDisk('64m');
      if (disk === undefined) {
        console.warn('SKIPPED: a full disk was not tried, for this account may not mount a file system');
        context.skip('mounting a file system is not permitted');
        return;
      }
      const server = await startLocalPostgres();
      try {
        const { uid, gid } = statSync(`/proc/${server.pid()}`);
        chownSync(disk, uid, gid);
        const client = new pg.Client({ connectionString: server.url });
        client.on('error', () => undefined);
        await client.connect();
        // Only the tables stand on the small disk: without space for its log of changes the whole server stops.
        await client.query(`CREATE TABLESPACE small LOCATION '${disk}'`);
        await client.query('ALTER DATABASE template1 SET TABLESPACE small');
        await client.end();
        const world = await SharedWorld.make(server.url, { maxEvents: 2000, every: '1h' });
        worlds.push(world);
        world.produce(20_000);
        const calm = await world.expected(server.url);
        const ballast = join(disk, 'ballast');
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(ballast, Buffer.alloc(bavail * bsize - 1_200_000));
        const full = await world.cli(['run', '--once']).ended;
        expect({ code: full.code, stdout: full.stdout }).toEqual({ code: 2, stdout: '' });
        expect(full.stderr).toMatch(/^error\[STORE_FULL\]: /m);
        rmSync(ballast);
        const next = await world.cli(['run', '--once']).ended;
        expect({ code: next.code, stderr: next.stderr.match(/error\[.*/) }).toEqual({ code: 0, stderr: null });
        expect(await world.broken()).toEqual([]);
        expect(await world.tables()).toEqual(calm);
      } finally {
        await server.stop();
        spawnSync('umount', ['--lazy', disk]);
        rmSync(disk, { recursive: true, force: true });
      }
    });
  },
);
