import type { Column } from '../../model/column.js';
import { decimalShape, elementType, familyOf } from './types.js';

/** The canonical texts of docs/canonical.md in DuckDB's SQL. */

export function withoutTrailingZeros(text: string): string {
  return `rtrim(rtrim(${text}, '0'), '.')`;
}

/** -0 becomes 0 and every NaN one NaN; DuckDB's own text reads back to the same double. */
export function doubleText(expression: string): string {
  const value = `CAST(${expression} AS DOUBLE)`;
  return `CASE WHEN isnan(${value}) THEN 'NaN' WHEN isinf(${value}) THEN CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE CAST(${value} + 0.0 AS VARCHAR) END`;
}

function decimalText(expression: string, type: string): string {
  const { precision, scale } = decimalShape(type);
  const text = `CAST(${expression} AS VARCHAR)`;
  if (scale === 0) return text;
  // Where no digit stands before the point DuckDB writes none: .5
  const whole = precision > scale ? text : `regexp_replace(${text}, '^(-?)\\.', '\\10.')`;
  return withoutTrailingZeros(whole);
}

function timestampText(expression: string, type: string): string {
  const value = `CAST(${expression} AS TIMESTAMP)`;
  // strftime writes years before 1 as numbers below 1, of which the year 0 is 1 BC.
  const text =
    `CASE WHEN isfinite(${value}) THEN CASE WHEN ${value} >= TIMESTAMP '0001-01-01' THEN strftime(${value}, '%Y-%m-%d %H:%M:%S.%f') ` +
    `ELSE CAST(CAST(${value} AS DATE) AS VARCHAR) || strftime(${value}, ' %H:%M:%S.%f') END ELSE CAST(${value} AS VARCHAR) END`;
  // strftime has microseconds only: times between two of them keep their own text.
  return isNanoseconds(type)
    ? `CASE WHEN isfinite(${expression}) AND epoch_ns(${expression}) % 1000 <> 0 THEN CAST(${expression} AS VARCHAR) ELSE ${text} END`
    : text;
}

export function isNanoseconds(type: string): boolean {
  return type.toUpperCase() === 'TIMESTAMP_NS';
}

/** A list of the texts of its elements, nested as it is. */
function elementTexts(expression: string, type: string, depth: number): string {
  const element = elementType(type);
  const name = `cutover_e${depth}`;
  const inner = element.endsWith(']')
    ? elementTexts(name, element, depth + 1)
    : canonicalText(name, { name, type: element, family: familyOf(element) });
  return `list_transform(${expression}, lambda ${name}: ${inner})`;
}

export function canonicalText(expression: string, column: Column): string {
  switch (column.family) {
    case 'decimal':
      return decimalText(expression, column.type);
    case 'double':
      return doubleText(expression);
    case 'timestamp':
      return timestampText(expression, column.type);
    case 'timestamptz':
      return timestampText(`(${expression} AT TIME ZONE 'UTC')`, 'TIMESTAMP');
    case 'bytes':
      return `'\\x' || lower(hex(${expression}))`;
    case 'list':
      // Texts inside JSON: to_json alone would round decimals, a cast of the whole list would leave text unquoted.
      return `CAST(to_json(${elementTexts(expression, column.type, 0)}) AS VARCHAR)`;
    case 'struct':
      // The text of a union does not say which of its members it is.
      return /^UNION\(/i.test(column.type)
        ? `CAST(union_tag(${expression}) AS VARCHAR) || ':' || coalesce(CAST(${expression} AS VARCHAR), '')`
        : `CAST(${expression} AS VARCHAR)`;
    default:
      return `CAST(${expression} AS VARCHAR)`;
  }
}

/** The distinct elements of a list as a sorted list of their texts. */
export function asSet(expression: string, column: Column): string {
  const element = elementType(column.type);
  const text = canonicalText('cutover_e', { name: 'cutover_e', type: element, family: familyOf(element) });
  return `list_sort(list_distinct(list_transform(${expression}, lambda cutover_e: ${text})))`;
}
