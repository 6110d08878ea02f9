import type { Column } from '../../model/column.js';
import { CutoverError } from '../../model/errors.js';
import type { TransferBytes, TransferColumn, ValueForm } from '../../model/transfer.js';
import type { SqlSession } from '../contract.js';
import { canonicalText } from './canonical.js';
import { quote } from './names.js';
import { PostgresSession } from './session.js';

/** A column of a relation as it leaves the server. */
export interface SentColumn extends TransferColumn {
  /** PostgreSQL SQL of what is sent. */
  readonly value: string;
  /** What of the values may be lost on the way, in words. */
  readonly loss?: string;
  /** How a list is sent where one of several dimensions was found. */
  readonly deep?: SentColumn;
  /** How times are sent where one was found that the receiver has no value for. */
  readonly late?: SentColumn;
}

const PLAIN: Readonly<Record<string, Exclude<ValueForm['kind'], 'decimal' | 'list' | 'canonical'>>> = {
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  real: 'float',
  'double precision': 'double',
  boolean: 'boolean',
  date: 'date',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytes',
  text: 'text',
  'character varying': 'text',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  interval: 'interval',
  numeric: 'number',
};

/** The form of a type by its name as `format_type` prints it; undefined for one that is not known here. */
function formOf(type: string): ValueForm | undefined {
  const exact = /^numeric\((\d+),(-?\d+)\)$/.exec(type);
  if (exact !== null) {
    const [precision, scale] = [Number(exact[1]), Number(exact[2])];
    return precision <= 38 && scale >= 0 && scale <= precision
      ? { kind: 'decimal', precision, scale }
      : { kind: 'number' };
  }
  const kind = PLAIN[type.replace(/\(\d+\)/, '')];
  return kind === undefined ? undefined : { kind };
}

/** Elements leave as texts. */
function elementOf(type: string): ValueForm {
  return formOf(type.slice(0, -2)) ?? { kind: 'text' };
}

/** Whole numbers; what extract gives of an infinite interval is NULL in parts, and would make the whole NULL. */
function intervalText(value: string): string {
  const months = `extract(year FROM ${value}) * 12 + extract(month FROM ${value})`;
  const micros = `extract(hour FROM ${value}) * 3600000000 + extract(minute FROM ${value}) * 60000000 + extract(microseconds FROM ${value})`;
  const parts = [months, `extract(day FROM ${value})`, micros].map((part) => `CAST(${part} AS BIGINT)`);
  return `CASE WHEN isfinite(${value}) THEN ${parts.join(` || ' ' || `)} ELSE CAST(${value} AS TEXT) END`;
}

/**
 * How the columns of a relation leave the server, every value exactly. What has no counterpart elsewhere goes as its text, which `loss` then says.
 *
 * @param asText names of columns whose text is enough, because it is compared with that of the same type: whatever it holds then arrives
 */
export function sentColumns(columns: readonly Column[], asText: ReadonlySet<string>): SentColumn[] {
  return columns.map((column) => {
    const { name, type, family } = column;
    const value = quote(name);
    const text = `CAST(${value} AS TEXT)`;
    const known = formOf(type);
    // The server writes equal numbers in a list in more than one way: 1.5 and 1.50, 0 and -0.
    if (asText.has(name))
      return { name, form: { kind: 'text' }, value: family === 'list' ? canonicalText(value, column) : text };
    switch (family) {
      case 'decimal':
        return known?.kind === 'decimal'
          ? { name, form: known, value }
          : { name, form: { kind: 'number' }, value: `trim_scale(CAST(${value} AS NUMERIC))` };
      case 'integer':
        return { name, form: known ?? { kind: 'bigint' }, value };
      case 'double':
        // A domain may stand for either type, and the text of a real names another double than it is.
        return known === undefined
          ? { name, form: { kind: 'double' }, value: `CAST(${value} AS DOUBLE PRECISION)` }
          : { name, form: known, value };
      case 'interval':
        return { name, form: { kind: 'interval' }, value: intervalText(value) };
      case 'list': {
        if (!type.endsWith('[]')) return textWithLoss(name, type, value);
        const deep = canonical(column, family, value);
        return { ...listOf(name, type, value), deep, ...(/^timestamp/.test(type) ? { late: deep } : {}) };
      }
      case 'timestamp':
      case 'timestamptz':
        return { name, form: { kind: family }, value, late: canonical(column, family, value) };
      case 'text':
        // The blanks at the end of char(n) are no part of its value.
        return { name, form: { kind: 'text' }, value: known === undefined ? text : value };
      case 'time':
        return known === undefined ? textWithLoss(name, type, value) : { name, form: known, value };
      case 'struct':
      case 'other':
        return textWithLoss(name, type, value);
      case 'bytes':
        return { name, form: { kind: 'bytes' }, value };
      default:
        return { name, form: { kind: family }, value };
    }
  });
}

function canonical(
  column: Column,
  family: Extract<ValueForm, { kind: 'canonical' }>['family'],
  value: string,
): SentColumn {
  const { name, type } = column;
  return { name, form: { kind: 'canonical', family, type }, value: canonicalText(value, column) };
}

/** DuckDB knows how deep a list is by its type and begins each at 1, PostgreSQL by its value: the object stands for one that no list can hold. */
function listOf(name: string, type: string, value: string): SentColumn {
  const element = elementOf(type);
  const each = (text: string): string =>
    `ARRAY(SELECT ${text} FROM unnest(${value}) WITH ORDINALITY AS cutover_u(cutover_e, cutover_n) ORDER BY cutover_n)`;
  const texts =
    element.kind === 'interval'
      ? each(intervalText('cutover_e'))
      : element.kind === 'number'
        ? each('CAST(trim_scale(CAST(cutover_e AS NUMERIC)) AS TEXT)')
        : `CAST(${value} AS TEXT[])`;
  return {
    name,
    form: { kind: 'list', element },
    value: `CASE WHEN ${value} IS NOT NULL THEN CASE WHEN array_ndims(${value}) > 1 OR array_lower(${value}, 1) <> 1 THEN '{}' ELSE CAST(to_json(${texts}) AS TEXT) END END`,
  };
}

function textWithLoss(name: string, type: string, value: string): SentColumn {
  return { name, form: { kind: 'text' }, value, loss: `${name}: ${type} compared by its text` };
}

/**
 * Gives the rows of a relation, as `columns` say, to `take`, which sets the pace. In the caller's transaction: in its snapshot, also when it is done again
 * after `take` failed.
 *
 * @param relation a quoted, qualified name or a parenthesised query
 * @param where SQL conditions on its columns
 * @returns `rows`: how many the server says it sent
 */
export async function sendRows<T>(
  session: SqlSession,
  relation: string,
  columns: readonly SentColumn[],
  where: readonly string[],
  take: (rows: TransferBytes) => Promise<T>,
): Promise<{ taken: T; rows: number }> {
  if (!(session instanceof PostgresSession))
    throw new CutoverError('INTERNAL', 'rows are sent by a session of PostgreSQL', 'Please report this defect.');
  const values = columns.map(({ value }) => value);
  // A record is never an empty line.
  if (values.length < 2) values.push('1');
  const conditions = where.length === 0 ? '' : ` WHERE ${where.map((one) => `(${one})`).join(' AND ')}`;
  await session.script('SAVEPOINT cutover_sent');
  try {
    const { taken, rows } = await session.copyOut(
      `COPY (SELECT ${values.join(', ')} FROM ${relation} AS cutover_sent${conditions}) TO STDOUT`,
      take,
    );
    await session.script('RELEASE SAVEPOINT cutover_sent');
    return { taken, rows: rows() };
  } catch (error) {
    await session.script('ROLLBACK TO SAVEPOINT cutover_sent').catch(() => undefined);
    throw error;
  }
}
