import type { Column } from '../../model/column.js';
import type { TransferColumn, ValueForm } from '../../model/transfer.js';

/**
 * The type of numbers that no type of DuckDB holds: more than 38 digits, or NaN. They are kept as their texts, in which equal numbers are alike; the dialect of a
 * comparison has to know it (see `exactNumber` in `given-value.ts`).
 */
export const EXACT_NUMBER = 'NUMERIC';

/** Begins the type of what DuckDB has no type for, lists of several dimensions and times later than its last: kept as canonical texts. */
const CANONICAL = "PostgreSQL's ";

export function isCanonical({ type }: Column): boolean {
  return type.startsWith(CANONICAL);
}

/** What a column that arrived is to a comparison. */
export function arrivedColumn({ name, form }: TransferColumn): Column {
  return { name, ...typeOf(form) };
}

function typeOf(form: ValueForm): Pick<Column, 'type' | 'family'> {
  switch (form.kind) {
    case 'text':
      return { type: 'VARCHAR', family: 'text' };
    case 'json':
      return { type: 'JSON', family: 'json' };
    case 'boolean':
      return { type: 'BOOLEAN', family: 'boolean' };
    case 'smallint':
    case 'integer':
    case 'bigint':
      return { type: form.kind.toUpperCase(), family: 'integer' };
    case 'number':
      return { type: EXACT_NUMBER, family: 'decimal' };
    case 'decimal':
      return { type: `DECIMAL(${form.precision},${form.scale})`, family: 'decimal' };
    case 'float':
    case 'double':
      return { type: form.kind.toUpperCase(), family: 'double' };
    case 'date':
    case 'timestamp':
    case 'interval':
    case 'uuid':
      return { type: form.kind.toUpperCase(), family: form.kind };
    case 'timestamptz':
      return { type: 'TIMESTAMP WITH TIME ZONE', family: 'timestamptz' };
    case 'time':
      return { type: 'TIME', family: 'time' };
    case 'timetz':
      return { type: 'TIME WITH TIME ZONE', family: 'time' };
    case 'bytes':
      return { type: 'BLOB', family: 'bytes' };
    case 'list':
      return { type: `${typeOf(form.element).type}[]`, family: 'list' };
    case 'canonical':
      return { type: `${CANONICAL}${form.type}`, family: form.family };
  }
}

/** The type in which the values are kept. */
export function keptType(form: ValueForm): string {
  switch (form.kind) {
    case 'number':
    case 'json':
    case 'canonical':
      // A text that PostgreSQL holds to be JSON may be none to DuckDB.
      return 'VARCHAR';
    case 'list':
      return `${keptType(form.element)}[]`;
    default:
      return typeOf(form).type;
  }
}

/** PostgreSQL's text of a date or time in the form of DuckDB, which writes the sign of years before 1 behind the date. Where DuckDB meets PostgreSQL's, it drops it without a word. */
export function withEra(text: string): string {
  return `CASE WHEN ends_with(${text}, ' BC') THEN regexp_replace(${text}, '^(\\S+)(.*) BC$', '\\1 (BC)\\2') ELSE ${text} END`;
}

/** DuckDB SQL: a value from its plain text. */
function valueOf(text: string, form: ValueForm): string {
  switch (form.kind) {
    case 'text':
    case 'number':
    case 'json':
    case 'canonical':
      return text;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return `CAST(${withEra(text)} AS ${keptType(form)})`;
    case 'interval': {
      const part = (n: number, type: string): string => `CAST(split_part(${text}, ' ', ${n}) AS ${type})`;
      return `to_months(${part(1, 'INTEGER')}) + to_days(${part(2, 'INTEGER')}) + to_microseconds(${part(3, 'BIGINT')})`;
    }
    case 'bytes':
      return `unhex(substr(${text}, 3))`;
    case 'list': {
      const elements = `from_json(${text}, '["VARCHAR"]')`;
      const values =
        keptType(form.element) === 'VARCHAR'
          ? elements
          : `list_transform(${elements}, lambda cutover_e: ${valueOf('cutover_e', form.element)})`;
      return `CASE WHEN ${text} = '{}' THEN error('${DEEP_LIST}') ELSE ${values} END`;
    }
    default:
      return `CAST(${text} AS ${keptType(form)})`;
  }
}

/** What the load of a list within a list says. */
export const DEEP_LIST = 'cutover: a list within a list';

/** What DuckDB says of a time that it has no value for. */
export const LATE_TIME = 'timestamp field value out of range';

/** In the characters that stand for others; NUL, which no such text holds, keeps the place of the backslash. */
const ESCAPED = [
  ['t', 9],
  ['n', 10],
  ['r', 13],
  ['b', 8],
  ['f', 12],
  ['v', 11],
] as const;

function unescaped(field: string): string {
  const marked = `replace(${field}, '\\\\', chr(0))`;
  const characters = ESCAPED.reduce((text, [letter, code]) => `replace(${text}, '\\${letter}', chr(${code}))`, marked);
  return `CASE WHEN contains(${field}, '\\') THEN replace(${characters}, chr(0), '\\') ELSE ${field} END`;
}

/** DuckDB SQL: a value from a field as it stands in the record. */
export function fieldValue(field: string, form: ValueForm): string {
  switch (form.kind) {
    case 'text':
    case 'json':
    case 'list':
    case 'canonical':
      return form.kind === 'list' ? valueOf(`(${unescaped(field)})`, form) : unescaped(field);
    case 'bytes':
      // Its backslash stands doubled.
      return `unhex(substr(${field}, 4))`;
    default:
      return valueOf(field, form);
  }
}
