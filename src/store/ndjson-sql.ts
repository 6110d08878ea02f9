/**
 * SQL of DuckDB that reads NDJSON without rounding. DuckDB's JSON turns a number with a fraction into a double, so each number of a line is first made a text with the
 * character U+0001 in front, by a pattern that passes over texts: the digits then stay what they are. In texts that character is doubled, so that none is taken for a number.
 */
const MARK = '\\u0001';
const ONE = 'chr(1)';
const TWO = `${ONE} || ${ONE}`;
const TOKENS = String.raw`("(?:[^"\\]|\\.)*")|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)`;
const ESCAPES = String.raw`(\\[^u])|(\\u0001)`;
/** A double holds 15 digits exactly, and its text then is the number that was written: only longer ones need the mark, and those whose exponent may be too large. */
const LONG = '[0-9.]{16}|[0-9][eE][+-]?[0-9]';

/** Puts something around every match of the second group of a pattern, of which the first group is passed over. No JSON text holds these characters. */
function around(text: string, pattern: string, before: string, after: string): string {
  const all = `regexp_replace(${text}, '${pattern}', '\\1' || ${ONE} || '\\2' || chr(2), 'g')`;
  return `replace(replace(replace(${all}, ${ONE} || chr(2), ''), ${ONE}, '${before}'), chr(2), '${after}')`;
}

function marked(json: string): string {
  const doubled = `CASE WHEN contains(${json}, '${MARK}') THEN ${around(json, ESCAPES, MARK, '')} ELSE ${json} END`;
  return `CASE WHEN regexp_matches(${json}, '${LONG}') THEN ${around(`(${doubled})`, TOKENS, `"${MARK}`, '"')} ELSE ${doubled} END`;
}

/** A JSON value with its numbers marked. */
export function markedJson(json: string): string {
  return `CAST((${marked(`CAST(${json} AS VARCHAR)`)}) AS JSON)`;
}

/** Bytes of the longest line that is read. */
const LONGEST = 64 * 1024 * 1024;

/** Bytes of the longest line, to be tried one after the other: each thread that reads has buffers of twice as many. */
export const LINE_SIZES = [1024 * 1024, 8 * 1024 * 1024, LONGEST] as const;

/** Whether an error of DuckDB says that a line is longer than it was to be ready for. */
export function isTooLong(message: string): boolean {
  return message.includes('"maximum_object_size" of');
}

/** The objects of files, one a line, as the relation `(json, j)`: the line as it stands, and with its numbers marked. */
export function markedLines(list: string, longest: number = LONGEST): string {
  return `(SELECT json, ${marked('json')} AS j FROM read_ndjson_objects(${list}, format = 'newline_delimited', maximum_object_size = ${longest}, hive_partitioning = false))`;
}

/** Whether a text that was read from a marked object stands for a number. */
export function isMarkedNumber(text: string): string {
  return `(starts_with(${text}, ${ONE}) AND NOT starts_with(${text}, ${TWO}))`;
}

/** A text as it was written, or the digits of a number. */
export function unmarkedText(text: string): string {
  return `CASE WHEN NOT contains(${text}, ${ONE}) THEN ${text} WHEN ${isMarkedNumber(text)} THEN substr(${text}, 2) ELSE replace(${text}, ${TWO}, ${ONE}) END`;
}

/** A marked object or array as it was written. */
export function unmarkedJson(json: string): string {
  return `replace(${withNumbers(json, '\\1')}, '${MARK}${MARK}', '${MARK}')`;
}

/** A marked object or array, with its numbers as texts: casts read those exactly. */
export function textsOfJson(json: string): string {
  return `replace(${withNumbers(json, '"\\1"')}, '${MARK}${MARK}', '${MARK}')`;
}

function withNumbers(json: string, as: string): string {
  return String.raw`regexp_replace(CAST(${json} AS VARCHAR), '"\\u0001([-0-9][^"]*)"', '${as}', 'g')`;
}

/** What a name in a marked object is. */
export function unmarkedName(name: string): string {
  return name.replaceAll('\u0001\u0001', '\u0001');
}

/** The JSON pointer to a member of a marked object, as a literal. */
export function memberPointer(name: string): string {
  const marks = name.replaceAll('\u0001', '\u0001\u0001');
  return `'/${marks.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll("'", "''")}'`;
}

/** A marked line that is no object, or of which a member stands twice. */
export const ODD_LINE = `(json_type(j) <> 'OBJECT' OR len(json_keys(j)) <> len(list_distinct(json_keys(j))))`;

/** The text of a member (see `ndjsonMembers`): NULL of null, objects and arrays as they were written. */
export function textOfMember(member: string): string {
  const text = `json_extract_string(${member}, '$')`;
  return `CASE json_type(${member}) WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN ${unmarkedText(text)} ELSE ${unmarkedJson(member)} END`;
}

/** The JSON of a member as it was written; NULL of null. */
export function unmarkedMember(member: string): string {
  return `CASE json_type(${member}) WHEN 'NULL' THEN NULL ELSE ${unmarkedJson(member)} END`;
}

/** The elements of a member that is an array, as members. Throws for anything else but null: by a cast, because TRY takes no `error()`. */
export function elementsOf(member: string): string {
  return `CASE WHEN coalesce(json_type(${member}), 'NULL') = 'NULL' THEN NULL WHEN json_type(${member}) = 'ARRAY' THEN from_json(${member}, '["JSON"]') ELSE CAST([CAST(CAST('no list: ' || CAST(${member} AS VARCHAR) AS UUID) AS VARCHAR)] AS JSON[]) END`;
}
