import { CutoverError } from '../../model/errors.js';
import type { Row, SqlSession, TableRead } from '../contract.js';
import { literal, quote } from './names.js';

/** Stands for the new query while its columns are held against the view's. */
const PROBE = 'cutover_view_probe';

/** The columns of a relation in order, as far as CREATE OR REPLACE VIEW minds them. */
function shapeOf(session: SqlSession, relation: string): Promise<Row[]> {
  return session.query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type,
            (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
             WHERE c.oid = attcollation AND c.collname <> 'default') AS collation
     FROM pg_attribute WHERE attrelid = CAST($1 AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [relation],
  );
}

/** The kind of what has this name (`v` for a view); null when nothing has. Errors: CONFIG_INVALID where it is no view, which cutover never replaces. */
async function viewIsThere(session: SqlSession, schema: string, name: string): Promise<boolean> {
  const [row] = await session.query(
    `SELECT CAST(c.relkind AS TEXT) AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
    [schema, name],
  );
  if (row === undefined) return false;
  if (row['kind'] === 'v') return true;
  throw new CutoverError(
    'CONFIG_INVALID',
    `the served view ${schema}.${name} cannot be made: something else of that name stands there`,
    'Name another schema in store.schemas.served, or rename what stands there (and point its readers to the view).',
  );
}

/** Who was granted what on a view by whom owns it, as statements that grant it again. */
async function grantsOn(session: SqlSession, view: string): Promise<string[]> {
  const rows = await session.query(
    `SELECT a.privilege_type AS privilege, a.is_grantable AS grantable,
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
     FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = CAST($1 AS regclass) AND a.grantee <> c.relowner`,
    [view],
  );
  return rows.map(
    (row) =>
      `GRANT ${String(row['privilege'])} ON ${view} TO ${String(row['grantee'])}${row['grantable'] === true ? ' WITH GRANT OPTION' : ''}`,
  );
}

/**
 * CREATE OR REPLACE VIEW takes no other types and takes no column away; then the view is dropped and made anew, with the rights that were granted on it.
 * Errors: CONFIG_INVALID, STORE_DEPENDENTS.
 */
export async function showView(session: SqlSession, schema: string, name: string, query: string): Promise<void> {
  const view = `${quote(schema)}.${quote(name)}`;
  let grants: readonly string[] = [];
  if (await viewIsThere(session, schema, name)) {
    await session.defineView(PROBE, query);
    const present = await shapeOf(session, view);
    const wanted = await shapeOf(session, `pg_temp.${quote(PROBE)}`);
    await session.run(`DROP VIEW pg_temp.${quote(PROBE)}`);
    if (JSON.stringify(present) !== JSON.stringify(wanted.slice(0, present.length))) {
      grants = await grantsOn(session, view);
      await session.run(`DROP VIEW ${view}`);
    }
  }
  await session.run(`CREATE OR REPLACE VIEW ${view} AS ${query}`);
  for (const grant of grants) await session.run(grant);
}

/** A table cannot be dropped while a view reads it: the view gives nothing, in the same columns, until the end of the transaction. */
export async function detachView(session: SqlSession, schema: string, name: string): Promise<void> {
  if (!(await viewIsThere(session, schema, name))) return;
  const view = `${quote(schema)}.${quote(name)}`;
  const columns = (await shapeOf(session, view)).map((column) => {
    const collation = column['collation'] === null ? '' : ` COLLATE ${String(column['collation'])}`;
    return `CAST(NULL AS ${String(column['type'])})${collation} AS ${quote(String(column['name']))}`;
  });
  await session.run(`CREATE OR REPLACE VIEW ${view} AS SELECT ${columns.join(', ')} WHERE false`);
}

/** Rights of columns are not kept, nor are indexes: the columns may be others. Errors: STORE_DEPENDENTS. */
export async function replaceTable(session: SqlSession, schema: string, name: string, query: string): Promise<void> {
  const table = `${quote(schema)}.${quote(name)}`;
  const [present] = await session.query('SELECT to_regclass($1) AS oid', [table]);
  const grants = present?.['oid'] === null ? [] : await grantsOn(session, table);
  await session.run(`DROP TABLE IF EXISTS ${table}`);
  await session.run(`CREATE TABLE ${table} AS ${query}`);
  for (const grant of grants) await session.run(grant);
}

/** The catalogue that names are looked up in is always the newest one; a query over it sees that of the transaction's snapshot, as over every table. */
export async function pinTables(session: SqlSession, tables: readonly TableRead[]): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map(({ schema, name }) => `${quote(schema)}.${quote(name)}`);
  await session.run(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  const found = await session.query(
    `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid IN (${names.map((table) => `CAST(${literal(table)} AS regclass)`).join(', ')})`,
  );
  if (found.length === new Set(names).size) return;
  throw new CutoverError(
    'STORE_CONFLICT',
    `another transaction got in the way: one of ${names.join(', ')} was replaced meanwhile`,
    'Try again.',
  );
}
