import type { DeclaredType } from './declared-type.js';
import { isNested } from './declared-type.js';
import { HOLDS_NUL } from './record.js';
import { quoteText } from './sql-text.js';

/**
 * SQL that turns a text into a value of a declared type, NULL where it does not fit. DuckDB's own casts from text are too
 * forgiving for a log: '1.5' becomes the integer 2, '1.239' the decimal 1.24, '2024-01-01x' a date, and a timestamp drops
 * its UTC offset. So the form of the text is checked first, and nothing is rounded, cut off or guessed.
 *
 * @param text SQL of type VARCHAR
 */
export function fromText(text: string, type: DeclaredType): string {
  if (type.list) {
    // Elements arrive as a JSON array of texts and nulls, so that DuckDB's JSON numbers (doubles) are never involved.
    const elements = `json_extract_string(${text}, '$[*]')`;
    if (type.name === 'text') return elements;
    const values = `list_transform(${elements}, lambda item: ${scalarFromText('item', type)})`;
    const fits = `len(list_filter(${elements}, lambda item: item IS NOT NULL AND (${scalarFromText('item', type)}) IS NULL)) = 0`;
    return `CASE WHEN ${fits} THEN ${values} END`;
  }
  return scalarFromText(text, type);
}

const DATE = '[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}';
// A zero or nothing after the sixth digit: finer times than microseconds do not fit.
const TIME = '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)?';

function scalarFromText(text: string, type: DeclaredType): string {
  const cast = `TRY_CAST(trim(${text}) AS ${type.scalar})`;
  switch (type.name) {
    case 'text':
      return text;
    case 'boolean':
      return cast;
    case 'integer':
    case 'bigint':
    case 'decimal':
      return exactNumber(text, cast, type.scale);
    case 'double':
      // 1e400 is not infinity and 1e-400 is not 0.
      return (
        `CASE WHEN regexp_full_match(trim(${text}), '(?i)[+-]?(nan|inf|infinity)') THEN ${cast} ` +
        `WHEN regexp_full_match(trim(${text}), '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?') AND NOT isinf(${cast}) ` +
        `AND (${cast} <> 0 OR NOT regexp_matches(trim(${text}), '^[^eE]*[1-9]')) THEN ${cast} END`
      );
    case 'date':
      return guarded(text, DATE, cast);
    case 'timestamp':
      return guarded(text, `${DATE}([T ]${TIME}(Z|[+-]00(:?00)?)?)?`, cast);
    case 'timestamptz':
      return guarded(text, `${DATE}([T ]${TIME}(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?`, cast);
    case 'json':
      return `CASE WHEN json_valid(${text}) THEN CAST(${text} AS JSON) END`;
    case 'bytes':
      return `TRY(from_base64(${text}))`;
  }
}

function guarded(text: string, form: string, cast: string): string {
  return `CASE WHEN regexp_full_match(trim(${text}), '${form}') THEN ${cast} END`;
}

/**
 * Plain notation fits when only zeros stand beyond the scale. With an exponent DuckDB's cast may cut digits off; at most 15
 * significant digits are told apart by their doubles, so there the cast is exact when both give the same double.
 */
function exactNumber(text: string, cast: string, scale: number): string {
  const plain = `[+-]?([0-9]+(\\.[0-9]{0,${scale}}0*)?|\\.[0-9]{1,${Math.max(scale, 1)}}0*)`;
  const scientific = '[+-]?[0-9.]{1,15}[eE][+-]?[0-9]{1,2}';
  return (
    `CASE WHEN regexp_full_match(trim(${text}), '${plain}') THEN ${cast} ` +
    `WHEN regexp_full_match(trim(${text}), '${scientific}') ` +
    `AND TRY_CAST(trim(${text}) AS DOUBLE) = TRY_CAST(${cast} AS DOUBLE) THEN ${cast} END`
  );
}

/**
 * SQL that turns a typed value into a declared type, NULL where it would lose something: the value must come back the same
 * when it is cast to its own type again (so 1.5 is no integer, and a time of day does not fit a date).
 *
 * @param source DuckDB's name of the value's type
 */
export function fromTyped(value: string, source: string, type: DeclaredType): string {
  if (source === type.duckdb) return value;
  if (source === 'VARCHAR' && !type.list) return fromText(value, type);
  if (type.duckdb === 'JSON') return isNested(source) ? `CAST(to_json(${value}) AS JSON)` : `to_json(${value})`;
  const cast = `TRY_CAST(${value} AS ${type.duckdb})`;
  return `CASE WHEN TRY_CAST(${cast} AS ${source}) IS NOT DISTINCT FROM ${value} THEN ${cast} END`;
}

/** SQL of the reason why a value does not fit, NULL when it does. */
export function misfit(column: string, declared: string, source: string, sourceText: string, value: string): string {
  const start = quoteText(`column "${column}": `);
  const end = quoteText(` does not fit ${declared}`);
  const shown = `CASE WHEN length(${sourceText}) > 100 THEN left(${sourceText}, 100) || '...' ELSE ${sourceText} END`;
  return `CASE WHEN ${source} IS NOT NULL AND ${value} IS NULL THEN ${start} || '''' || ${shown} || '''' || ${end} END`;
}

/** SQL that is true where a text, or a text of a list, holds the character U+0000. */
function hasNul(value: string, { list }: DeclaredType): string {
  return list ? `len(list_filter(${value}, lambda item: contains(item, chr(0)))) > 0` : `contains(${value}, chr(0))`;
}

/** SQL of a value, NULL where it is a text with U+0000. */
export function withoutNul(value: string, type: DeclaredType): string {
  return type.name === 'text' ? `CASE WHEN ${hasNul(value, type)} THEN NULL ELSE ${value} END` : value;
}

/** SQL of the reason why a text with U+0000 does not fit, NULL when it has none. */
export function nulMisfit(column: string, value: string, type: DeclaredType): string {
  return `CASE WHEN ${hasNul(value, type)} THEN ${quoteText(`column "${column}": ${HOLDS_NUL}`)} END`;
}

/** SQL of the event time of a typed column (times without zone are UTC); NULL without one. */
export function eventTimeOf(value: string | undefined, type: DeclaredType | undefined): string {
  if (value === undefined || type === undefined) return 'CAST(NULL AS TIMESTAMPTZ)';
  if (type.name !== 'text') return `TRY_CAST(${value} AS TIMESTAMPTZ)`;
  return fromText(value, { name: 'timestamptz', list: false, scale: 0, scalar: 'TIMESTAMPTZ', duckdb: 'TIMESTAMPTZ' });
}
