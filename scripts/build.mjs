/**
 * Builds `dist` from `src`: compiles, copies what is not TypeScript (SQL migrations), bundles the command and makes it executable.
 *
 * The command is bundled together with most of the packages it uses: reading some 300 files one by one took half of the time in which a small comparison ends.
 * The library stays as it was compiled.
 *
 * Prints nothing and does nothing when the contents of all inputs are those of the last build. Contents, not times:
 * a checkout sets times at will, and an old time on changed code would test code that is no longer there.
 * The new `dist` replaces the old one only when it is complete, so a failed build leaves no half of one behind.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stampFile = join(root, '.cache', 'build.json');
const executable = join('cli', 'main.js');

/** Settings that change the output; the lock file stands for the version of the compiler. */
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];

/** Every file under `folder`, relative to it, in a fixed order. */
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function isUpToDate(digest) {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
    return stamp.digest === digest && stamp.outputs.every((file) => existsSync(join(dist, file)));
  } catch {
    return false;
  }
}

/** Compiles into `folder`; exits with the compiler's messages when it refuses. */
function compile(folder) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [
    compiler,
    '--project',
    'tsconfig.build.json',
    '--outDir',
    folder,
    '--noEmitOnError',
    '--pretty',
    'false',
  ];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (result.status === 0) return;
  process.stderr.write(
    `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`,
  );
  throw new Error('the TypeScript compiler failed');
}

/**
 * Packages that stay outside: native code and what finds its own files, and what few users need.
 * Every one of them is a dependency of this package, so that it is found from `dist`.
 */
const OUTSIDE = [
  '@duckdb/node-bindings',
  '@kafkajs/confluent-schema-registry',
  'jiti',
  'kafkajs',
  'lz4js',
  'pg',
  'pg-copy-streams',
  'pino',
  'snappyjs',
];

/** Replaces the compiled command by one file and the pieces that it loads when they are asked for. Every piece lies as deep under `dist` as the modules that look for files beside them. */
async function bundle(folder) {
  const bundled = await rolldown({
    input: { 'cli/main': join(folder, executable) },
    platform: 'node',
    external: (id) => OUTSIDE.some((name) => id === name || id.startsWith(`${name}/`)),
    onwarn: (warning) => {
      throw new Error(`the bundler warns: ${warning.message}`);
    },
  });
  const { output } = await bundled.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await bundled.close();
  rmSync(join(folder, `${executable}.map`), { force: true });
  writeLicences(join(folder, 'chunks', 'LICENSES.txt'), output);
}

/** The licences of the packages whose code is in the bundle ask to come along. */
function writeLicences(file, output) {
  const marker = `${join(root, 'node_modules')}/`;
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  const names = modules
    .filter((id) => id.startsWith(marker))
    .map((id) => id.slice(marker.length).split('/'))
    .map(([scope, name]) => (scope.startsWith('@') ? `${scope}/${name}` : scope));
  for (const name of [...new Set(names)].sort()) {
    const folder = join(root, 'node_modules', name);
    const licence = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = licence === undefined ? '' : readFileSync(join(folder, licence), 'utf8').trim();
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    appendFileSync(file, `${name} ${version} (${license})\n\n${text}\n\n${'-'.repeat(80)}\n\n`);
  }
}

async function build(sources, digest) {
  // Beside dist and at its depth, so that the paths inside the source maps stay true after the rename.
  const fresh = join(root, `.dist-${process.pid}`);
  // Two renames: a program started meanwhile finds the old dist or the new one, for all but an instant.
  const old = join(root, `.dist-${process.pid}-old`);
  try {
    rmSync(fresh, { recursive: true, force: true });
    compile(fresh);
    for (const file of sources.filter((name) => !name.endsWith('.ts'))) {
      mkdirSync(dirname(join(fresh, file)), { recursive: true });
      cpSync(join(root, 'src', file), join(fresh, file));
    }
    await bundle(fresh);
    if (!existsSync(join(fresh, executable))) throw new Error(`no ${executable} came out of src`);
    chmodSync(join(fresh, executable), 0o755);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, JSON.stringify({ digest, outputs: filesUnder(dist) }));
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

const sources = filesUnder(join(root, 'src')).filter((file) => !file.endsWith('.test.ts'));
const digest = digestOf([...settings, ...sources.map((file) => join('src', file))]);
if (!isUpToDate(digest)) {
  try {
    await build(sources, digest);
    process.stderr.write('built dist\n');
  } catch (error) {
    process.stderr.write(`build failed: ${error.message}\n`);
    process.exitCode = 1;
  }
}
