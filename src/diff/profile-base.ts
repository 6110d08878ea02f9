import type { Column } from '../model/column.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';
import type { ComparedColumn } from './compared-column.js';
import { formatDecimal, parseDecimal } from './decimal.js';
import type { Trait } from './profile-traits.js';
import { allOf, type Side, type SideSource } from './sides.js';

/** What is asked of one side, in one pass over it. */
export interface SideQuestions {
  readonly traits: readonly { readonly column: ComparedColumn; readonly trait: Trait }[];
  /** Columns whose smallest and largest value are asked. */
  readonly ranges: readonly ComparedColumn[];
  readonly sums: readonly ComparedColumn[];
}

/** The answers, in the order of the questions. */
export interface SideAnswers {
  readonly rows: number;
  readonly traits: readonly number[];
  readonly ranges: readonly { readonly from: string | null; readonly to: string | null }[];
  /** null: the sum is no finite number. */
  readonly sums: readonly (string | null)[];
}

export type AskSide = (side: Side, questions: SideQuestions) => Promise<SideAnswers>;

/** Asks one side; no query where nothing is asked. */
export async function askSide(
  session: SqlSession,
  dialect: SqlDialect,
  source: SideSource,
  questions: SideQuestions,
): Promise<SideAnswers> {
  if (questions.traits.length + questions.ranges.length + questions.sums.length === 0)
    return { rows: 0, traits: [], ranges: [], sums: [] };
  const { side } = source;
  const named = (column: ComparedColumn): string => `${side}.${dialect.quote(column[side].name)}`;
  // A query is run once, and rows that are stored by rows are read once.
  const byColumn = dialect.countsAreFree && !source.relation.startsWith('(');
  const select = [
    'count(*) AS n',
    ...(byColumn ? [] : questions.traits).map(
      ({ column, trait }, index) =>
        `count(*) FILTER (WHERE ${holds(dialect, named(column), column[side], trait)}) AS t${index}`,
    ),
    ...questions.ranges.flatMap((column, index) =>
      (['min', 'max'] as const).map(
        (end) => `${dialect.canonicalText(`${end}(${named(column)})`, column[side])} AS ${end}${index}`,
      ),
    ),
    ...questions.sums.map((column, index) => `CAST(sum(${named(column)}) AS VARCHAR) AS s${index}`),
  ];
  // A condition that somebody wrote may end with a comment.
  const filter = source.filter === undefined ? '' : ` WHERE (${source.filter}\n)`;
  const [row] = await session.query(`SELECT ${select.join(', ')} FROM ${source.relation} ${side}${filter}`);
  const text = (name: string): string | null => {
    const cell = row?.[name];
    return cell === null || cell === undefined ? null : String(cell);
  };
  return {
    rows: Number(text('n') ?? 0),
    traits: byColumn
      ? await countByColumn(session, dialect, source, questions.traits)
      : questions.traits.map((_, index) => Number(text(`t${index}`) ?? 0)),
    ranges: questions.ranges.map((_, index) => ({ from: text(`min${index}`), to: text(`max${index}`) })),
    sums: questions.sums.map((_, index) => {
      const sum = parseDecimal(text(`s${index}`) ?? '0');
      return sum === undefined ? null : formatDecimal(sum);
    }),
  };
}

/**
 * How many rows have each trait, where the store reads the columns alone that are asked for: the values of a column in one look at it, anything else by a
 * condition of its own, which the smallest and largest values of parts of the table may answer.
 */
async function countByColumn(
  session: SqlSession,
  dialect: SqlDialect,
  { side, relation, filter }: SideSource,
  traits: SideQuestions['traits'],
): Promise<number[]> {
  const values = new Map<ComparedColumn, [index: number, value: string][]>();
  const selects: string[] = [];
  traits.forEach(({ column, trait }, index) => {
    const expression = `${side}.${dialect.quote(column[side].name)}`;
    if (trait.by === 'value' && trait.value !== null) {
      values.set(column, [
        ...(values.get(column) ?? []),
        [index, equal(dialect, expression, column[side], trait.value).value],
      ]);
      return;
    }
    const condition = allOf([filter, holds(dialect, expression, column[side], trait)]);
    selects.push(`SELECT ${index} AS i, count(*) AS n FROM ${relation} ${side} WHERE ${condition ?? 'true'}`);
  });
  for (const [column, asked] of values) {
    const { expression } = equal(dialect, `${side}.${dialect.quote(column[side].name)}`, column[side], '');
    const condition = allOf([filter, `${expression} IN (${asked.map(([, value]) => value).join(', ')})`]);
    selects.push(`SELECT i, n FROM (SELECT ${expression} AS v, count(*) AS n FROM ${relation} ${side} WHERE ${condition ?? 'true'} GROUP BY 1) counted
      JOIN (VALUES ${asked.map(([index, value]) => `(${index}, ${value})`).join(', ')}) asked(i, v) ON counted.v = asked.v`);
  }
  if (selects.length === 0) return [];
  const found = new Map(
    (await session.query(selects.join(' UNION ALL '))).map((row) => [Number(row['i']), Number(row['n'])]),
  );
  return traits.map((_, index) => found.get(index) ?? 0);
}

/**
 * Whether the store adds up values of that type exactly and for any number of rows. Doubles are not: their sum depends on the order. Nor are types so wide that
 * a sum of ten thousand million rows may not fit any type.
 */
export function isSummable(column: Column, dialect: SqlDialect): boolean {
  if (column.family !== 'integer' && column.family !== 'decimal') return false;
  if (dialect.kind === 'postgres') return true;
  if (/^U?HUGEINT$/i.test(column.type)) return false;
  const precision = /^DECIMAL\((\d+),/i.exec(column.type)?.[1];
  return precision === undefined || Number(precision) <= 28;
}

/** A condition on a side's own value: a trait is only ever asked of a side that the text came from, or whose column has the same type. */
function holds(dialect: SqlDialect, expression: string, column: Column, { by, value }: Trait): string {
  if (value === null) return `${expression} IS NULL`;
  const literal = dialect.literal(value);
  if (by === 'prefix') return `starts_with(CAST(${expression} AS VARCHAR), ${literal})`;
  if (by === 'value') {
    const compared = equal(dialect, expression, column, value);
    return `${compared.expression} = ${compared.value}`;
  }
  const [from, to] = by === 'day' ? [value, dayAfter(value)] : [`${value}-01`, `${monthAfter(value)}-01`];
  return `${expression} >= ${typed(dialect, from, column)} AND ${expression} < ${typed(dialect, to, column)}`;
}

/** What has to be equal where a column holds a value. */
function equal(
  dialect: SqlDialect,
  expression: string,
  column: Column,
  value: string,
): { readonly expression: string; readonly value: string } {
  // A column's collation may call different texts equal.
  return column.family === 'text'
    ? {
        expression: dialect.comparable(expression, column, column),
        value: dialect.comparable(dialect.literal(value), column, column),
      }
    : { expression, value: typed(dialect, value, column) };
}

function typed(dialect: SqlDialect, text: string, column: Column): string {
  const zone =
    column.family === 'timestamptz' && !/inf/.test(text) ? `${text.length === 10 ? ' 00:00:00' : ''}+00` : '';
  return `CAST(${dialect.literal(`${text}${zone}`)} AS ${column.type})`;
}

function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  // The year 10000 has a sign and zeros before it.
  return (date.toISOString().split('T')[0] ?? '').replace(/^\+0*/, '');
}

function monthAfter(month: string): string {
  const next = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7));
  return `${String(Math.floor(next / 12)).padStart(4, '0')}-${String((next % 12) + 1).padStart(2, '0')}`;
}
