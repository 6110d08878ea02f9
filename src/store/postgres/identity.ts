import type { SqlSession } from '../contract.js';

/**
 * Which table of which database it is, in whatever process of whatever run of the server: a table that was dropped and made anew is another one. Null for what only
 * the server's owner may see.
 */
export async function lastingIdentity(session: SqlSession, relation: string): Promise<unknown> {
  const cluster = await session
    .query('SELECT CAST(system_identifier AS TEXT) AS id FROM pg_control_system()')
    .then(([row]) => row?.['id'] ?? null)
    .catch(() => null);
  const [row] = await session.query(
    `SELECT CAST(d.oid AS TEXT) AS database, d.datname, session_user, current_user, CAST(CAST(to_regclass($1) AS OID) AS TEXT) AS "table"
     FROM pg_database d WHERE d.datname = current_database()`,
    [relation.startsWith('(') ? '' : relation],
  );
  return [cluster, row];
}
