import { CutoverError, messageOf } from '../model/errors.js';
import type { SqlSession } from '../store/contract.js';

/**
 * Proves that a predicate is one whole expression, by the store's own parser. Statements hold it in parentheses: `a > 1) OR (true` would be read there, too, and
 * mean something else in each of them. Between CASE WHEN and THEN no parenthesis is open that it could close, and no comma or SELECT may stand; in parentheses it cannot
 * close the CASE. So what both can read has its parentheses, quotes and comments in itself. Errors: SQL_FAILED, and the store's own where the predicate is wrong.
 *
 * @param relation whose columns it means
 */
export async function requirePredicate(session: SqlSession, relation: string, predicate: string): Promise<void> {
  const rows = `FROM ${relation} AS cutover_filtered`;
  await session.parse(`SELECT 1 AS one ${rows} WHERE (${predicate}\n)`);
  await session.parse(`SELECT CASE WHEN ${predicate}\n THEN 1 END AS one ${rows}`).catch((error: unknown) => {
    if (isOfAnother(error)) throw error;
    throw new CutoverError(
      'SQL_FAILED',
      `the filter ${predicate} is not one whole expression: ${reasonOf(error)}`,
      'Write one condition whose parentheses, quotes and comments are closed in itself, such as (a > 1) OR (b = 2).',
      { cause: error },
    );
  });
}

/**
 * Proves that a query is one whole query: without the parentheses that it will stand in, it can close none of them. Errors: SQL_FAILED.
 *
 * @param label of the endpoint
 */
export async function requireQuery(session: SqlSession, query: string, label: string): Promise<void> {
  await session.parse(query).catch((error: unknown) => {
    if (isOfAnother(error)) throw error;
    throw new CutoverError(
      'SQL_FAILED',
      `${label}: ${reasonOf(error)}`,
      'Correct the query: one SELECT, whose parentheses, quotes and comments are closed in itself. Two in parentheses with a word such as UNION between them stand in one more pair.',
      { cause: error },
    );
  });
}

/** Rights, a lost connection, a time limit. */
function isOfAnother(error: unknown): boolean {
  return error instanceof CutoverError && error.code !== 'SQL_FAILED';
}

/** The first line of a store's error, without the kind that DuckDB puts before it. */
export function reasonOf(error: unknown): string {
  const [first = ''] = messageOf(error).split('\n', 1);
  return first.replace(/^(?:Failed to extract statements: )?(?:[A-Z][A-Za-z ]*Error: )?/, '');
}
