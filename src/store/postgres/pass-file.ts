import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Whom a password is looked for. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The passwords' file of libpq: `PGPASSFILE`, or `.pgpass` in the home folder (on Windows elsewhere). */
function pathOf(env: NodeJS.ProcessEnv): string {
  const given = env['PGPASSFILE'];
  if (given !== undefined && given !== '') return given;
  return process.platform === 'win32'
    ? join(env['APPDATA'] ?? '', 'postgresql', 'pgpass.conf')
    : join(env['HOME'] ?? homedir(), '.pgpass');
}

/**
 * The password of the first line that fits: `host:port:database:user:password`, `*` for anything, `\` before `:` and `\`. Like libpq, it does not read a
 * file that others may read. Empty when there is none. (The driver's own reader is deprecated, and says so on the terminal.)
 */
export async function passwordFromFile(env: NodeJS.ProcessEnv, login: Login): Promise<string> {
  const path = pathOf(env);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile()) return '';
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) return '';
  const host = login.host.startsWith('/') ? 'localhost' : login.host;
  const wanted = [host, String(login.port), login.database, login.user];
  for (const line of (await readFile(path, 'utf8')).split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields =
      line.match(/(?:\\.|[^:\\])*(?::|$)/g)?.map((field) => field.replace(/:$/, '').replaceAll(/\\(.)/g, '$1')) ?? [];
    const fits = wanted.every((value, i) => fields[i] === '*' || fields[i] === value);
    if (fits && fields[4] !== undefined) return fields[4];
  }
  return '';
}
