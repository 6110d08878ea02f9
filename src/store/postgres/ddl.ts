import { readFile } from 'node:fs/promises';
import type { SchemaNames } from '../../model/project.js';
import { MIGRATIONS_TABLE, migrationsIn } from '../state/migrations.js';
import { FOLDER } from './migrate.js';
import { literal, quote } from './names.js';

export interface DdlOptions {
  readonly schemas: SchemaNames;
  /** Schemas that cutover would make and drop while it works. */
  readonly workSchemas: readonly string[];
  /** The role that `cutover` connects as. */
  readonly user: string;
  /** The role of those who read the served views. */
  readonly reader: string;
}

/**
 * Everything that the owner of a database must run by hand where `cutover` connects as a role that may make no schemas: roles, schemas, internal tables
 * and rights. It can be run again, and after an update of `cutover` brings the internal tables up to date.
 */
export async function setupDdl({ schemas, workSchemas, user, reader }: DdlOptions): Promise<string> {
  const app = quote(user);
  const readers = quote(reader);
  const own = ['cutover', schemas.batch, schemas.stream, ...workSchemas];
  const all = [...own, schemas.served].map(quote);
  const migrations: string[] = [];
  for (const { version, name, file } of await migrationsIn(FOLDER)) {
    const sql = (await readFile(file, 'utf8')).trim();
    migrations.push(
      `DO $cutover$ BEGIN IF NOT EXISTS (SELECT FROM cutover.migrations WHERE version = ${version}) THEN\n${sql}\nINSERT INTO cutover.migrations VALUES (${version}, ${literal(name)}, now());\nEND IF; END $cutover$;`,
    );
  }
  return `-- What cutover needs in this database. Run it as a superuser or the database's owner with CREATEROLE, for example
--   psql -v ON_ERROR_STOP=1 -f this-file.sql
-- It can be run again; after an update of cutover it brings the internal tables up to date.
BEGIN;

-- Roles. Give ${app} a password afterwards (\\password), and ${readers} to those who read the served views: GRANT ${readers} TO somebody;
${role(user, 'LOGIN')}
${role(reader, 'NOLOGIN')}

${all.map((name) => `CREATE SCHEMA IF NOT EXISTS ${name};`).join('\n')}

-- The internal tables. The landing is made by the first run, because it has the columns of the log.
${MIGRATIONS_TABLE};
${migrations.join('\n')}

-- Rights of the role that cutover connects as: temporary tables, the internal tables, and tables and views of its own. It may make no schemas and no roles.
${onDatabase('CONNECT, TEMPORARY', user)}
GRANT USAGE, CREATE ON SCHEMA ${all.join(', ')} TO ${app};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cutover TO ${app};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA cutover TO ${app};

-- Rights of readers: the served views, also those that are yet to be made.
${onDatabase('CONNECT', reader)}
GRANT USAGE ON SCHEMA ${quote(schemas.served)} TO ${readers};
ALTER DEFAULT PRIVILEGES FOR ROLE ${app} IN SCHEMA ${quote(schemas.served)} GRANT SELECT ON TABLES TO ${readers};

COMMIT;
`;
}

/** The script does not know the name of the database that it is run in. */
function onDatabase(rights: string, name: string): string {
  return `DO $cutover$ BEGIN EXECUTE format('GRANT ${rights} ON DATABASE %I TO %I', current_database(), ${literal(name)}); END $cutover$;`;
}

function role(name: string, login: 'LOGIN' | 'NOLOGIN'): string {
  return `DO $cutover$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(name)}) THEN CREATE ROLE ${quote(name)} ${login}; END IF; END $cutover$;`;
}
