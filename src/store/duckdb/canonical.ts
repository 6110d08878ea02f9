import type { Column } from '../../model/column.js';
import { membersOf, type MemberType } from './nested-types.js';
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

/**
 * A nested value with the canonical texts of what it holds in their places: lists of lists, structs with their members in the order of names, maps as lists of pairs in order,
 * unions as a pair of the member's name and value.
 */
function withTexts(expression: string, type: string, depth: number): string {
  const name = `cutover_e${depth}`;
  if (type.endsWith(']'))
    return `list_transform(${expression}, lambda ${name}: ${withTexts(name, elementType(type), depth + 1)})`;
  const nested = membersOf(type);
  if (nested === undefined) return canonicalText(expression, { name, type, family: familyOf(type) });
  const text = (value: string, of: MemberType | undefined): string => {
    const inner = withTexts(value, of?.type ?? '', depth + 1);
    return of !== undefined && isNested(of.type) ? jsonText(inner) : inner;
  };
  const { kind, members } = nested;
  switch (kind) {
    case 'STRUCT': {
      const sorted = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
      const list = sorted.map(
        (one) =>
          `${literal(one.name)}: ${withTexts(`struct_extract(${expression}, ${literal(one.name)})`, one.type, depth + 1)}`,
      );
      return `CASE WHEN ${expression} IS NOT NULL THEN {${list.join(', ')}} END`;
    }
    case 'MAP':
      return `list_sort(list_transform(map_entries(${expression}), lambda ${name}: [${text(`${name}.key`, members[0])}, ${text(`${name}.value`, members[1])}]))`;
    case 'UNION': {
      const whens = members.map(
        (one) => `WHEN ${literal(one.name)} THEN ${text(`union_extract(${expression}, ${literal(one.name)})`, one)}`,
      );
      const tag = `CAST(union_tag(${expression}) AS VARCHAR)`;
      return `CASE WHEN ${tag} IS NOT NULL THEN [${tag}, CASE ${tag} ${whens.join(' ')} END] END`;
    }
  }
}

function isNested(type: string): boolean {
  return type.endsWith(']') || membersOf(type) !== undefined;
}

/** Texts inside JSON: to_json alone would round decimals, a cast of a list would leave text unquoted. */
function jsonText(expression: string): string {
  return `CAST(to_json(${expression}) AS VARCHAR)`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
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
      return jsonText(withTexts(expression, column.type, 0));
    case 'struct':
      return isNested(column.type) ? jsonText(withTexts(expression, column.type, 0)) : `CAST(${expression} AS VARCHAR)`;
    default:
      return `CAST(${expression} AS VARCHAR)`;
  }
}

/** The distinct elements of a list as a sorted list of their texts. */
export function asSet(expression: string, column: Column): string {
  const element = elementType(column.type);
  const texts = withTexts('cutover_e', element, 0);
  return `list_sort(list_distinct(list_transform(${expression}, lambda cutover_e: ${isNested(element) ? jsonText(texts) : texts})))`;
}
