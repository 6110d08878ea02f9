import { byCount } from '../model/counts.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { loadThrough, notTouched } from '../store/state/merge.js';
import type { ShadowEnvironment } from './environment.js';
import { reshapes } from './publish.js';
import { RESULT, tableName } from './tables.js';

/** Windows named in a note. */
const NAMED = 3;

/**
 * Whether `serve.merge` names the windows that events change, as far as can be seen: before a result is published, every window in which it differs from the
 * batch side's rows must have been noted since their cut. Otherwise merged reads took a window for closed that had changed. To be called where both are the
 * output of the same code.
 *
 * @param scope the predicate of a partial result
 * @returns notes for the comparison
 */
export async function noteUnnamed(
  env: ShadowEnvironment,
  session: SqlSession,
  pipeline: Pipeline,
  scope: string | undefined,
): Promise<string[]> {
  const { name, merge } = pipeline;
  if (merge === undefined) return [];
  const { dialect } = env.store;
  const through = await loadThrough(session, dialect, name);
  if (through === null || (await reshapes(env, session, pipeline))) return [];
  const columns = await dialect.columns(session, dialect.stored(RESULT));
  const window = columns.find((column) => column.name === merge.column);
  if (window === undefined) return [];
  const hash = dialect.wideHash(
    dialect.rowHash(
      columns.map((column) => ({
        expression: dialect.comparable(dialect.quote(column.name), column, column),
        self: column,
        other: column,
        nullable: true,
      })),
    ),
  );
  const text = dialect.canonicalText(dialect.quote(merge.column), window);
  const side = (relation: string, sign: number, where: string): string =>
    `SELECT ${text} AS value, ${sign} AS cutover_s, ${sign} * ${hash} AS cutover_h FROM ${relation}${where}`;
  const before = tableName(dialect, env.schemas.batch, name);
  const both = `${side(dialect.stored(RESULT), 1, '')} UNION ALL ${side(before, -1, scope === undefined ? '' : ` WHERE ${scope}`)}`;
  const changed = `(SELECT value FROM (${both}) AS cutover_both GROUP BY value HAVING sum(cutover_s) <> 0 OR sum(cutover_h) <> 0)`;
  const rows = await session.query(`${notTouched(dialect, name, changed, through)} ORDER BY 1`);
  if (rows.length === 0) return [];
  const named = rows.slice(0, NAMED).map((row) => (row['value'] === null ? 'NULL' : String(row['value'])));
  const note =
    `serve.merge: ${rows.length} ${byCount(rows.length, 'window')} changed on the batch side of which no event was noted (${named.join(', ')}${rows.length > NAMED ? ', ...' : ''}): ` +
    `merged reads lacked that until now, because ${merge.from} does not name every window that an event changes, or the batch job gives other rows for the same events`;
  env.logger.warn({ pipeline: name, windows: rows.length }, note);
  return [note];
}
