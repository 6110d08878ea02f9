import type { SqlDialect, SqlSession } from '../store/contract.js';

/** Makes an empty schema to build tables in; what an ended process left there goes. One that a DBA made, for a role that may make none, is emptied. */
export async function openWorkSchema(session: SqlSession, dialect: SqlDialect, schema: string): Promise<void> {
  if (await dialect.disposable(session, schema)) {
    await session.run(`DROP SCHEMA IF EXISTS ${dialect.quote(schema)} CASCADE`);
    await session.run(`CREATE SCHEMA ${dialect.quote(schema)}`);
  } else await dropAll(session, dialect, schema);
}

export async function closeWorkSchema(session: SqlSession, dialect: SqlDialect, schema: string): Promise<void> {
  // One by one: a CASCADE of tables filled in the same transaction makes DuckDB refuse the commit.
  await dropAll(session, dialect, schema);
  if (await dialect.disposable(session, schema))
    await session.run(`DROP SCHEMA IF EXISTS ${dialect.quote(schema)} CASCADE`);
}

async function dropAll(session: SqlSession, dialect: SqlDialect, schema: string): Promise<void> {
  for (const statement of dialect.dropStatements(schema, await dialect.objects(session, schema)))
    await session.run(statement);
}
