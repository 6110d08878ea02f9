import type { Pipeline } from '../../model/project.js';
import type { View, ViewSide, ViewSource } from '../../model/view.js';
import type { SqlDialect, SqlSession, TableRead } from '../../store/contract.js';
import type { ShadowEnvironment } from '../environment.js';
import { tableOfSide } from '../sides.js';
import { singleStatement, type Statement } from '../sql-script.js';
import { tokensOf } from '../sql-tokens.js';

/** What readers of a pipeline's name read. */
export interface Served {
  readonly query: string;
  /** The share of the canary that the query follows. */
  readonly sharePpm: number;
}

/** What readers of a pipeline's name read, as the session's snapshot has it. Errors: TABLE_MISSING. */
export type ServedOf = (session: SqlSession, pipeline: Pipeline) => Promise<Served>;

/** The query of a view. Errors: SQL_FAILED when it is not one statement. */
export function statementOf(view: View): Statement {
  return singleStatement(view.sql, 'view');
}

/** The pipelines whose names stand in a statement, in dependency order; more than it reads where a column has such a name. */
export function namedPipelines({ text }: Statement, pipelines: readonly Pipeline[]): Pipeline[] {
  const names = new Set(tokensOf(text).map(({ name }) => name));
  return pipelines.filter(({ name }) => names.has(name));
}

/**
 * The statement with what each served name gives written before it, so that it reads the sides' tables themselves: through the served views it would keep a
 * canary from moving (and from rolling back) until it ends, and in PostgreSQL follow a later state of the canary than its snapshot has.
 */
export function servedStatement(
  dialect: SqlDialect,
  statement: Statement,
  served: ReadonlyMap<string, Served>,
  where: string | null,
): { readonly sql: string; /** Lines before the statement's own text. */ readonly prefixLines: number } {
  const tables = [...served].map(([name, { query }]) => `${dialect.quote(name)} AS NOT MATERIALIZED (${query})`);
  const prefix = `${tables.length === 0 ? '' : `WITH ${tables.join(', ')} `}SELECT * FROM (\n`;
  return {
    sql: `${prefix}${statement.text}\n) AS cutover_view${where === null ? '' : ` WHERE ${where}`}`,
    prefixLines: prefix.split('\n').length - 1,
  };
}

/** The sides of the pipelines among the tables that a statement reads. */
export function sidesRead(env: ShadowEnvironment, tables: readonly TableRead[]): Map<Pipeline, ViewSide> {
  const has = ({ schema, name }: TableRead): boolean =>
    tables.some((table) => table.schema === schema && table.name === name);
  const read = new Map<Pipeline, ViewSide>();
  for (const pipeline of env.pipelines) {
    const batch = has(tableOfSide(env.schemas, pipeline, 'batch'));
    const stream = has(tableOfSide(env.schemas, pipeline, 'stream'));
    if (batch || stream) read.set(pipeline, batch && stream ? 'mixed' : batch ? 'batch' : 'stream');
  }
  return read;
}

export function sourcesOf(
  read: ReadonlyMap<Pipeline, ViewSide>,
  served: ReadonlyMap<string, Served>,
): readonly ViewSource[] {
  return [...read].map(([{ name }, side]) => ({ pipeline: name, side, share_ppm: served.get(name)?.sharePpm ?? 0 }));
}
