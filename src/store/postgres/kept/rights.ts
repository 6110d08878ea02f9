import type { SqlSession } from '../../contract.js';
import { literal, quote } from '../names.js';

/** What a user lacks, in words and as the SQL that gives it. */
export interface MissingRight {
  readonly what: string;
  readonly sql: string;
}

/**
 * The rights that the session's user lacks to have digests kept of tables: theirs to be owned, an index in their schemas, and tables in the schema `cutover`.
 *
 * @param relations quoted, qualified table names
 */
export async function missingRights(session: SqlSession, relations: readonly string[]): Promise<MissingRight[]> {
  const [own] = await session.query(
    `SELECT CAST(current_user AS TEXT) AS name, has_database_privilege(current_database(), 'CREATE') AS may_create,
       EXISTS (SELECT FROM pg_namespace WHERE nspname = 'cutover') AS there,
       (SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = 'cutover') AS may_use,
       (SELECT bool_and(has_table_privilege(c.oid, p)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
        WHERE n.nspname = 'cutover' AND c.relname = 'kept') AS may_write`,
  );
  const user = quote(String(own?.['name']));
  const missing: MissingRight[] = [];
  if (own?.['there'] !== true) {
    if (own?.['may_create'] !== true)
      missing.push({ what: 'to make the schema cutover', sql: `CREATE SCHEMA cutover AUTHORIZATION ${user};` });
  } else if (own['may_use'] !== true)
    missing.push({
      what: 'to make tables in the schema cutover',
      sql: `GRANT USAGE, CREATE ON SCHEMA cutover TO ${user};`,
    });
  if (own?.['may_write'] === false)
    missing.push({
      what: 'to write cutover.kept',
      sql: `GRANT SELECT, INSERT, UPDATE, DELETE ON cutover.kept TO ${user};`,
    });
  for (const relation of relations) {
    const [table] = await session.query(
      `SELECT pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS owned, (SELECT rolsuper FROM pg_roles WHERE oid = c.relowner) AS super, n.nspname AS schema, has_schema_privilege(n.oid, 'CREATE') AS may_index
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = CAST(${literal(relation)} AS regclass)`,
    );
    if (table?.['owned'] === false)
      missing.push({
        what: `to own ${relation}`,
        // To be a member of a superuser is more than anybody should be given for this.
        sql:
          table['super'] === true
            ? `ALTER TABLE ${relation} OWNER TO ${user};`
            : `GRANT ${quote(String(table['owner']))} TO ${user};`,
      });
    if (table?.['may_index'] === false)
      missing.push({
        what: `to make an index in the schema ${String(table['schema'])}`,
        sql: `GRANT CREATE ON SCHEMA ${quote(String(table['schema']))} TO ${user};`,
      });
  }
  return missing.filter(({ sql }, index) => missing.findIndex((one) => one.sql === sql) === index);
}
