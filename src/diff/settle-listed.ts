import type { Column } from '../model/column.js';
import type { Discrepancy } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { SqlDialect } from '../store/contract.js';

/** Families of which a printed value is no longer the canonical text, or one value has several. */
const NOT_NAMED = new Set(['double', 'list', 'json']);

/** A key column of a side, in key order. */
export interface ListedColumn {
  /** As its side has it. */
  readonly column: Column;
  /** Its name in the comparison. */
  readonly name: string;
}

/** Keys have to be found again by what was printed of them. Errors: TYPE_MISMATCH. */
export function requireListable(key: readonly ListedColumn[]): void {
  const odd = key.find(({ column }) => NOT_NAMED.has(column.family));
  if (odd === undefined) return;
  throw new CutoverError(
    'TYPE_MISMATCH',
    `keys that differ are looked up again by their values, which key column ${odd.name} does not allow: it is ${odd.column.type}`,
    'Cast it in a query: #(select ...), compare by another key, or leave --settle out.',
  );
}

/**
 * The rows of these keys, and with `nulls` those whose key holds a NULL, as relation SQL that needs no table of its own: for a server on which nothing may be
 * written. Call `requireListable` before.
 */
export function rowsOfKeys(
  dialect: SqlDialect,
  relation: string,
  key: readonly ListedColumn[],
  keys: readonly Discrepancy['key'][],
  nulls: boolean,
): string {
  const of = ({ column }: ListedColumn): string => `settled.${dialect.quote(column.name)}`;
  const lists = key.map(({ name }) => keys.map((one) => String(one[name] ?? '')));
  const rows = `SELECT settled.* FROM ${relation} AS settled WHERE`;
  const none = keys.length === 0;
  const same = key.map((one, index) => sameValue(dialect, of(one), one.column, lists[index] ?? [], `wanted.t${index}`));
  const listed = none
    ? `${rows} false`
    : `${rows} EXISTS (SELECT 1 FROM ${given(dialect, lists)} AS wanted WHERE ${same.join(' AND ')})`;
  if (!nulls) return `(${listed})`;
  // Apart, for an index helps to find the others.
  return `(${listed} UNION ALL ${rows} ${key.map((one) => `${of(one)} IS NULL`).join(' OR ')})`;
}

/** The keys as a relation of texts, `t0`, `t1`, ... */
function given(dialect: SqlDialect, lists: readonly (readonly string[])[]): string {
  const literals = lists.map((list) => list.map((text) => dialect.literal(text)).join(', '));
  const columns =
    dialect.kind === 'postgres'
      ? literals.map((list, index) => `unnest(CAST(ARRAY[${list}] AS TEXT[])) AS t${index}`)
      : literals.map((list, index) => `unnest([${list}]) AS t${index}`);
  return `(SELECT ${columns.join(', ')})`;
}

function sameValue(
  dialect: SqlDialect,
  value: string,
  column: Column,
  texts: readonly string[],
  wanted: string,
): string {
  const text = dialect.kind === 'postgres' && column.family === 'text' ? ' COLLATE "C"' : '';
  const byText = `${wanted}${text} = ${dialect.canonicalText(value, column)}${text}`;
  const type = dialect.kind === 'postgres' ? indexedType(column, texts) : null;
  return type === null ? byText : `CAST(${wanted} AS ${type}) = ${value} AND ${byText}`;
}

const RANGES: Readonly<Record<string, bigint>> = {
  smallint: 2n ** 15n,
  integer: 2n ** 31n,
  bigint: 2n ** 63n,
};

/** The type in which a server finds the value by an index; null: not every text is surely one of it, or its text is compared in any case. */
function indexedType({ type, family }: Column, texts: readonly string[]): string | null {
  const size = RANGES[type];
  if (size !== undefined) {
    const fits = texts.every((text) => /^-?\d+$/.test(text) && BigInt(text) < size && BigInt(text) >= -size);
    return fits ? type : null;
  }
  if (family === 'uuid')
    return texts.every((text) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)) ? type : null;
  if (type === 'text' || /^character varying/.test(type)) return 'text';
  if (type === 'date') return texts.every((text) => /^\d{4}-\d\d-\d\d$/.test(text)) ? type : null;
  return null;
}
