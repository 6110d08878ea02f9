import type { CommonColumns } from './diff-columns.js';
import type { OpenSide } from './diff-sides.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { FilteredColumns } from '../store/duckdb/text-columns.js';

/** The columns that are not compared and whose names stand in a filter: without their types `n < 10` would compare texts, or nothing at all. */
export function filteredColumns(request: {
  readonly common: Pick<CommonColumns, 'beside' | 'onlyLeft' | 'onlyRight'>;
  readonly where: { readonly batch?: string; readonly stream?: string };
}): FilteredColumns {
  const { common, where } = request;
  const [inBatch, inStream] = [mentions(where.batch), mentions(where.stream)];
  return {
    pairs: common.beside.filter((names) => names.some((name) => inBatch(name) || inStream(name))),
    left: common.onlyLeft.filter(inBatch),
    right: common.onlyRight.filter(inStream),
  };
}

/** Whether a predicate may mean a name; to take one too many costs a look at its column. */
function mentions(predicate: string | undefined): (name: string) => boolean {
  const text = predicate?.toLowerCase() ?? '';
  return (name) => text.includes(name.toLowerCase().replaceAll('"', '""'));
}

/**
 * Has the store read the filter before anything else, so that an error in it says so. Not of a file of texts, whose columns have no types yet. Errors:
 * SQL_FAILED.
 */
export async function requireFilter(
  side: OpenSide,
  { pairs, beside }: Pick<CommonColumns, 'pairs' | 'beside'>,
  where: { readonly batch?: string; readonly stream?: string },
): Promise<void> {
  const [index, predicate] = side.name === 'left' ? ([0, where.batch] as const) : ([1, where.stream] as const);
  if (predicate === undefined || side.written.size > 0) return;
  const named = (names: CommonColumns['pairs']) => names.map((pair) => [pair[index], pair[0]] as const);
  const rows = relationOf(side, named(pairs), predicate, named(beside));
  try {
    await side.session.query(`SELECT 1 AS one FROM ${rows} AS cutover_filtered LIMIT 0`);
  } catch (error) {
    if (error instanceof CutoverError && error.code !== 'SQL_FAILED') throw error;
    throw new CutoverError(
      'SQL_FAILED',
      `the filter ${predicate} cannot be used on the ${side.name}: ${(messageOf(error).split('\n', 1)[0] ?? '').replace(/^[A-Z][A-Za-z ]*Error: /, '')}`,
      `Correct the filter. Columns of the ${side.name}: ${side.columns.map(({ name }) => name).join(', ')}.`,
      { cause: error },
    );
  }
}

/**
 * A side with the columns that are compared, by the names on the left, and the rows that are.
 *
 * @param beside names of columns that only the filter may use
 */
export function relationOf(
  side: Pick<OpenSide, 'relation' | 'columns' | 'dialect'>,
  renamed: readonly (readonly [own: string, name: string])[],
  where: string | undefined,
  beside: readonly (readonly [own: string, name: string])[] = [],
): string {
  const { quote } = side.dialect;
  const same = renamed.length === side.columns.length && renamed.every(([own, name]) => own === name);
  if (same && where === undefined) return side.relation;
  const list = renamed.map(([own, name]) => (own === name ? quote(own) : `${quote(own)} AS ${quote(name)}`));
  const has = new Set(side.columns.map((column) => column.name.toLowerCase()));
  // A filter may use either name of a column.
  const also = [...renamed, ...beside]
    .filter(([own, name]) => own !== name && !has.has(name.toLowerCase()))
    .map(([own, name]) => `${quote(own)} AS ${quote(name)}`);
  const rows =
    where === undefined || also.length === 0
      ? side.relation
      : `(SELECT *, ${also.join(', ')} FROM ${side.relation} AS cutover_side)`;
  return `(SELECT ${list.join(', ')} FROM ${rows} AS cutover_rows${where === undefined ? '' : ` WHERE (${where}\n)`})`;
}
