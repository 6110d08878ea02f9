import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { broken, command, makeWorld, tablesOf } from './world.js';
import type { Manner, World } from './world.js';

const MANNER: Manner = { template: 'flights', hold: 'snapshot', files: 2, maxEvents: 1000 };

const folders: string[] = [];
const mounts: string[] = [];
afterEach(() => {
  for (const mount of mounts.splice(0)) spawnSync('umount', ['--lazy', mount]);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function made(directory?: string): Promise<World> {
  const world = await makeWorld({ ...MANNER, ...(directory === undefined ? {} : { directory }) });
  folders.push(world.root);
  return world;
}

const DAMAGES: readonly { name: string; damage: (path: string) => void }[] = [
  { name: 'is cut in half', damage: (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2)) },
  { name: 'is cut within its header', damage: (path) => truncateSync(path, 5000) },
  { name: 'is no store at all', damage: (path) => writeFileSync(path, 'a text\n'.repeat(10_000)) },
  {
    name: 'has its header overwritten',
    damage: (path) =>
      writeFileSync(path, Buffer.concat([Buffer.alloc(12_288, 0xa5), readFileSync(path).subarray(12_288)])),
  },
  {
    name: 'has its blocks overwritten',
    damage: (path) => {
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0xa5, 12_288 + 4096));
    },
  },
];

describe('a store file that', () => {
  it.each(DAMAGES)('$name is refused with a clear error', async ({ damage }) => {
    const world = await made();
    expect((await command(world, 'run', '--once').ended).code).toBe(0);
    damage(world.store);
    for (const args of [
      ['run', '--once'],
      ['compare', 'daily_delays'],
      ['gate', 'daily_delays'],
    ]) {
      const { code, stdout, stderr } = await command(world, ...args).ended;
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^error\[STORE_UNREADABLE\]: /m);
    }
  });
});

/** A small file system of its own, or undefined where this account may not mount one. */
function smallDisk(size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-disk-'));
  folders.push(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  if (mounted.status !== 0) return undefined;
  mounts.push(folder);
  return folder;
}

describe('a disk that is full', () => {
  it('ends the run with a coded error, and once there is space the next one goes on', async (context) => {
    const disk = smallDisk('48m');
    if (disk === undefined) {
      console.warn('SKIPPED: a full disk was not tried, for this account may not mount a file system');
      context.skip('mounting a file system is not permitted');
      return;
    }
    const calm = await made();
    expect((await command(calm, 'run', '--once').ended).code).toBe(0);
    const expected = await tablesOf(calm.store);
    // Full at different moments: at once, while the first events land, later.
    for (const free of [64_000, 400_000, 800_000, 1_500_000]) {
      const world = await made(join(disk, `free-${free}`));
      const ballast = join(disk, 'ballast');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - free));
      const full = await command(world, 'run', '--once').ended;
      expect({ free, code: full.code, stdout: full.stdout }).toEqual({ free, code: 2, stdout: '' });
      expect(full.stderr).toMatch(/^error\[STORE_FULL\]: /m);
      rmSync(ballast);
      const again = await command(world, 'run', '--once').ended;
      expect({ free, code: again.code }).toEqual({ free, code: 0 });
      expect(await broken(world.store, world, true)).toEqual([]);
      expect(await tablesOf(world.store)).toEqual(expected);
      rmSync(world.root, { recursive: true });
    }
  });
});
