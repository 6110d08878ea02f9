import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
const rules = join(root, '.dependency-cruiser.cjs');

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}
interface Outcome {
  readonly summary: { readonly violations: readonly Violation[]; readonly totalCruised: number };
}

/** Runs the project's rules over the `src` (and `test`) of a folder. */
function cruise(folder: string, ...inputs: string[]): Outcome['summary'] {
  const args = [cruiser, '--config', rules, '--output-type', 'json', ...inputs];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser gave no result: ${stderr}`);
  return (JSON.parse(stdout) as Outcome).summary;
}

const folders: string[] = [];

/** A temporary project of these files. Imports of packages find the empty packages made in it. */
function project(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-rooms-'));
  folders.push(folder);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of files) write(path, text);
  const dependencies = Object.fromEntries(packages.map((name) => [name, '1.0.0']));
  write('package.json', JSON.stringify({ name: 'rooms', version: '1.0.0', type: 'module', dependencies }));
  for (const name of packages) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const packages = [
  '@duckdb/node-api',
  'cli-progress',
  'commander',
  'croner',
  'jiti',
  'pg',
  'pg-copy-streams',
  'pino',
  'tinyglobby',
  'yaml',
  'zod',
  'left-pad',
];

/** Everything that could be imported: a part of each room, then what stands out inside `log` and `store`. */
const places = [
  ...['model', 'config', 'log', 'store', 'shadow', 'diff', 'explain', 'gate', 'canary', 'advisor', 'report', 'server'],
  ...['cli', 'app', 'log/contract', 'store/contract', 'store/state', 'log/file', 'store/duckdb', 'store/postgres'],
];

/**
 * The design's table of rooms, written a second time and in full: importer -> what it may import.
 * `log` and `store` as targets are their other files: neither contract, nor state, nor an adapter.
 */
const table: Readonly<Record<string, readonly string[]>> = {
  model: ['model'],
  config: ['config', 'model', 'yaml', 'zod', 'croner', 'tinyglobby'],
  log: ['log', 'log/contract', 'model'],
  'log/file': ['log', 'log/contract', 'log/file', 'model', '@duckdb/node-api', 'tinyglobby'],
  store: ['store', 'store/contract', 'store/state', 'model'],
  'store/state': ['store', 'store/contract', 'store/state', 'model'],
  'store/duckdb': ['store', 'store/contract', 'store/state', 'store/duckdb', 'model', '@duckdb/node-api'],
  'store/postgres': [
    ...['store', 'store/contract', 'store/state', 'store/postgres', 'model'],
    ...['@duckdb/node-api', 'pg', 'pg-copy-streams'],
  ],
  shadow: ['shadow', 'model', 'log/contract', 'store/contract', 'store/state', 'diff', 'gate', 'jiti', 'croner'],
  diff: ['diff', 'model', 'store/contract'],
  explain: ['explain', 'model', 'log/contract', 'store/contract', 'diff', 'shadow'],
  gate: ['gate', 'model'],
  canary: ['canary', 'model', 'gate', 'store/contract', 'store/state'],
  advisor: ['advisor', 'model'],
  report: ['report', 'model'],
  server: ['server', 'model', 'app', 'report'],
  cli: ['cli', 'model', 'app', 'report', 'server', 'commander', 'cli-progress', 'pino'],
  app: [...places.filter((place) => place !== 'cli' && place !== 'server'), 'pino'],
};

const fileOf = (place: string): string => (place.endsWith('/contract') ? `src/${place}.ts` : `src/${place}/part.ts`);

/** The import of a place or package from a file `depth` folders below src. */
function specifier(target: string, depth: number): string {
  if (packages.includes(target)) return target;
  return `${'../'.repeat(depth) || './'}${fileOf(target).slice('src/'.length).replace(/ts$/, 'js')}`;
}

describe('the table of rooms', () => {
  it('forbids every import that the table does not allow, and no other', () => {
    const files = new Map(places.map((place) => [fileOf(place), 'export const part = 1;\n']));
    const expected: string[] = [];
    for (const [room, allowed] of Object.entries(table)) {
      for (const [index, target] of [...places, ...packages].entries()) {
        // Half of them import types only: those count as well.
        const word = index % 2 === 0 ? 'import' : 'import type';
        const name = `src/${room}/to-${target.replaceAll(/\W/g, '-')}.ts`;
        const text = `${word} { part } from '${specifier(target, room.split('/').length)}';\nexport type P = typeof part;\n`;
        files.set(name, text);
        if (!allowed.includes(target)) expected.push(name);
        // A test beside the code stands outside the table.
        files.set(name.replace(/ts$/, 'test.ts'), text);
      }
    }
    const { violations } = cruise(project(files), 'src');
    const found = new Set(violations.map(({ from }) => from));
    expect([...found].sort()).toEqual([...new Set(expected)].sort());
  });

  it('holds the entry of the library to the use cases, the canary, the advisor and the types they need', () => {
    const entries = [...places, ...packages, 'node:fs'];
    const files = new Map(places.map((place) => [fileOf(place), 'export const part = 1;\n']));
    const index = entries.map((target, i) => {
      return `import { part as p${i} } from '${target === 'node:fs' ? target : specifier(target, 0)}';\n`;
    });
    files.set('src/index.ts', index.join(''));
    const { violations } = cruise(project(files), 'src');
    const refused = new Set(violations.filter(({ rule }) => rule.name === 'entry').map(({ to }) => to));
    const allowed = ['advisor', 'app', 'canary', 'config', 'diff', 'gate', 'model'];
    for (const place of places) expect([place, refused.has(fileOf(place))]).toEqual([place, !allowed.includes(place)]);
    for (const name of packages) expect(refused).toContain(`node_modules/${name}/index.js`);
  });

  it('refuses what else the rules forbid', () => {
    // One tree for all of them: each file that must be refused, by which rule.
    const files = {
      'src/gate/round.ts': `import './trip.js';`,
      'src/gate/trip.ts': `import './round.js';`,
      'src/gate/alone.ts': 'export const a = 1;',
      'src/gate/astray.ts': `import './nowhere.js';`,
      'src/attic/box.ts': `import '../model/cell.js';`,
      'src/model/cell.ts': '',
      'src/app/whole.ts': `import '../index.js';`,
      'src/index.ts': '',
      'src/gate/utils.ts': `import './named.js';`,
      'src/gate/helpers/deep.ts': `import '../named.js';`,
      'src/gate/user.ts': `import './common.js';`,
      'src/gate/common.ts': '',
      'src/gate/named.ts': '',
      'src/app/tested.ts': `import '../../test/tool.js';`,
      'test/tool.ts': '',
      'src/app/spied.ts': `import './spied.test.js';`,
      'src/app/spied.test.ts': '',
      'src/log/a/open.ts': `import '../b/open.js';`,
      'src/log/b/open.ts': '',
    };
    const { violations } = cruise(project(new Map(Object.entries(files))), 'src');
    expect(violations.map(({ rule, from }) => `${rule.name} ${from}`).sort()).toEqual([
      'adapter-to-adapter src/log/a/open.ts',
      'entry-is-last src/app/whole.ts',
      'no-cycle src/gate/round.ts',
      'no-orphan src/gate/alone.ts',
      'product-not-to-tests src/app/spied.ts',
      'product-not-to-tests src/app/tested.ts',
      'room-app src/app/whole.ts',
      'room-unknown src/attic/box.ts',
      'unresolvable src/gate/astray.ts',
      'vague-name src/gate/helpers/deep.ts',
      'vague-name src/gate/utils.ts',
      'vague-name-imported src/gate/user.ts',
    ]);
  });

  it('holds in this project', () => {
    const { violations, totalCruised } = cruise(root, 'src', 'test', 'bench', 'scripts');
    expect(totalCruised).toBeGreaterThan(20);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });
});
