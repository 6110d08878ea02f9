import { readFileSync } from 'node:fs';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { CutoverError, messageOf } from '../../model/errors.js';

/** What a connection is made with. It holds the password: it is not for messages, `shown` is. */
export interface ConnectionParts {
  readonly config: ClientConfig;
  /** `postgres://user@host:port/database`. */
  readonly shown: string;
}

/** Parameters of the URL that are taken; those of libpq that mean nothing here are refused like unknown ones, so that none is passed over. */
const PARAMETERS = new Set([
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'options',
  'application_name',
]);

const ENCODED =
  'In a user or password, write / as %2F, ? as %3F, # as %23 and @ as %40; or leave the password to PGPASSWORD or .pgpass.';

function invalid(what: string, remedy: string, cause?: unknown): CutoverError {
  return new CutoverError('CONFIG_INVALID', `store.url ${what}`, remedy, cause === undefined ? {} : { cause });
}

/**
 * Reads a connection URL. No part of it stands in an error but names of parameters: a password that was not encoded could be in any of them.
 * Errors: CONFIG_INVALID.
 *
 * @param env for what the URL leaves out: the PG* variables
 */
export function connectionParts(url: string, env: NodeJS.ProcessEnv): ConnectionParts {
  const parsed = urlOf(url);
  const given = new Map(parsed.searchParams);
  const unknown = [...given.keys()].filter((name) => !PARAMETERS.has(name));
  if (unknown.length > 0)
    throw invalid(
      `has a parameter that is not known: ${unknown.map((name) => name.slice(0, 20)).join(', ')}`,
      `Known are: ${[...PARAMETERS].join(', ')}. ${ENCODED}`,
    );
  const part = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));
  const host = given.get('host') ?? part(parsed.hostname.replace(/^\[(.+)\]$/, '$1')) ?? env['PGHOST'];
  const port = given.get('port') ?? part(parsed.port);
  const user = given.get('user') ?? part(parsed.username) ?? env['PGUSER'];
  const database = given.get('dbname') ?? part(parsed.pathname.slice(1)) ?? env['PGDATABASE'] ?? user;
  const password = given.get('password') ?? part(parsed.password) ?? env['PGPASSWORD'];
  const options = given.get('options');
  const config: ClientConfig = {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(user === undefined ? {} : { user }),
    ...(database === undefined ? {} : { database }),
    ...(password === undefined ? {} : { password }),
    ...(options === undefined ? {} : { options }),
    application_name: given.get('application_name') ?? 'cutover',
    ssl: tlsOf((name) => given.get(name) ?? env[`PG${name.toUpperCase()}`], host ?? 'localhost'),
  };
  const at = `${host ?? 'localhost'}${port === undefined ? '' : `:${port}`}`;
  return { config, shown: `postgres://${user === undefined ? '' : `${user}@`}${at}/${database ?? ''}` };
}

function urlOf(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // Without the cause: it holds the whole text.
    throw invalid('is not a URL', `Write postgres://user@host:port/database. ${ENCODED}`);
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:')
    throw invalid('is not one of PostgreSQL', 'Write postgres://user@host:port/database.');
  // The end of a password that was not encoded: `postgres://user:12/34@host/db` names the host `user`.
  if (parsed.hash !== '' || /@/.test(parsed.pathname) || /@/.test(parsed.search.replace(/[?&]user=[^&]*/, '')))
    throw invalid('holds a sign that ends the password too early', ENCODED);
  return parsed;
}

/**
 * The modes mean what they mean to psql (libpq), where the driver itself takes `require` for `verify-full`. Those that fall back to a plain connection
 * without a word are not taken.
 */
function tlsOf(value: (name: string) => string | undefined, host: string): false | ConnectionOptions {
  const mode = value('sslmode') ?? 'disable';
  const root = value('sslrootcert');
  const certificate = value('sslcert');
  const key = value('sslkey');
  const files = {
    ...(root === undefined || root === 'system' ? {} : { ca: fileOf('sslrootcert', root) }),
    ...(certificate === undefined ? {} : { cert: fileOf('sslcert', certificate) }),
    ...(key === undefined ? {} : { key: fileOf('sslkey', key) }),
  };
  switch (mode) {
    case 'disable':
      return false;
    case 'require':
      return root === undefined
        ? { ...files, rejectUnauthorized: false }
        : { ...files, checkServerIdentity: () => undefined };
    case 'verify-ca':
      if (root === undefined || root === 'system')
        throw invalid(
          'asks for sslmode=verify-ca without a root certificate',
          'Name its file in sslrootcert: with public authorities, anybody who has a certificate of one could stand in. Or use verify-full.',
        );
      return { ...files, checkServerIdentity: () => undefined };
    case 'verify-full':
      // The driver does not tell TLS the host when it is an address.
      return { ...files, checkServerIdentity: (_, found) => checkServerIdentity(host, found) };
    default:
      throw invalid(
        `has the sslmode ${mode === 'prefer' || mode === 'allow' ? mode : '(another word)'}`,
        'Write disable, require, verify-ca or verify-full: others fall back to a plain connection without a word.',
      );
  }
}

function fileOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`names a file in ${name} that cannot be read: ${messageOf(error)}`, 'Correct the path.');
  }
}
