import { CutoverError } from '../../model/errors.js';
import type { NamePart } from '../../model/endpoint.js';
import type { SqlSession } from '../contract.js';
import { literal, quote } from './names.js';

/** A table that somebody else made. */
export interface GivenTable {
  readonly relation: string;
  /** Sets of columns of which a primary key, or a unique index over columns that are NOT NULL, keeps the values distinct. */
  readonly unique: readonly (readonly string[])[];
  readonly primaryKey: readonly string[] | null;
}

/** For tables of somebody else: names mean what they mean to the user in psql, and every transaction only reads. */
export async function readAsUser(session: SqlSession): Promise<void> {
  await session.script('SET search_path TO DEFAULT; SET default_transaction_read_only = on');
}

/**
 * Whether policies of row security decide which rows of a relation the user sees: then two sides may agree in what is shown and differ in what is not. Without
 * them the server refuses a statement to which they would apply. Nothing is run.
 */
export async function seesByPolicy(session: SqlSession, relation: string): Promise<boolean> {
  const planned = (): Promise<boolean> =>
    session.query(`EXPLAIN SELECT 1 FROM ${relation} AS r`).then(
      () => true,
      (error: unknown) => !(error instanceof CutoverError && error.code === 'STORE_RIGHTS'),
    );
  await session.script('SET row_security = off');
  const whole = await planned();
  await session.script('RESET row_security');
  // What is refused with policies as well is refused for another reason. That is told where it is read, as is all else that is wrong with it.
  return !whole && planned();
}

/** Which database of which running server the session is in, and as whom: equal for two connections to the same. */
export async function identityOf(session: SqlSession): Promise<string> {
  const [row] = await session.query(
    `SELECT concat_ws(' ', pg_postmaster_start_time(), current_setting('port'), 
              CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory', true) END, d.oid, d.datname, session_user, current_user) AS id
     FROM pg_database d WHERE d.datname = current_database()`,
  );
  return String(row?.['id']);
}

/**
 * Finds a table or view. A part of its name without quotes is taken as it stands, else in lower case, as SQL would. Errors: TABLE_MISSING, which lists what
 * is there; STORE_RIGHTS.
 */
export async function givenTable(session: SqlSession, name: readonly NamePart[], label: string): Promise<GivenTable> {
  const [table, schema] = [...name].reverse();
  const names = (part: NamePart): string[] => (part.quoted ? [part.name] : [part.name, part.name.toLowerCase()]);
  const list = (part: NamePart): string => `ARRAY[${names(part).map(literal).join(', ')}]`;
  const found =
    table === undefined
      ? []
      : await session.query(
          `SELECT c.oid, n.nspname AS s, c.relname AS t, c.relkind = 'r' AND c.relhassubclass AS parent,
                  has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS readable
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY (${list(table)})
             AND ${schema === undefined ? `n.nspname = ANY (current_schemas(true))` : `n.nspname = ANY (${list(schema)})`}
           ORDER BY ${schema === undefined ? 'array_position(current_schemas(true), n.nspname)' : `array_position(${list(schema)}, CAST(n.nspname AS TEXT))`},
                    array_position(${list(table)}, CAST(c.relname AS TEXT)) LIMIT 1`,
        );
  const [row] = found;
  if (row === undefined) throw await tableMissing(session, name, label);
  if (row['readable'] !== true)
    throw new CutoverError(
      'STORE_RIGHTS',
      `the user of ${label} may not read that table`,
      `Grant it: GRANT SELECT ON ${quote(String(row['s']))}.${quote(String(row['t']))} TO the user, and USAGE on the schema.`,
    );
  // A unique index of a table says nothing of the tables that inherit from it, whose rows are read with its own.
  const keys = row['parent'] === true ? [] : await keysOf(session, String(row['oid']));
  return {
    relation: `${quote(String(row['s']))}.${quote(String(row['t']))}`,
    unique: keys.map(({ columns }) => columns),
    primaryKey: keys.find(({ primary }) => primary)?.columns ?? null,
  };
}

async function keysOf(session: SqlSession, oid: string): Promise<{ columns: string[]; primary: boolean }[]> {
  const rows = await session.query(
    `SELECT i.indisprimary AS "primary", array_agg(CAST(a.attname AS TEXT) ORDER BY k.n) AS columns
     FROM pg_index i CROSS JOIN LATERAL unnest(CAST(i.indkey AS SMALLINT[])) WITH ORDINALITY AS k(attnum, n)
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = ${oid} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.n <= i.indnkeyatts
     GROUP BY i.indexrelid, i.indisprimary
     HAVING bool_and(k.attnum <> 0 AND a.attnotnull
       -- From version 18 on, a constraint may be there and not hold for the rows before it.
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conrelid = i.indrelid AND c.contype = 'n' AND NOT c.convalidated AND k.attnum = ANY (c.conkey)))
     ORDER BY i.indisprimary DESC, i.indexrelid`,
  );
  return rows.map((row) => ({
    primary: row['primary'] === true,
    columns: Array.isArray(row['columns']) ? row['columns'].map(String) : [],
  }));
}

async function tableMissing(session: SqlSession, name: readonly NamePart[], label: string): Promise<CutoverError> {
  const rows = await session.query(
    `SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS t FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
       AND NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
     ORDER BY n.nspname <> 'public', 1 LIMIT 11`,
  );
  const tables = rows.map((row) => String(row['t']));
  const listed = `${tables.slice(0, 10).join(', ')}${tables.length > 10 ? ', and more' : ''}`;
  return new CutoverError(
    'TABLE_MISSING',
    name.length === 0
      ? `${label} names no table`
      : `there is no table ${name.map((part) => part.name).join('.')} in ${label.replace(/#.*$/s, '')}`,
    tables.length === 0 ? 'There is no table that this user may read.' : `Name one behind the #. Tables: ${listed}.`,
  );
}
