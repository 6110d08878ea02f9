import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { stopped, type Started } from '../crash/world.js';
import { loudly } from '../parts/require.js';
import { SharedWorld, type WorldOptions } from './world.js';

const { url, problem } = inject('postgres');
const server = url ?? '';

const worlds: SharedWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
});

async function made(options: WorldOptions = {}): Promise<SharedWorld> {
  const world = await SharedWorld.make(server, options);
  worlds.push(world);
  return world;
}

const CLEAN = { code: 0, signal: null };

async function stoppedWell(...runs: readonly Started[]): Promise<void> {
  for (const run of runs) {
    const { code, signal, stderr } = await stopped(run);
    expect({ code, signal, errors: stderr.match(/error\[.*/) }).toEqual({ ...CLEAN, errors: null });
  }
}

async function sound(world: SharedWorld): Promise<void> {
  expect(await world.broken()).toEqual([]);
  expect(await world.tables()).toEqual(await world.expected(server));
}

const LEASE = 3000;

describe.skipIf(loudly('several processes on one PostgreSQL', problem))('several `cutover run` on one store', () => {
  it('start at once on an empty database; one reads the log and runs the cycles, the others stand by', async () => {
    const world = await made();
    world.produce(3000);
    const runs = [1, 2, 3].map(() => world.cli(['run']));
    await world.settled();
    await Promise.all(runs.map((run) => run.shows(/standing by|comparison/)));
    world.produce(500, 'b.ndjson');
    await world.settled();
    await stoppedWell(...runs);
    await sound(world);
  });

  it('take over at once from one that is killed, time after time', { timeout: 300_000 }, async () => {
    const world = await made({ maxEvents: 20 });
    world.produce(2000);
    let [holder, other] = [world.cli(['run']), world.cli(['run'])];
    await world.until(async () => (await world.landed()) > 100, 'ingest has begun');
    for (let round = 0; round < 4; round++) {
      holder.child.kill('SIGKILL');
      await holder.ended;
      [holder, other] = [other, world.cli(['run'])];
      const before = await world.landed();
      world.produce(1500, `more-${round}.ndjson`);
      await world.until(async () => (await world.landed()) > before + 100, 'the other goes on');
    }
    await world.settled();
    await stoppedWell(holder, other);
    await sound(world);
  });

  it.each([
    ['the middle of a cycle', 'batch side published'],
    ['the middle of a micro-batch', 'stream jobs applied'],
  ])(
    'take over from one that is frozen past its lease in %s, and it does no harm when it wakes',
    { timeout: 300_000 },
    async (_, point) => {
      const world = await made();
      world.produce(2000);
      const frozen = world.drive(LEASE, ['forever', point, '3']);
      await frozen.shows(/frozen at/);
      const other = world.drive(LEASE, ['forever']);
      world.produce(1000, 'b.ndjson');
      await world.settled();
      const made_ = await world.ask('SELECT count(*) FROM cutover.comparisons');
      frozen.child.kill('SIGCONT');
      await frozen.shows(/connecting again/);
      await frozen.shows(/standing by/);
      world.produce(1000, 'c.ndjson');
      await world.settled();
      expect(await world.ask('SELECT count(*) FROM cutover.comparisons')).not.toEqual(made_);
      // Now the one that was frozen takes over in its turn.
      other.child.kill('SIGKILL');
      await other.ended;
      world.produce(1000, 'd.ndjson');
      await world.settled();
      await stoppedWell(frozen);
      await sound(world);
    },
  );

  it('a second `run --once` is refused while another reads the log, and `compare` takes its turn', async () => {
    const world = await made();
    world.produce(1000);
    const run = world.cli(['run']);
    await world.settled();
    const [once, ...compared] = await Promise.all([
      world.cli(['run', '--once']).ended,
      world.cli(['compare', 'totals', '--format', 'json']).ended,
      world.cli(['compare', 'rests', '--format', 'json']).ended,
    ]);
    expect(once.code).toBe(2);
    expect(once.stderr).toMatch(/^error\[STORE_IN_USE\]: another process \(.*process \d+\) reads the log/m);
    for (const { code, stderr } of compared) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await stoppedWell(run);
    // Right after a kill the store still knows the process for a moment.
    const killed = world.cli(['run']);
    world.produce(300, 'b.ndjson');
    await world.settled();
    killed.child.kill('SIGKILL');
    world.produce(300, 'c.ndjson');
    expect((await world.cli(['run', '--once']).ended).code).toBe(0);
    await sound(world);
  });

  it('a rebuild beside a live ingest loses and doubles nothing', { timeout: 300_000 }, async () => {
    const world = await made({ maxEvents: 20 });
    world.produce(1000);
    const run = world.cli(['run']);
    await world.until(async () => (await world.landed()) > 200, 'ingest has begun');
    for (let round = 0; round < 3; round++) {
      world.produce(1500, `more-${round}.ndjson`);
      const rebuilt = await world.cli(['rebuild', 'totals']).ended;
      expect({ code: rebuilt.code, stderr: rebuilt.stderr.match(/error\[.*/) }).toEqual({ code: 0, stderr: null });
    }
    await world.settled();
    await stoppedWell(run);
    await sound(world);
  });

  it('one that runs other code than a rebuild made the tables by stops, and compares nothing more', async () => {
    const world = await made();
    world.produce(1000);
    const old = world.cli(['run']);
    const idle = world.cli(['run']);
    await world.settled();
    const text = readFileSync(world.config, 'utf8');
    writeFileSync(world.config, text.replaceAll('batch_events GROUP BY k', 'batch_events WHERE true GROUP BY k'));
    expect((await world.cli(['rebuild', 'totals']).ended).code).toBe(0);
    world.produce(500, 'b.ndjson');
    const ended = await old.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^error\[STREAM_JOB_CHANGED\]/m);
    // The one that stood by takes the roles, and finds the same.
    expect((await idle.ended).stderr).toMatch(/^error\[STREAM_JOB_CHANGED\]/m);
    const next = world.cli(['run']);
    await world.settled();
    await stoppedWell(next);
    await sound(world);
  });

  it('stops within 5 s while it stands by, and while it waits for a lock of another', async () => {
    const world = await made({ every: '1h' });
    world.produce(200);
    const holder = world.drive(60_000, ['forever', 'stream jobs applied', '3']);
    await holder.shows(/frozen at/);
    const standing = world.drive(60_000, ['forever']);
    await standing.shows(/standing by/);
    await stoppedWell(standing);
    // A rebuild comes to wait for the lock of the micro-batch that is frozen.
    const rebuild = world.drive(60_000, ['rebuild:totals']);
    await world.until(
      async () =>
        (
          await world.ask(
            `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
          )
        ).length > 0,
      'it waits for a lock',
    );
    expect((await stopped(rebuild)).signal).toBeNull();
  });
});
