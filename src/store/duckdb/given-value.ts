import { isNumeric, isTimestamp, type Column } from '../../model/column.js';
import { elementsOf, textOfMember, textsOfJson, unmarkedMember } from '../ndjson-sql.js';
import { EXACT_NUMBER } from './transfer-forms.js';
import { decimalShape, elementType, familyOf } from './types.js';

/** The type of texts that blanks fill up which are no part of them, as `character(n)` of PostgreSQL: none in DuckDB, which takes it for a text. */
export const PADDED = 'BPCHAR';

/** SQL of a value that some program wrote, in the wanted type. */
export interface GivenValue {
  /** As it was given. */
  readonly given: string;
  /** Throws what does not fit the type at all. */
  readonly value: string;
  /** The condition under which it is another value than the one that was given; undefined where that cannot be. */
  readonly changed?: string;
}

/** A value of a column of a typed file. */
export function fromTyped(given: string, from: Column, wanted: Column): GivenValue {
  const value = `CAST(${given} AS ${wanted.type})`;
  if (from.type === wanted.type) return { given, value };
  if (from.family === 'text') return fromText(given, wanted.type);
  const nested = [from, wanted].some(({ family }) => family === 'list' || family === 'struct');
  const narrows = isNumeric(wanted.family) || isTimestamp(wanted.family) || wanted.family === 'date' || nested;
  return narrows ? { given, value, changed: `CAST(${value} AS ${from.type}) <> ${given}` } : { given, value };
}

/** A text that stands for a value: DuckDB's own casts round, cut off digits, and drop the offset of a time from UTC without a word. */
export function fromText(text: string, type: string): GivenValue {
  const given = text;
  if (type === PADDED) return { given, value: `rtrim(${text}, ' ')` };
  const value = `CAST(${text} AS ${type})`;
  switch (familyOf(type)) {
    case 'integer':
      return { given, value: `CAST(${plainNumber(text)} AS ${type})`, changed: digitsBeyond(text, 0) };
    case 'decimal':
      return {
        given,
        value: `CAST(${plainNumber(text)} AS ${type})`,
        changed: digitsBeyond(text, decimalShape(type).scale),
      };
    case 'double': {
      // A double is by definition the nearest to its text; but 1e400 is no infinity, and 1e-400 no zero.
      const infinite = `isinf(${value}) AND NOT regexp_full_match(trim(${text}), '(?i)[+-]?inf(inity)?')`;
      return { given, value, changed: `${infinite} OR ${value} = 0 AND regexp_matches(${text}, '^[^eE]*[1-9]')` };
    }
    case 'date':
      return { given, value, changed: `CAST(${text} AS TIMESTAMP) <> ${value}` };
    case 'timestamp': {
      // A text without a zone is UTC.
      if (type === 'TIMESTAMP_NS')
        return { given, value, changed: `${finerThan(text, 9)} OR ${utcOf(text)} <> CAST(${text} AS TIMESTAMP)` };
      const cast = `CAST(${utcOf(text)} AS ${type})`;
      return { given, value: cast, changed: `${finerThan(text, 6)} OR ${utcOf(text)} <> ${cast}` };
    }
    case 'timestamptz':
    case 'time':
    case 'interval':
      return { given, value, changed: finerThan(text, 6) };
    default:
      return { given, value };
  }
}

/** A member of an object of NDJSON, as `markedLines` gives it. */
export function fromJson(member: string, type: string, depth = 0): GivenValue {
  const text = textOfMember(member);
  switch (familyOf(type)) {
    case 'json':
      return { given: text, value: `CAST(${unmarkedMember(member)} AS JSON)` };
    case 'list': {
      const name = `cutover_e${depth}`;
      const elements = elementsOf(member);
      const element = fromJson(name, elementType(type), depth + 1);
      const kept = type.replace(/^NUMERIC(?=\[)/, 'VARCHAR');
      const value = `CAST(list_transform(${elements}, lambda ${name}: ${element.value}) AS ${kept})`;
      if (element.changed === undefined) return { given: text, value };
      const changed = `len(list_filter(${elements}, lambda ${name}: ${element.changed})) > 0`;
      return { given: text, value, changed };
    }
    case 'struct':
    case 'other':
      if (type === EXACT_NUMBER) return { given: text, value: exactNumber(`(${text})`) };
      return fromObject(member, type);
    default:
      return { ...fromText(`(${text})`, type), given: text };
  }
}

/** Numbers in a type name that is no name of a member. */
const NUMBERS = /"(?:[^"]|"")*"|\b(?:U?(?:TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|DECIMAL\(\d+,\s*\d+\))(?![\w"])/g;
const WIDE = 'DECIMAL(38,18)';

/** Read once in wide numbers and once in those of the type: what these would round is seen. */
function fromObject(member: string, type: string): GivenValue {
  const given = textOfMember(member);
  // Numbers of a JSON member have to stay numbers, which DuckDB rounds.
  const json = /\bJSON\b/.test(type);
  const texts = `CASE WHEN ${given} IS NOT NULL THEN CAST(${json ? unmarkedMember(member) : textsOfJson(member)} AS JSON) END`;
  const value = `CAST(${texts} AS ${type})`;
  const wide = type.replace(NUMBERS, (found) => (found.startsWith('"') ? found : WIDE));
  const long = json ? '[0-9.]{16}|[0-9][eE][+-]?[0-9]' : '\\.[0-9]{18}[0-9]*[1-9]|[0-9][eE][+-]?[0-9]';
  return {
    given,
    value,
    changed: `regexp_matches(${given}, '"?\\b-?[0-9.]*(?:${long})') OR CAST(${value} AS ${wide}) IS DISTINCT FROM CAST(${texts} AS ${wide})`,
  };
}

/** `1.5e3` as `1500`; any other text as it is. Exponents of more than three digits are left alone. */
function plainNumber(text: string): string {
  const trimmed = `trim(${text})`;
  const mantissa = `split_part(lower(${trimmed}), 'e', 1)`;
  const sign = `CASE WHEN starts_with(${trimmed}, '-') THEN '-' ELSE '' END`;
  const digits = `replace(ltrim(${mantissa}, '+-'), '.', '')`;
  const whole = `length(split_part(ltrim(${mantissa}, '+-'), '.', 1))`;
  // How many digits stand before the point.
  const point = `(${whole} + CAST(split_part(lower(${trimmed}), 'e', 2) AS INTEGER))`;
  const moved = `CASE WHEN ${point} <= 0 THEN '0.' || repeat('0', -${point}) || ${digits}
    WHEN ${point} >= length(${digits}) THEN ${digits} || repeat('0', ${point} - length(${digits}))
    ELSE left(${digits}, ${point}) || '.' || substr(${digits}, ${point} + 1) END`;
  const scientific = `regexp_full_match(${trimmed}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)[eE][+-]?[0-9]{1,3}')`;
  return `(CASE WHEN ${scientific} THEN ${sign} || ${moved} ELSE ${text} END)`;
}

/** A number in the form of `EXACT_NUMBER`; any other text as it is. */
export function exactNumber(text: string): string {
  const plain = `regexp_replace(${plainNumber(text)}, '^\\+?(-?)0*([0-9])', '\\1\\2')`;
  const short = `CASE WHEN contains(${plain}, '.') THEN rtrim(rtrim(${plain}, '0'), '.') ELSE ${plain} END`;
  return `CASE WHEN regexp_full_match(${plain}, '-?[0-9]+(?:\\.[0-9]+)?') THEN CASE WHEN ${short} = '-0' THEN '0' ELSE ${short} END ELSE ${text} END`;
}

/** Anything but a number with at most so many digits behind the point; zeros do not count. */
function digitsBeyond(text: string, scale: number): string {
  return `NOT regexp_full_match(trim(${plainNumber(text)}), '[+-]?[0-9]*(?:\\.[0-9]{0,${scale}}0*)?')`;
}

function finerThan(text: string, digits: number): string {
  return `regexp_matches(${text}, '\\.[0-9]{${digits}}[0-9]*[1-9]')`;
}

function utcOf(text: string): string {
  return `(CAST(${text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
}
