/**
 * Builds `dist` from `src`: compiles, copies what is not TypeScript (SQL migrations), makes the command executable.
 *
 * Prints nothing and does nothing when the contents of all inputs are those of the last build. Contents, not times:
 * a checkout sets times at will, and an old time on changed code would test code that is no longer there.
 * The new `dist` replaces the old one only when it is complete, so a failed build leaves no half of one behind.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
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

function build(sources, digest) {
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
    build(sources, digest);
    process.stderr.write('built dist\n');
  } catch (error) {
    process.stderr.write(`build failed: ${error.message}\n`);
    process.exitCode = 1;
  }
}
