import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Point } from '../../src/shadow/environment.js';
import { POINTS } from '../../src/shadow/environment.js';
import { broken, drive, makeWorld, tablesOf } from './world.js';
import type { Manner, World } from './world.js';

type Kill = readonly [Point, number];

/** Kills during the first drain and its cycle: each run goes on where the one before was killed. */
const FIRST: readonly Kill[] = [
  ['micro-batch begun', 1],
  ['events landed', 1],
  ['chunk staged', 1],
  ['stream jobs applied', 2],
  ['offsets saved', 3],
  ['micro-batch committed', 1],
  ['offsets saved', 1],
  ['events landed', 3],
  ['chunk staged', 2],
  ['micro-batch committed', 3],
  ['stream jobs applied', 1],
  ['cut taken', 1],
  ['batch job done', 1],
  ['batch side published', 1],
  ['sides compared', 1],
  ['comparison stored', 1],
];
/** More events have arrived; the batch side has a former result. */
const SECOND: readonly Kill[] = [
  ['micro-batch begun', 2],
  ['offsets saved', 2],
  ['cut taken', 1],
  ['batch side published', 1],
  ['comparison stored', 1],
];
/** In a chain of three pipelines. With `copy` the pipelines of a cycle that are done stay done, so fewer are left each time. */
const CHAINED: Readonly<Record<Manner['hold'], readonly Kill[]>> = {
  snapshot: [
    ['batch job done', 2],
    ['batch side published', 3],
    ['comparison stored', 2],
    ['comparison stored', 3],
  ],
  copy: [
    ['batch job done', 2],
    ['batch side published', 2],
    ['comparison stored', 1],
  ],
};
const LAST: readonly Kill[] = [['cycle committed', 1]];
const REBUILD: readonly Kill[] = [
  ['rebuild replayed', 1],
  ['rebuild swapped', 1],
];

const worlds: World[] = [];
afterEach(() => {
  for (const { root } of worlds.splice(0)) rmSync(root, { recursive: true, force: true });
});

async function made(manner: Manner): Promise<World> {
  const world = await makeWorld(manner);
  worlds.push(world);
  return world;
}

/** More input: another file, and lines at the end of the first one. */
function grow(world: World, manner: Manner): void {
  if (manner.template !== 'medallion') {
    const data = join(import.meta.dirname, '..', '..', 'fixtures', 'flights');
    copyFileSync(join(data, 'flights-09.parquet'), join(world.root, 'data', 'flights-09.parquet'));
    return;
  }
  const lines = readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'medallion', 'events-06.ndjson'), 'utf8')
    .trimEnd()
    .split('\n');
  const first = join(world.root, 'data', 'events-01.ndjson');
  writeFileSync(first, `${lines.slice(0, 300).join('\n')}\nbroken line\n`, { flag: 'a' });
  writeFileSync(join(world.root, 'data', 'events-99.ndjson'), `${lines.slice(300, 500).join('\n')}\n`);
}

async function killedAt(world: World, action: string, [point, occurrence]: Kill, whole: boolean): Promise<void> {
  const ended = await drive(world, action, point, String(occurrence)).ended;
  const where = `${action} killed at '${point}' (${occurrence})`;
  expect({ where, signal: ended.signal, stderr: ended.stderr }).toEqual({ where, signal: 'SIGKILL', stderr: '' });
  expect({ where, broken: await broken(world.store, world, whole) }).toEqual({ where, broken: [] });
}

async function finished(world: World, action: string): Promise<void> {
  const ended = await drive(world, action).ended;
  const verdict = action === 'once' ? 'pass' : 'none';
  expect({ code: ended.code, stderr: ended.stderr, stdout: ended.stdout }).toEqual({
    code: 0,
    stderr: '',
    stdout: `{"verdict":"${verdict}"}\n`,
  });
}

/** Drain, cycle, more events, drain, cycle, rebuild, cycle; `kills` are done before each part is finished. */
async function journey(manner: Manner, kills: readonly (readonly Kill[])[]): Promise<Record<string, string>[]> {
  const world = await made(manner);
  const whole = manner.hold === 'snapshot';
  const [pipeline = ''] = world.pipelines;
  const stages: Record<string, string>[] = [];
  for (const [index, action] of ['once', 'once', `rebuild:${pipeline}`, 'once'].entries()) {
    if (index === 1) grow(world, manner);
    for (const kill of kills[index] ?? []) await killedAt(world, action, kill, whole);
    await finished(world, action);
    expect(await broken(world.store, world, whole)).toEqual([]);
    stages.push(await tablesOf(world.store));
  }
  return stages;
}

const MANNERS: readonly Manner[] = [
  { template: 'kappa', hold: 'snapshot', files: 2, maxEvents: 900 },
  { template: 'medallion', hold: 'copy', files: 3, lines: 250, maxEvents: 35 },
  { template: 'medallion', hold: 'snapshot', files: 3, lines: 250, maxEvents: 35 },
];

describe('a run that is killed', () => {
  it('is killed at every point there is', () => {
    const tried = new Set([FIRST, SECOND, LAST, REBUILD].flat().map(([point]) => point));
    // Those of a retry: retry.test.ts; those of views: views.test.ts
    expect(POINTS.filter((point) => !tried.has(point) && !/^(?:retry|view)/.test(point))).toEqual([]);
  });

  it.each(MANNERS)(
    'and restarted has the tables of a run without faults: $template, $hold',
    { timeout: 480_000 },
    async (manner) => {
      const chained = manner.template === 'medallion' ? CHAINED[manner.hold] : [];
      const expected = await journey(manner, []);
      const found = await journey(manner, [FIRST, [...SECOND, ...chained, ...LAST], REBUILD]);
      expect(found).toEqual(expected);
    },
  );

  it(
    'at random moments, while ingest and cycles run beside each other, has them too',
    { timeout: 480_000 },
    async () => {
      const seed = Number(process.env['CUTOVER_CRASH_SEED'] ?? 20_261);
      const rounds = Number(process.env['CUTOVER_CRASH_ROUNDS'] ?? 3);
      const random = seeded(seed);
      for (const hold of ['snapshot', 'copy'] as const) {
        const manner: Manner = { template: 'medallion', hold, files: 4, lines: 400, maxEvents: 10, every: '30ms' };
        const calm = await made(manner);
        await finished(calm, 'once');
        const world = await made(manner);
        const delays: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const delay = 350 + Math.floor(random() * 900);
          delays.push(delay);
          const { child, ended } = drive(world, 'forever');
          await new Promise((resolve) => setTimeout(resolve, delay));
          child.kill('SIGKILL');
          const where = `seed ${seed}, ${hold}, killed after ${delays.join(', ')} ms`;
          expect({ where, signal: (await ended).signal }).toEqual({ where, signal: 'SIGKILL' });
          if (existsSync(world.store))
            expect({ where, broken: await broken(world.store, world, false) }).toEqual({ where, broken: [] });
        }
        console.log(`seed ${seed}, ${hold}: killed after ${delays.join(', ')} ms`);
        await finished(world, 'once');
        expect(await tablesOf(world.store)).toEqual(await tablesOf(calm.store));
      }
    },
  );
});

/** Uniform in [0, 1): mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
