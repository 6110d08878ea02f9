import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { blocksOf, changeOf, fileOf, stepsOf, unprinted } from './documented.js';

const ROOT = join(import.meta.dirname, '..', '..');
const GUIDE = readFileSync(join(ROOT, 'docs', 'guide.md'), 'utf8');
/** The built program (`npm run build`, which `npm test` does first). */
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

/** The page's user and folder. */
const USER = 'ada';
const HOME = '/home/ada';

let world = '';
afterEach(() => {
  rmSync(world, { recursive: true, force: true });
});

/** A reader's shell: it keeps its folder from command to command. */
function reader() {
  world = realpathSync(mkdtempSync(join(tmpdir(), 'cutover-guide-')));
  const bin = join(world, 'bin');
  const home = join(world, 'home');
  for (const folder of [bin, home]) mkdirSync(folder);
  symlinkSync(MAIN, join(bin, 'cutover'));
  /** The folder in which the last command left the shell. */
  const left = join(world, 'folder');
  let folder = home;
  const name = new RegExp(`\\b${userInfo().username}\\b`, 'g');
  return {
    path: (file: string) => join(folder, file),
    run: (command: string): { readonly code: number | null; readonly printed: string } => {
      const script = `exec 2>&1; ${command}\ncode=$?; pwd > '${left}'; exit $code`;
      const env = { ...process.env, PATH: [bin, process.env['PATH'] ?? ''].join(delimiter) };
      const { status, stdout } = spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' });
      folder = readFileSync(left, 'utf8').trim();
      return { code: status, printed: stdout.replaceAll(home, HOME).replace(name, USER) };
    },
  };
}

describe('docs/guide.md', () => {
  it('shows what its commands print, in order', { timeout: 600_000 }, () => {
    const { path, run } = reader();
    let commands = 0;
    for (const block of blocksOf(GUIDE)) {
      const file = fileOf(block);
      if (file !== null) writeFileSync(path(file.name), file.text);
      const change = changeOf(block);
      if (change !== null) writeFileSync(path(change.name), change.apply(readFileSync(path(change.name), 'utf8')));
      for (const { command, shown, line } of block.language === 'console' ? stepsOf(block) : []) {
        const { code, printed } = run(command);
        const where = `docs/guide.md:${line} $ ${command}\n${printed}`;
        expect(code, where).toBe(0);
        expect(unprinted(shown, printed, { ends: true }), where).toBeNull();
        commands += 1;
      }
    }
    expect(commands).toBeGreaterThan(25);
  });
});
