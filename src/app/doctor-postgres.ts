import type { DoctorCheck } from '../model/results.js';
import { REBUILD_SCHEMA } from '../shadow/rebuild.js';
import { REPLAY_SCHEMA } from '../shadow/batch-job.js';
import type { OpenProject } from './open.js';

const OLDEST = 140_000;
const DDL = '`cutover doctor --print-ddl` prints the schemas and rights that are needed, for a DBA to run.';

/** A run holds up to 6 connections; commands beside it one or two each. */
const CONNECTIONS = 8;

/** More than this, and ages of comparisons and events are not what they seem. */
const SKEW_MS = 5000;

type Check = (name: string, work: () => Promise<DoctorCheck | string>) => Promise<void>;

/** The checks of a PostgreSQL store. */
export async function checkPostgres(open: OpenProject, now: () => Date, check: Check): Promise<void> {
  await check('server', () => serverCheck(open));
  await check('encryption', () => encryptionCheck(open));
  await check('rights', () => rightsCheck(open));
  await check('clock', () => clockCheck(open, now));
  await check('connections', () => connectionsCheck(open));
}

async function serverCheck({ session }: OpenProject): Promise<DoctorCheck> {
  const [row] = await session.query(
    `SELECT current_setting('server_version') AS version, CAST(current_setting('server_version_num') AS INTEGER) AS number, pg_is_in_recovery() AS standby`,
  );
  const old = Number(row?.['number']) < OLDEST;
  const standby = row?.['standby'] === true;
  return {
    name: 'server',
    status: old || standby ? 'fail' : 'ok',
    detail: `PostgreSQL ${String(row?.['version'])}${standby ? ', a standby that takes no writes' : ''}`,
    remedy: old ? 'Use PostgreSQL 14 or newer.' : standby ? 'Name the primary in store.url.' : null,
  };
}

async function encryptionCheck({ session }: OpenProject): Promise<DoctorCheck> {
  const [row] = await session.query(
    `SELECT s.ssl, s.version, inet_client_addr() IS NULL OR inet_client_addr() <<= inet '127.0.0.0/8' OR inet_client_addr() = inet '::1' AS local
     FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()`,
  );
  if (row?.['ssl'] === true) return { name: 'encryption', status: 'ok', detail: String(row['version']), remedy: null };
  return row?.['local'] === true
    ? { name: 'encryption', status: 'ok', detail: 'none, on this machine', remedy: null }
    : {
        name: 'encryption',
        status: 'warn',
        detail: 'the connection is not encrypted',
        remedy: 'Add sslmode=verify-full (and sslrootcert) to store.url.',
      };
}

async function rightsCheck({ session, project }: OpenProject): Promise<DoctorCheck> {
  const { schemas } = project.store;
  const list = (names: readonly string[]): string => names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ');
  const rows = await session.query(
    `SELECT 'CREATE on schema ' || nspname AS missing FROM pg_namespace
     WHERE nspname IN (${list(['cutover', schemas.batch, schemas.stream, schemas.served, REBUILD_SCHEMA, REPLAY_SCHEMA])}) AND NOT has_schema_privilege(oid, 'CREATE')
     UNION ALL SELECT 'CREATE on the database, or a schema ' || name FROM unnest(ARRAY[${list([REBUILD_SCHEMA, REPLAY_SCHEMA])}]) AS name
     WHERE NOT has_database_privilege(current_database(), 'CREATE') AND NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = name)
     UNION ALL SELECT 'TEMPORARY on the database' WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
     UNION ALL SELECT p || ' on cutover.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p
     WHERE n.nspname = 'cutover' AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, p)
     UNION ALL SELECT 'ownership of ' || n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN (${list([schemas.batch, schemas.stream])}) AND c.relkind IN ('r', 'v') AND NOT pg_has_role(c.relowner, 'USAGE')
     ORDER BY 1 LIMIT 10`,
  );
  const [user] = await session.query('SELECT current_user AS name');
  const missing = rows.map((row) => String(row['missing']));
  return {
    name: 'rights',
    status: missing.length === 0 ? 'ok' : 'fail',
    detail:
      missing.length === 0
        ? `${String(user?.['name'])} may do all that is needed`
        : `${String(user?.['name'])} lacks: ${missing.join(', ')}`,
    remedy: missing.length === 0 ? null : DDL,
  };
}

async function clockCheck({ session }: OpenProject, now: () => Date): Promise<DoctorCheck> {
  const before = now().getTime();
  const [row] = await session.query('SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS ms');
  const after = now().getTime();
  const skew = Number(row?.['ms']) - (before + after) / 2;
  const far = Math.abs(skew) > SKEW_MS + (after - before);
  return {
    name: 'clock',
    status: far ? 'warn' : 'ok',
    detail: far
      ? `the server's clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`
      : "agrees with the server's",
    remedy: far ? 'Set both by the same time service: ages of comparisons are taken by this clock.' : null,
  };
}

async function connectionsCheck({ session }: OpenProject): Promise<DoctorCheck> {
  const [row] = await session.query(
    `SELECT CAST(current_setting('max_connections') AS INTEGER) AS most, CAST(current_setting('superuser_reserved_connections') AS INTEGER) AS reserved,
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
            (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit`,
  );
  const roleLimit = Number(row?.['role_limit'] ?? -1);
  const free = Number(row?.['most']) - Number(row?.['reserved']) - Number(row?.['used']);
  const few = free < CONNECTIONS || (roleLimit >= 0 && roleLimit < CONNECTIONS);
  return {
    name: 'connections',
    status: few ? 'warn' : 'ok',
    detail: `${free} of ${String(row?.['most'])} free${roleLimit >= 0 ? `, ${roleLimit} for this role` : ''}`,
    remedy: few
      ? `Let ${CONNECTIONS} be free: raise max_connections or the role's limit, or end other programs.`
      : null,
  };
}
