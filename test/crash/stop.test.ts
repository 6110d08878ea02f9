import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { broken, command, inspect, makeWorld, stopped } from './world.js';
import type { Manner, Started, World } from './world.js';

const worlds: World[] = [];
const running: Started[] = [];
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  for (const { root } of worlds.splice(0)) rmSync(root, { recursive: true, force: true });
});

async function made(manner: Partial<Manner> = {}): Promise<World> {
  const world = await makeWorld({ template: 'flights', hold: 'snapshot', files: 2, maxEvents: 20, ...manner });
  worlds.push(world);
  return world;
}

function started(world: World, ...args: readonly string[]): Started {
  const one = command(world, ...args);
  running.push(one);
  return one;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const landedEvents = (world: World): Promise<number> =>
  inspect(world.store, async (ask) => Number((await ask('SELECT count(*) FROM cutover.landing'))[0]?.[0]));

/** Work that no optimiser can leave out: some minutes of it. */
const ENDLESS = '(SELECT sum(hash(a.range, b.range) % 2) FROM range(10000000) a, range(100000) b) >= 0';

function edit(world: World, file: string, change: (sql: string) => string): void {
  const path = join(world.root, 'sql', file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

describe('stopping', () => {
  it('finishes the micro-batch in hand at SIGTERM during ingest', async () => {
    const world = await made({ files: 10 });
    const run = started(world, 'run', '--verbose');
    await run.shows(/(micro-batch committed[\s\S]*){20}/);
    const { code, signal, stderr } = await stopped(run);
    expect({ code, signal, stderr: stderr.match(/error\[.*/) }).toEqual({ code: 0, signal: null, stderr: null });
    const landed = await landedEvents(world);
    expect(landed).toBeGreaterThanOrEqual(400);
    expect(landed).toBeLessThan(90_000);
    expect(landed % 20).toBe(0);
    expect(await broken(world.store, world, true)).toEqual([]);
  });

  it('stops within 5 s at SIGTERM during a long batch job, and stores no comparison of it', async () => {
    const world = await made({ maxEvents: 10_000 });
    expect((await started(world, 'run', '--once').ended).code).toBe(0);
    edit(world, 'daily_delays.batch.sql', (sql) => `SELECT * FROM (${sql}) AS q WHERE ${ENDLESS}`);
    const run = started(world, 'run', '--verbose');
    await pause(2500);
    expect(run.child.exitCode).toBeNull();
    const { code, signal } = await stopped(run);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const stored = await inspect(world.store, (ask) => ask('SELECT id, verdict FROM cutover.comparisons'));
    expect(stored).toEqual([['1', 'pass']]);
    expect(await broken(world.store, world, true)).toEqual([]);
  });

  /** A run whose first micro-batch does not end, two seconds after it opened its store. */
  async function stuck(): Promise<{ world: World; run: Started }> {
    const world = await made();
    edit(world, 'daily_delays.stream.sql', (sql) => `${sql}\nDELETE FROM daily_delays WHERE NOT (${ENDLESS});\n`);
    const run = started(world, 'run', '--verbose');
    while (!existsSync(world.store) && run.child.exitCode === null) await pause(100);
    await pause(2000);
    expect(run.child.exitCode).toBeNull();
    return { world, run };
  }

  it('rolls back a micro-batch that does not end, within 5 s of SIGTERM', async () => {
    const { world, run } = await stuck();
    const { code, signal } = await stopped(run);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(await landedEvents(world)).toBe(0);
    expect(await broken(world.store, world, true)).toEqual([]);
  });

  it('stops at once at the second SIGTERM, whatever is under way', async () => {
    const { run } = await stuck();
    run.child.kill('SIGTERM');
    await pause(200);
    const { signal } = await stopped(run);
    expect(signal).toBe('SIGTERM');
  });
});

describe('two runs on one store', () => {
  it('the second is refused, the first goes on', async () => {
    const world = await made({ maxEvents: 5000, every: '100ms' });
    const first = started(world, 'run');
    await first.shows(/daily_delays/);
    const second = await started(world, 'run', '--once').ended;
    expect(second.code).toBe(2);
    expect(second.stdout).toBe('');
    expect(second.stderr).toMatch(new RegExp(`error\\[STORE_LOCKED\\]: .*${first.child.pid}`));
    expect(first.child.exitCode).toBeNull();
    expect((await stopped(first)).code).toBe(0);
    expect(await broken(world.store, world, true)).toEqual([]);
  });
});
