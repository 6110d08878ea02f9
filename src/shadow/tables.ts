import { CutoverError } from '../model/errors.js';
import type { Column } from '../model/column.js';
import type { Pipeline, SchemaNames } from '../model/project.js';
import type { SchemaObject, SqlDialect, SqlSession, TableRead } from '../store/contract.js';
import { ownStream, tableOfSide } from './sides.js';
import { runScript, singleStatement, splitStatements, sqlFailed } from './sql-script.js';

/** The table of the place `store` in which a batch job's result stands before it is published. */
export const RESULT = 'cutover_result';

/** The tables of a schema, by name. */
export async function tablesOf(session: SqlSession, schema: string): Promise<string[]> {
  const rows = await session.query(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_type = 'BASE TABLE' ORDER BY table_name`,
    [schema],
  );
  return rows.map((row) => String(row['table_name']));
}

export function tableName(dialect: SqlDialect, schema: string, pipeline: string): string {
  return `${dialect.quote(schema)}.${dialect.quote(pipeline)}`;
}

/** A qualified name, in quotes. */
export function qualified(dialect: SqlDialect, { schema, name }: TableRead): string {
  return `${dialect.quote(schema)}.${dialect.quote(name)}`;
}

/** The columns of the batch query, or of the table that somebody else writes. The tables of the pipelines that it reads must stand in the batch schema. */
export async function batchQueryColumns(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: Pipeline,
  batchSchema: string,
): Promise<Column[] | null> {
  if (pipeline.batch.kind === 'external') return dialect.columns(session, qualified(dialect, pipeline.batch.table));
  if (pipeline.batch.kind !== 'sql') return null;
  const statement = singleStatement(pipeline.batch.sql);
  await session.searchPath([batchSchema]);
  try {
    return await dialect.columns(session, `(\n${statement.text}\n)`);
  } catch (error) {
    throw sqlFailed(error, pipeline.batch.sql, statement, 1);
  }
}

function requireKey(pipeline: Pipeline, columns: readonly Column[], of: string): void {
  const absent = pipeline.key.filter((name) => !columns.some((column) => column.name === name));
  if (absent.length > 0) {
    throw new CutoverError(
      'KEY_COLUMN_MISSING',
      `${pipeline.name}: key column ${absent.join(', ')} is not among the columns of ${of} (${columns.map(({ name }) => name).join(', ')})`,
      `Name an existing column in pipelines.${pipeline.name}.key, or add it to the job's output.`,
    );
  }
}

/**
 * Creates the stream side's tables of one pipeline in `schema`: by its `setup` script, else with the batch query's columns and the key as PRIMARY KEY.
 * Returns what was created. Errors: SQL_FAILED, KEY_COLUMN_MISSING, TABLE_MISSING.
 */
export async function createStreamTables(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: Pipeline,
  schemas: SchemaNames,
  schema: string,
): Promise<SchemaObject[]> {
  const before = new Set((await dialect.objects(session, schema)).map(({ name }) => name));
  const { setup } = ownStream(pipeline);
  if (setup !== undefined) {
    await session.searchPath([schema]);
    await runScript(session, setup, splitStatements(setup.text));
  } else {
    const columns = await batchQueryColumns(session, dialect, pipeline, schemas.batch);
    if (columns === null) {
      throw new CutoverError(
        'TABLE_MISSING',
        `${pipeline.name}: the columns of the stream table are not known, because the batch job is not a SQL query`,
        `Give the table's DDL in pipelines.${pipeline.name}.stream.setup.`,
      );
    }
    requireKey(pipeline, columns, 'the batch query');
    const key = pipeline.key.map(dialect.quote).join(', ');
    const list = columns.map(({ name, type }) => `${dialect.quote(name)} ${type}`).join(', ');
    await session.run(`CREATE TABLE ${tableName(dialect, schema, pipeline.name)} (${list}, PRIMARY KEY (${key}))`);
  }
  const created = (await dialect.objects(session, schema)).filter(({ name }) => !before.has(name));
  if (!created.some(({ kind, name }) => kind === 'TABLE' && name === pipeline.name)) {
    throw new CutoverError(
      'TABLE_MISSING',
      `${pipeline.name}: the setup script did not create a table named ${pipeline.name}`,
      `Create the table ${pipeline.name} (without a schema) in pipelines.${pipeline.name}.stream.setup.`,
      setup === undefined ? {} : { place: { file: setup.path } },
    );
  }
  requireKey(pipeline, await dialect.columns(session, tableName(dialect, schema, pipeline.name)), 'the stream table');
  return created;
}

/**
 * Creates the batch side's table where it is missing. It has no key constraint: a batch result with duplicate or NULL keys is stored as it is
 * and reported, not refused. For jobs that are no query the columns are the stream table's.
 *
 * @param streamSchema where that stream table stands
 */
export async function ensureBatchTable(
  session: SqlSession,
  dialect: SqlDialect,
  pipeline: Pipeline,
  schemas: SchemaNames,
  streamSchema: string = schemas.stream,
): Promise<void> {
  // That of another version of the stream job is made by its setup.
  if (pipeline.batch.kind === 'external' || pipeline.batch.kind === 'stream') return;
  if ((await tablesOf(session, schemas.batch)).includes(pipeline.name)) return;
  const columns =
    (await batchQueryColumns(session, dialect, pipeline, schemas.batch)) ??
    (await dialect.columns(
      session,
      qualified(dialect, tableOfSide({ ...schemas, stream: streamSchema }, pipeline, 'stream')),
    ));
  requireKey(pipeline, columns, 'the batch job');
  const list = columns.map(({ name, type }) => `${dialect.quote(name)} ${type}`).join(', ');
  await session.run(`CREATE TABLE ${tableName(dialect, schemas.batch, pipeline.name)} (${list})`);
}

/** True when a table has a PRIMARY KEY on exactly the pipeline's key, and so cannot hold duplicates. */
export async function hasUniqueKey(session: SqlSession, table: TableRead, pipeline: Pipeline): Promise<boolean> {
  const rows = await session.query(
    `SELECT tc.constraint_name AS name, kcu.column_name AS col
     FROM information_schema.table_constraints tc
     JOIN information_schema.key_column_usage kcu
       ON kcu.constraint_name = tc.constraint_name AND kcu.table_schema = tc.table_schema AND kcu.table_name = tc.table_name
     WHERE tc.table_schema = $1 AND tc.table_name = $2 AND tc.constraint_type = 'PRIMARY KEY'`,
    [table.schema, table.name],
  );
  const columns = rows.map((row) => String(row['col']));
  return columns.length === pipeline.key.length && pipeline.key.every((name) => columns.includes(name));
}
