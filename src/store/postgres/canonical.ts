import type { Column, ColumnFamily } from '../../model/column.js';

/** The canonical texts of docs/canonical.md in PostgreSQL's SQL. They rely on the settings that the store gives to its sessions. */

/**
 * The server's text reads back to the same double. Whole numbers get the `.0` that DuckDB shows too, -0 becomes 0, and numbers from 10^15 to 10^16 are written
 * out, as there.
 */
function doubleText(expression: string): string {
  const value = `CAST(${expression} AS DOUBLE PRECISION)`;
  const text = `CAST(${value} + 0.0 AS TEXT)`;
  const written = `CAST(CAST(${text} AS NUMERIC) AS TEXT) || CASE WHEN trunc(${value}) = ${value} THEN '.0' ELSE '' END`;
  return `CASE WHEN ${text} ~ '^-?[0-9]+$' THEN ${text} || '.0' WHEN abs(${value}) >= 1e15 AND abs(${value}) < 1e16 THEN ${written} ELSE ${text} END`;
}

/** to_char knows neither infinity nor the sign of years before 1. */
function timestampText(expression: string): string {
  const plain = `isfinite(${expression}) AND ${expression} >= TIMESTAMP '0001-01-01'`;
  return (
    `CASE WHEN ${plain} THEN to_char(${expression}, 'YYYY-MM-DD HH24:MI:SS.US') ` +
    `WHEN isfinite(${expression}) THEN to_char(${expression}, 'YYYY-MM-DD ("BC") HH24:MI:SS.US') ELSE CAST(${expression} AS TEXT) END`
  );
}

/** `1 mon`, `-1 years +3 days` in the words of DuckDB: `1 month`, `-1 year 3 days`. */
function intervalText(expression: string): string {
  const words = `replace(replace(CAST(${expression} AS TEXT), '+', ''), 'mon', 'month')`;
  return `regexp_replace(${words}, '(^| )-1 (year|month|day)s', '\\1-1 \\2', 'g')`;
}

/** The elements of an array as a column of their own, where their texts are not those of the server; undefined where they are, or where the type is not known. */
function elementColumn(type: string): Column | undefined {
  const family = ELEMENTS.find(([pattern]) => pattern.test(type))?.[1];
  return family === undefined ? undefined : { name: '', type: type.slice(0, -2), family };
}

const ELEMENTS: readonly (readonly [RegExp, ColumnFamily])[] = [
  [/^numeric(\(.*\))?\[\]$/, 'decimal'],
  [/^(real|double precision)\[\]$/, 'double'],
  [/^date\[\]$/, 'date'],
  [/^timestamp(\(\d\))? without time zone\[\]$/, 'timestamp'],
  [/^timestamp(\(\d\))? with time zone\[\]$/, 'timestamptz'],
  [/^interval.*\[\]$/, 'interval'],
];

/** An array of several dimensions: brackets stand where so many elements as a part of the array holds are begun or ended. */
function nestedText(expression: string, element: Column): string {
  const lengths = [1, 2, 3, 4, 5].map((dimension) => `array_length(${expression}, ${dimension})`);
  // The number of elements in a part, by depth; PostgreSQL has six dimensions at most, and NULL divides nothing.
  const parts = lengths.map(
    (_, i) =>
      `CASE WHEN array_ndims(${expression}) > ${i + 1} THEN cardinality(${expression}) / (${lengths.slice(0, i + 1).join(' * ')}) END`,
  );
  const brackets = (bracket: string, place: string): string =>
    `repeat('${bracket}', CAST((SELECT count(*) FROM unnest(ARRAY[${parts.join(', ')}]) AS cutover_p(n) WHERE ${place} % n = 0) AS INTEGER))`;
  const text = `coalesce(CAST(to_json(${canonicalText('cutover_e', element)}) AS TEXT), 'null')`;
  return `(SELECT '[' || string_agg(${brackets('[', '(cutover_n - 1)')} || ${text} || ${brackets(']', 'cutover_n')}, ',' ORDER BY cutover_n) || ']'
    FROM unnest(${expression}) WITH ORDINALITY AS cutover_u(cutover_e, cutover_n))`;
}

/** Texts of the elements inside JSON. An array that does not begin at 1 has its dimensions before it. */
function listText(expression: string, type: string): string {
  const element = elementColumn(type);
  const texts =
    element === undefined
      ? `CAST(to_json(CAST(${expression} AS TEXT[])) AS TEXT)`
      : `CASE WHEN array_ndims(${expression}) > 1 THEN ${nestedText(expression, element)} ELSE CAST(to_json(ARRAY(SELECT ${canonicalText('cutover_e', element)}
          FROM unnest(${expression}) WITH ORDINALITY AS cutover_u(cutover_e, cutover_n) ORDER BY cutover_n)) AS TEXT) END`;
  // The text has the collation of the elements, which may be one that no pattern can be matched under.
  return `CASE WHEN ${expression} IS NOT NULL THEN CASE WHEN array_dims(${expression}) COLLATE "C" ~ '\\[(?!1:)' THEN array_dims(${expression}) || '=' ELSE '' END || ${texts} END`;
}

export function canonicalText(expression: string, column: Column): string {
  switch (column.family) {
    case 'decimal':
      return `CAST(trim_scale(${expression}) AS TEXT)`;
    case 'double':
      return doubleText(expression);
    case 'date':
      return `replace(CAST(${expression} AS TEXT), ' BC', ' (BC)')`;
    case 'timestamp':
      return timestampText(expression);
    case 'timestamptz':
      return timestampText(`(${expression} AT TIME ZONE 'UTC')`);
    case 'interval':
      return intervalText(expression);
    case 'bytes':
      return `'\\x' || encode(${expression}, 'hex')`;
    case 'list':
      return listText(expression, column.type);
    default:
      return `CAST(${expression} AS TEXT)`;
  }
}

/** The distinct elements of an array as a sorted array of their texts. */
export function asSet(expression: string, column: Column): string {
  const element = elementColumn(column.type);
  const text = element === undefined ? 'CAST(cutover_e AS TEXT)' : canonicalText('cutover_e', element);
  return `CASE WHEN ${expression} IS NOT NULL THEN ARRAY(SELECT DISTINCT (${text}) COLLATE "C" AS cutover_t FROM unnest(${expression}) AS cutover_u(cutover_e)
    WHERE cutover_e IS NOT NULL ORDER BY 1) END`;
}
