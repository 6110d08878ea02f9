import { isNumeric, isTimestamp, type Column } from '../../model/column.js';
import { markedJson } from '../ndjson-sql.js';
import { exactNumber, fromJson, fromText, PADDED, type GivenValue } from './given-value.js';
import { EXACT_NUMBER, withEra } from './transfer-forms.js';
import { elementType, familyOf } from './types.js';

/**
 * How a value stood where it has no type: in CSV, as a number or a text in JSON, as either (`mixed`), as JSON among which there are objects or arrays; `exact`: a number of a server
 * that no type of DuckDB holds, as its canonical text.
 */
export type Written = 'text' | 'number' | 'string' | 'mixed' | 'json' | 'exact';

/** A type that the texts of a column may have. */
export interface Candidate {
  readonly column: Column;
  /** The value of a text that fits. */
  readonly cast: string;
  readonly fits: string;
}

const PLAIN = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?';
const LOOSE = '[+-]?[0-9]+(?:\\.[0-9]*)?|[+-]?\\.[0-9]+|[+-]?0*\\.?0*[eE][+-]?[0-9]+';
const REAL = '[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?';
const STRICT_REAL = `${PLAIN}(?:[eE][+-]?[0-9]+)?`;
const DATE = '[0-9]{4,7}-[0-9]{2}-[0-9]{2}';
// As PostgreSQL writes years before 1.
const ERA = '(?: BC)?';
// Nothing, or a zero, after the sixth digit: what is finer is not rounded.
const TIME = '[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6}0*)?)?';
const SPAN = '(?:[+-]?[0-9]+ (?:year|mon|month|day)s?(?: |$))*(?:[+-]?[0-9]{2,}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,6})?)?';
const HEX = '\\\\x(?:[0-9a-fA-F]{2})*';
const ZONE = '(?:Z| ?[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)';

/** Whether a column may hold exact numbers. */
export function mayBeNumber(written: Written, partner: Column | undefined): boolean {
  if (written === 'json') return false;
  return partner === undefined
    ? written !== 'string' && written !== 'mixed'
    : isNumeric(partner.family) && partner.family !== 'double';
}

/** The types that the texts of a column may have, narrowest first; those of numbers have so many digits. */
export function candidatesOf(
  value: string,
  written: Written,
  partner: Column | undefined,
  digits: { readonly whole: number; readonly scale: number },
): Candidate[] {
  const readsBack = (cast: string): string => `CAST(${cast} AS VARCHAR) = ${value}`;
  const of = (type: string, form: string | undefined, extra = '', text = value): Candidate => {
    const cast = `TRY_CAST(${text} AS ${type})`;
    // A text that is the value's own needs no closer look.
    const formed = form === undefined ? '' : ` AND (${readsBack(cast)} OR regexp_full_match(${value}, '${form}'))`;
    return { column: { name: '', type, family: familyOf(type) }, cast, fits: `${cast} IS NOT NULL${formed}${extra}` };
  };
  const number = (): Candidate[] => {
    const { whole, scale } = digits;
    if (!mayBeNumber(written, partner) || whole + scale > 38) return [];
    // A zero in front means something where nobody says that it is a number.
    const form = `regexp_full_match(${value}, '${partner === undefined ? PLAIN : LOOSE}')`;
    const type = scale === 0 && whole <= 18 ? 'BIGINT' : `DECIMAL(${Math.max(1, whole + scale)},${scale})`;
    const cast = `TRY_CAST(${value} AS ${type})`;
    return [
      {
        column: { name: '', type, family: familyOf(type) },
        cast,
        fits: `${cast} IS NOT NULL AND (${readsBack(cast)} OR ${form})`,
      },
    ];
  };
  // 1e400 is no infinity, and 1e-400 no zero.
  const double = (form: string, few: boolean): Candidate => {
    const cast = `TRY_CAST(${value} AS DOUBLE)`;
    const count = `length(regexp_replace(regexp_replace(${value}, '[eE].*|[+-]', '', 'g'), '^[0.]+|[.]', '', 'g'))`;
    return of(
      'DOUBLE',
      form,
      ` AND (NOT isinf(${cast}) OR regexp_full_match(${value}, '(?i)[+-]?inf(?:inity)?')) AND (${cast} <> 0 OR NOT regexp_matches(${value}, '^[^eE]*[1-9]'))${few ? ` AND ${count} <= 15` : ''}`,
    );
  };
  const day = (): Candidate => of('DATE', `${DATE}${ERA}|-?infinity`, '', withEra(value));
  const times = (): Candidate[] => [
    of('TIMESTAMP', `${DATE}(?:[T ]${TIME})?${ERA}|-?infinity`, '', withEra(value)),
    of('TIMESTAMP WITH TIME ZONE', `${DATE}(?:[T ]${TIME}${ZONE}?)?${ERA}|-?infinity`, '', withEra(value)),
  ];
  if (written === 'json') return [jsonCandidate(value, partner)];
  if (partner === undefined) {
    if (written === 'string' || written === 'mixed') return [];
    if (written === 'number' || written === 'exact') return [...number(), double(STRICT_REAL, true)];
    return [of('BOOLEAN', '(?i)true|false'), ...number(), double(STRICT_REAL, true), day(), ...times()];
  }
  switch (partner.family) {
    case 'text':
      return partner.type === PADDED ? [{ column: partner, cast: `rtrim(${value}, ' ')`, fits: 'true' }] : [];
    case 'boolean':
      return [of('BOOLEAN', '(?i)true|false|t|f|1|0')];
    case 'integer':
    case 'decimal':
      return number();
    case 'double':
      return reals(value, partner, double(`(?i)${REAL}|[+-]?(?:nan|inf|infinity)`, false));
    case 'date':
      return [day()];
    case 'timestamp':
      return times();
    case 'timestamptz':
      return times().slice(1);
    case 'time':
      return [of('TIME', TIME)];
    case 'uuid':
      return [of('UUID', '[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}')];
    case 'interval': {
      // As PostgreSQL writes them too: `1 mon`, `-1 days +02:00:00`.
      const cast = `TRY_CAST(replace(${value}, '+', '') AS INTERVAL)`;
      const fits = `${cast} IS NOT NULL AND (CAST(${cast} AS VARCHAR) = ${value} OR regexp_full_match(${value}, '${SPAN}'))`;
      return [{ column: partner, cast, fits }];
    }
    case 'json': {
      const parsed = `CAST(${value} AS JSON)`;
      if (written !== 'string' && written !== 'mixed')
        return [{ column: partner, cast: parsed, fits: `json_valid(${value})` }];
      // The text "1" is not the number 1; one that holds an object or an array stands for it.
      const nested = written === 'string' ? `regexp_matches(${value}, '^\\s*[{\\[]') AND ` : '';
      const cast = `CASE WHEN ${nested}json_valid(${value}) THEN ${parsed} ELSE to_json(${value}) END`;
      return [{ column: partner, cast, fits: 'true' }];
    }
    case 'bytes':
      return [
        {
          column: partner,
          cast: `unhex(substr(${value}, 3))`,
          fits: `regexp_full_match(${value}, '${HEX}')`,
        },
      ];
    default: {
      const cast = `TRY_CAST(${value} AS ${partner.type})`;
      const own = { column: partner, cast, fits: `${cast} IS NOT NULL AND CAST(${cast} AS VARCHAR) = ${value}` };
      return [isPlainList(partner) ? orBraced(value, own) : own];
    }
  }
}

/** A text that a single float has for its shortest stands for that float and not for the double of the same text, where the other side has single floats. */
function reals(value: string, partner: Column, double: Candidate): Candidate[] {
  if (partner.type !== 'FLOAT') return [double];
  const single = `TRY_CAST(${value} AS FLOAT)`;
  const stands = `(CAST(${single} AS DOUBLE) = ${double.cast} OR TRY_CAST(CAST(${single} AS VARCHAR) AS DOUBLE) = ${double.cast})`;
  return [
    { column: partner, cast: single, fits: `${double.fits} AND ${stands}` },
    { ...double, cast: `CASE WHEN ${stands} THEN CAST(${single} AS DOUBLE) ELSE ${double.cast} END` },
  ];
}

function isPlainList({ family, type }: Column): boolean {
  return family === 'list' && type.endsWith('[]') && !['list', 'struct', 'json'].includes(familyOf(elementType(type)));
}

/** The candidate, or a list in the form of PostgreSQL: `{1,NULL,"a \\"b\\""}`. */
function orBraced(value: string, { column, cast, fits }: Candidate): Candidate {
  const type = elementType(column.type);
  const exact = type === EXACT_NUMBER;
  const inner = `substr(${value}, 2, length(${value}) - 2)`;
  const pieces = `regexp_extract_all(${inner}, '(?s)"(?:[^"\\\\]|\\\\.)*"|[^",{}\\\\]+')`;
  const braced = `(starts_with(${value}, '{') AND ends_with(${value}, '}') AND coalesce(array_to_string(${pieces}, ','), '') = ${inner})`;
  const unquoted = `regexp_replace(substr(cutover_p, 2, length(cutover_p) - 2), '\\\\(.)', '\\1', 'gs')`;
  const texts = `list_transform(${pieces}, lambda cutover_p: CASE WHEN upper(cutover_p) = 'NULL' THEN NULL WHEN starts_with(cutover_p, '"') THEN ${unquoted} ELSE cutover_p END)`;
  const element = exact ? { value: exactNumber('cutover_e') } : elementOf('cutover_e', type);
  const own = exact ? { cast: 'CAST(NULL AS VARCHAR[])', fits: 'false' } : { cast, fits };
  const values = `TRY(CAST(list_transform(${texts}, lambda cutover_e: ${element.value}) AS ${exact ? 'VARCHAR[]' : column.type}))`;
  const changed =
    'changed' in element && element.changed !== undefined
      ? ` AND TRY(len(list_filter(${texts}, lambda cutover_e: ${element.changed})) = 0) IS NOT DISTINCT FROM true`
      : '';
  return {
    column,
    cast: `CASE WHEN ${braced} THEN ${values} ELSE ${own.cast} END`,
    fits: `CASE WHEN ${braced} THEN ${values} IS NOT NULL${changed} ELSE ${own.fits} END`,
  };
}

/** A value from the text that PostgreSQL writes of an element. */
function elementOf(text: string, type: string): Pick<GivenValue, 'value' | 'changed'> {
  const family = familyOf(type);
  if (family === 'bytes')
    return { value: `unhex(substr(${text}, 3))`, changed: `NOT regexp_full_match(${text}, '${HEX}')` };
  return fromText(family === 'date' || isTimestamp(family) ? `(${withEra(text)})` : text, type);
}

/** JSON stays what it is, but where the other side has lists or structs. */
function jsonCandidate(value: string, partner: Column | undefined): Candidate {
  if (partner === undefined || (partner.family !== 'list' && partner.family !== 'struct'))
    return { column: { name: '', type: 'JSON', family: 'json' }, cast: `CAST(${value} AS JSON)`, fits: 'true' };
  // DuckDB has no CASE of arrays of arrays; lists of any length hold them too.
  const type = partner.type.replace(/\[\d+\]/g, '[]');
  const { value: read, changed = 'false' } = fromJson(markedJson(value), type);
  const kind = partner.family === 'list' ? 'ARRAY' : 'OBJECT';
  const cast = `CASE WHEN json_type(${value}) = '${kind}' THEN TRY(${read}) END`;
  return {
    column: { ...partner, type },
    cast,
    fits: `(json_type(${value}) = '${kind}' AND TRY(${read}) IS NOT NULL AND TRY(${changed}) IS NOT DISTINCT FROM false)`,
  };
}
