import type { SchemaNames } from '../../model/project.js';
import type { SqlSession } from '../contract.js';
import { migrationsFolder } from '../migrations-folder.js';
import { applyMigrations, migrationsIn } from '../state/migrations.js';
import { quote } from './names.js';

export const FOLDER = migrationsFolder('postgres');

/**
 * Creates the schemas that are missing and brings the internal one up to date; processes that start together take turns. Needs no right to create
 * anything where a DBA did it by hand. Errors: STORE_NEWER, STORE_RIGHTS.
 */
export async function migrate(session: SqlSession, schemas: SchemaNames): Promise<void> {
  if (await upToDate(session, schemas)) return;
  await session.exclusive('migrate', async () => {
    for (const schema of await missing(session, schemas))
      await session.run(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`);
    await applyMigrations(session, FOLDER);
  });
}

async function missing(session: SqlSession, schemas: SchemaNames): Promise<string[]> {
  const wanted = ['cutover', schemas.batch, schemas.stream, schemas.served];
  const rows = await session.query('SELECT nspname FROM pg_namespace');
  const present = new Set(rows.map((row) => String(row['nspname'])));
  return wanted.filter((schema) => !present.has(schema));
}

async function upToDate(session: SqlSession, schemas: SchemaNames): Promise<boolean> {
  if ((await missing(session, schemas)).length > 0) return false;
  const [table] = await session.query(`SELECT to_regclass('cutover.migrations') IS NOT NULL AS present`);
  if (table?.['present'] !== true) return false;
  const [row] = await session.query('SELECT coalesce(max(version), 0) AS version FROM cutover.migrations');
  return Number(row?.['version']) === (await migrationsIn(FOLDER)).at(-1)?.version;
}
