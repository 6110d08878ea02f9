import type { CommonColumns } from './diff-columns.js';
import type { OpenSide } from './diff-sides.js';
import { reasonOf, requirePredicate } from '../diff/whole-sql.js';
import { CutoverError } from '../model/errors.js';
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
 * Has the store read the filter before anything else, so that an error in it says so, and that it is one whole expression. Of a file of texts, whose columns
 * have no types yet, no more than that. Errors: SQL_FAILED.
 */
export async function requireFilter(
  side: OpenSide,
  { pairs, beside }: Pick<CommonColumns, 'pairs' | 'beside'>,
  where: { readonly batch?: string; readonly stream?: string },
): Promise<void> {
  const [index, predicate] = side.name === 'left' ? ([0, where.batch] as const) : ([1, where.stream] as const);
  if (predicate === undefined) return;
  const named = (names: CommonColumns['pairs']) => names.map((pair) => [pair[index], pair[0]] as const);
  const all = withOtherNames(side, [...named(pairs), ...named(beside)]);
  const rows = relationOf(side, named(pairs), predicate, named(beside));
  try {
    await requirePredicate(side.session, all, predicate);
    if (side.written.size === 0) await side.session.query(`SELECT 1 AS one FROM ${rows} AS cutover_filtered LIMIT 0`);
  } catch (error) {
    if (error instanceof CutoverError) throw error;
    throw new CutoverError(
      'SQL_FAILED',
      `the filter ${predicate} cannot be used on the ${side.name}: ${reasonOf(error)}`,
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
  const rows = where === undefined ? side.relation : withOtherNames(side, [...renamed, ...beside]);
  return `(SELECT ${list.join(', ')} FROM ${rows} AS cutover_rows${where === undefined ? '' : ` WHERE (${where}\n)`})`;
}

/** A filter may use either name of a column. */
function withOtherNames(
  { relation, columns, dialect: { quote } }: Pick<OpenSide, 'relation' | 'columns' | 'dialect'>,
  renamed: readonly (readonly [own: string, name: string])[],
): string {
  const has = new Set(columns.map((column) => column.name.toLowerCase()));
  const also = renamed
    .filter(([own, name]) => own !== name && !has.has(name.toLowerCase()))
    .map(([own, name]) => `${quote(own)} AS ${quote(name)}`);
  return also.length === 0 ? relation : `(SELECT *, ${also.join(', ')} FROM ${relation} AS cutover_side)`;
}
