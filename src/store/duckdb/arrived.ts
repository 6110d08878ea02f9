import type { Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { TransferColumn } from '../../model/transfer.js';
import type { HashedValue, SqlDialect, SqlSession } from '../contract.js';
import { duckDbDialect } from './dialect.js';
import { arrivedColumn, EXACT_NUMBER, isCanonical } from './transfer-forms.js';

const { quote } = duckDbDialect;

/** A table that arrived from elsewhere, as a comparison reads it. */
export interface Arrived {
  /** Relation SQL. */
  readonly relation: string;
  readonly columns: readonly Column[];
}

/** The most digits of a DECIMAL. */
const DIGITS = 38;

/**
 * A loaded table with its numbers in the narrowest DECIMAL that holds all of a column, where there is one.
 *
 * @param table quoted and qualified, loaded by `bulkLoad`
 */
export async function arrivedTable(
  session: SqlSession,
  table: string,
  columns: readonly TransferColumn[],
): Promise<Arrived> {
  const numbers = columns.filter(({ form }) => form.kind === 'number');
  if (numbers.length === 0) return { relation: table, columns: columns.map(arrivedColumn) };
  const shapes = numbers.flatMap((column, i) => {
    const text = quote(column.name);
    const scale = `CASE WHEN contains(${text}, '.') THEN length(${text}) - strpos(${text}, '.') ELSE 0 END`;
    return [
      `coalesce(max(length(split_part(ltrim(${text}, '-'), '.', 1))), 1) AS w${i}`,
      `coalesce(max(${scale}), 0) AS s${i}`,
      `coalesce(bool_or(${text} IN ('NaN', 'Infinity', '-Infinity')), false) AS n${i}`,
    ];
  });
  const [row] = await session.query(`SELECT ${shapes.join(', ')} FROM ${table}`);
  const narrowed = new Map<string, string>();
  numbers.forEach(({ name: column }, i) => {
    const [whole, scale] = [Number(row?.[`w${i}`]), Number(row?.[`s${i}`])];
    if (row?.[`n${i}`] === false && whole + scale <= DIGITS) narrowed.set(column, `DECIMAL(${whole + scale},${scale})`);
  });
  const values = columns.map(({ name: column }) => {
    const type = narrowed.get(column);
    return type === undefined ? quote(column) : `CAST(${quote(column)} AS ${type}) AS ${quote(column)}`;
  });
  return {
    relation: narrowed.size === 0 ? table : `(SELECT ${values.join(', ')} FROM ${table})`,
    columns: columns.map((column) => {
      const type = narrowed.get(column.name);
      return type === undefined ? arrivedColumn(column) : { name: column.name, type, family: 'decimal' };
    }),
  };
}

/** The text of a number of any family in the form of `EXACT_NUMBER`. */
function numberText(expression: string, self: Column): string {
  if (self.type === EXACT_NUMBER) return expression;
  return self.family === 'double'
    ? duckDbDialect.comparable(expression, self, { name: '', type: 'DECIMAL(38,0)', family: 'decimal' })
    : duckDbDialect.canonicalText(expression, self);
}

const TEXT: Column = { name: '', type: 'VARCHAR', family: 'text' };

/** What is compared by its text is hashed as one. */
function asText(value: HashedValue): HashedValue {
  return isCanonical(value.self) || isCanonical(value.other) ? { ...value, self: TEXT, other: TEXT } : value;
}

/**
 * DuckDB's SQL for tables that arrived: columns in types that DuckDB has none for are what the sender said, and are compared by their texts, from which the
 * comparator reads exact numbers.
 *
 * @param given the columns of relations that arrived, by their SQL; of all others DuckDB is asked
 */
export function arrivedDialect(given: ReadonlyMap<string, readonly Column[]>): SqlDialect {
  return {
    ...duckDbDialect,
    columns: async (session, relation) => [
      ...(given.get(relation) ?? (await duckDbDialect.columns(session, relation))),
    ],
    canonicalText: (expression, column) =>
      column.type === EXACT_NUMBER || isCanonical(column)
        ? expression
        : duckDbDialect.canonicalText(expression, column),
    comparable: (expression, left, right) => {
      if (left.type === EXACT_NUMBER || right.type === EXACT_NUMBER) return numberText(expression, left);
      if (isCanonical(left)) return expression;
      return isCanonical(right)
        ? duckDbDialect.canonicalText(expression, left)
        : duckDbDialect.comparable(expression, left, right);
    },
    rowHash: (values) => duckDbDialect.rowHash(values.map(asText)),
    bucketOf: (key, buckets) => duckDbDialect.bucketOf(key.map(asText), buckets),
    asSet: (expression, column) => {
      if (isCanonical(column))
        throw new CutoverError(
          'TYPE_MISMATCH',
          `column ${column.name} holds a list of several dimensions, or a time later than DuckDB's last, on the PostgreSQL side: it is no set there`,
          'Remove `set` from its rule, or compare a query that makes a list of one dimension of it.',
        );
      return duckDbDialect.asSet(expression, column);
    },
  };
}
