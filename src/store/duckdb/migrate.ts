import type { SchemaNames } from '../../model/project.js';
import type { SqlSession } from '../contract.js';
import { migrationsFolder } from '../migrations-folder.js';
import { applyMigrations } from '../state/migrations.js';
import { duckDbDialect } from './dialect.js';

/** Creates the schemas and brings the internal one up to date. Errors: STORE_NEWER. */
export async function migrate(session: SqlSession, schemas: SchemaNames): Promise<void> {
  for (const schema of ['cutover', schemas.batch, schemas.stream, schemas.served]) {
    await session.run(`CREATE SCHEMA IF NOT EXISTS ${duckDbDialect.quote(schema)}`);
  }
  await applyMigrations(session, migrationsFolder('duckdb'));
}
