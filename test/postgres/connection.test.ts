import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { errorText } from '../../src/cli/errors.js';
import { CutoverError } from '../../src/model/errors.js';
import type { Row } from '../../src/store/contract.js';
import { openPostgresStore } from '../../src/store/postgres/store.js';
import { giveToServer, localPostgresProblem, startLocalPostgres, type PostgresPart } from '../parts/postgres.js';
import { loudly } from '../parts/require.js';

const run = promisify(execFile);
const SCHEMAS = { batch: 'cutover_batch', stream: 'cutover_stream', served: 'public' };

/** A key with a certificate signed by itself, for the name localhost only. */
async function certificate(folder: string, name: string): Promise<{ key: string; cert: string }> {
  const key = join(folder, `${name}.key`);
  const cert = join(folder, `${name}.crt`);
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
    ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
  ]);
  return { key, cert };
}

async function asked(url: string, sql: string): Promise<Row | undefined> {
  const store = openPostgresStore({ url, schemas: SCHEMAS });
  try {
    return (await (await store.session()).query(sql))[0];
  } finally {
    await store.close();
  }
}

const encrypted = async (url: string): Promise<unknown> =>
  (await asked(url, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))?.['ssl'];

async function failed(url: string, sql = 'SELECT 1'): Promise<CutoverError> {
  try {
    await asked(url, sql);
  } catch (error) {
    if (error instanceof CutoverError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

/** All that could ever be printed of an error. */
function everything(error: unknown): string {
  return (
    inspect(error, { depth: 9, showHidden: true }) +
    errorText(error, { json: false, verbose: true, color: false }) +
    errorText(error, { json: true, verbose: true, color: false })
  );
}

const problem = inject('postgres').problem ?? (await localPostgresProblem());

describe.skipIf(loudly('TLS and passwords of PostgreSQL', problem))('a connection', () => {
  let folder: string;
  let server: PostgresPart;
  let right: string;
  let wrong: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cutover-tls-'));
    chmodSync(folder, 0o755);
    const own = await certificate(folder, 'own');
    right = own.cert;
    wrong = (await certificate(folder, 'other')).cert;
    await giveToServer(own.key);
    server = await startLocalPostgres(['ssl=on', `ssl_cert_file=${own.cert}`, `ssl_key_file=${own.key}`]);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const at = (host: string, query = ''): string => server.url.replace('127.0.0.1', host) + query;

  it('is encrypted when sslmode says so, and only then', async () => {
    expect(await encrypted(at('127.0.0.1'))).toBe(false);
    expect(await encrypted(at('127.0.0.1', '?sslmode=require'))).toBe(true);
    vi.stubEnv('PGSSLMODE', 'require');
    expect(await encrypted(at('127.0.0.1'))).toBe(true);
  });

  it('verify-full takes the right root and the right name only', async () => {
    expect(await encrypted(at('localhost', `?sslmode=verify-full&sslrootcert=${right}`))).toBe(true);
    for (const url of [
      at('localhost', `?sslmode=verify-full&sslrootcert=${wrong}`),
      at('localhost', '?sslmode=verify-full'),
      at('127.0.0.1', `?sslmode=verify-full&sslrootcert=${right}`),
    ]) {
      const error = await failed(url);
      expect(error.code).toBe('STORE_UNREACHABLE');
      expect(everything(error)).not.toContain('secret');
    }
  });

  it('verify-ca, and require with a root, take any name but no other root', async () => {
    for (const mode of ['verify-ca', 'require']) {
      expect(await encrypted(at('127.0.0.1', `?sslmode=${mode}&sslrootcert=${right}`))).toBe(true);
      expect((await failed(at('127.0.0.1', `?sslmode=${mode}&sslrootcert=${wrong}`))).code).toBe('STORE_UNREACHABLE');
    }
  });

  it('takes the password from PGPASSWORD, or from a file that nobody else may read', async () => {
    const bare = server.url.replace(':secret@', '@');
    const { port } = new URL(server.url);
    vi.stubEnv('PGPASSFILE', join(folder, 'none'));
    expect((await failed(bare)).code).toBe('STORE_UNREACHABLE');
    vi.stubEnv('PGPASSWORD', 'secret');
    expect(await encrypted(bare)).toBe(false);
    vi.stubEnv('PGPASSWORD', undefined);
    const file = join(folder, 'pgpass');
    writeFileSync(file, `# passwords\nelsewhere:*:*:*:no\n127.0.0.1:${port}:post\\gres:postgres:secret\n`, {
      mode: 0o600,
    });
    vi.stubEnv('PGPASSFILE', file);
    expect(await encrypted(bare)).toBe(false);
    chmodSync(file, 0o644);
    expect((await failed(bare)).code).toBe('STORE_UNREACHABLE');
  });

  it('gives no password away, whatever fails', async () => {
    const password = 'hunter-2/?#@';
    const secret = server.url.replace(':secret@', `:${encodeURIComponent(password)}@`);
    for (const url of [
      secret,
      secret.replace('/postgres', '/nowhere'),
      secret.replace(/:\d+\//, ':1/'),
      secret.replace('127.0.0.1', 'no-such-host.invalid'),
      `${secret}?sslmode=verify-full`,
    ]) {
      const text = everything(await failed(url));
      expect(text).not.toContain('hunter');
      expect(text).toMatch(/postgres:\/\/\w+@/);
    }
    // In a statement's error, on a connection that stands.
    const error = await asked(server.url, 'SELECT nothing').catch((thrown: unknown) => thrown);
    expect(everything(error)).not.toContain('secret');
  });
});
