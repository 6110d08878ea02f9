import type { Cell } from '../../model/cell.js';
import type { DeclaredColumn } from '../../model/project.js';
import type { ColumnFamily } from '../../model/column.js';
import type { Param } from '../contract.js';
import { quote } from './names.js';

/** The family of a type by its name in pg_type; domains and enums are told apart by the caller. */
export function familyOf(name: string): ColumnFamily {
  if (name.startsWith('_')) return 'list';
  switch (name) {
    case 'text':
    case 'varchar':
    case 'bpchar':
    case 'name':
    case 'citext':
      return 'text';
    case 'bool':
      return 'boolean';
    case 'int2':
    case 'int4':
    case 'int8':
      return 'integer';
    case 'numeric':
      return 'decimal';
    case 'float4':
    case 'float8':
      return 'double';
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'interval':
    case 'uuid':
      return name;
    case 'time':
    case 'timetz':
      return 'time';
    case 'json':
    case 'jsonb':
      return 'json';
    case 'bytea':
      return 'bytes';
    case 'record':
      return 'struct';
    default:
      return 'other';
  }
}

const DECLARED: Readonly<Record<string, string>> = {
  text: 'text',
  boolean: 'boolean',
  integer: 'integer',
  bigint: 'bigint',
  double: 'double precision',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  json: 'json',
  bytes: 'bytea',
};

/** The PostgreSQL type of a declared column type. */
export function columnType(declared: string): string {
  if (declared.endsWith('[]')) return `${columnType(declared.slice(0, -2))}[]`;
  return DECLARED[declared] ?? declared.replace(/^decimal/i, 'numeric');
}

/** A list from a JSON text of its elements' texts; NULL stays NULL. */
export function listFromJson(text: string, element: string): string {
  return `CASE WHEN ${text} IS NOT NULL THEN ARRAY(SELECT CAST(cutover_e AS ${element}) FROM json_array_elements_text(CAST(${text} AS JSON)) WITH ORDINALITY AS cutover_u(cutover_e, cutover_n) ORDER BY cutover_n) END`;
}

type Parse = (text: string) => Cell;

const asText: Parse = (text) => text;
const asNumber: Parse = (text) => {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
};
const asBoolean: Parse = (text) => text === 't' || text === 'true';

const SCALARS: Readonly<Record<number, Parse>> = {
  16: asBoolean,
  21: asNumber,
  23: asNumber,
  26: asNumber,
  700: asNumber,
  701: asNumber,
};

/** Array types with the type of their elements. */
const ARRAYS: Readonly<Record<number, number>> = {
  1000: 16,
  1005: 21,
  1007: 23,
  1016: 20,
  1021: 700,
  1022: 701,
  1231: 1700,
  1009: 25,
  1015: 1043,
  1014: 1042,
  1003: 19,
  1182: 1082,
  1115: 1114,
  1185: 1184,
  1183: 1083,
  1187: 1186,
  2951: 2950,
  199: 114,
  3807: 3802,
  1001: 17,
};

/** How the text of a value is read, by the type's number: without loss (see `Cell`), and without the driver's global table. */
export function parserOf(oid: number): Parse {
  const element = ARRAYS[oid];
  return element === undefined ? (SCALARS[oid] ?? asText) : (text) => parseArray(text, SCALARS[element] ?? asText);
}

/** Reads `{a,"b,c",NULL,{d}}`. Format: PostgreSQL documentation, "Array Input and Output Syntax". */
export function parseArray(text: string, element: Parse): Cell[] {
  let at = text.indexOf('{');
  const list = (): Cell[] => {
    const items: Cell[] = [];
    at += 1;
    while (text[at] !== '}') {
      if (at >= text.length) throw new Error(`no end of the array ${text}`);
      if (text[at] === ',') at += 1;
      else if (text[at] === '{') items.push(list());
      else if (text[at] === '"') items.push(element(quoted()));
      else {
        const end = /[,}]/g;
        end.lastIndex = at;
        const stop = end.exec(text)?.index ?? text.length;
        const word = text.slice(at, stop);
        items.push(word === 'NULL' ? null : element(word));
        at = stop;
      }
    }
    at += 1;
    return items;
  };
  const quoted = (): string => {
    let out = '';
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1;
      out += text[at] ?? '';
    }
    at += 1;
    return out;
  };
  return list();
}

/** Values come as texts and are read here: the driver's own readers lose digits and shift dates. */
export const TYPES = { getTypeParser: (oid: number) => parserOf(oid) };

/** Bigints and numbers travel as text; the server takes them in the type that the statement gives them. */
export function bound(param: Param): string | boolean | null {
  return typeof param === 'number' || typeof param === 'bigint' ? String(param) : param;
}

/** The columns of a table in which rows of declared types arrive: lists as JSON texts. */
export function stagedColumns(columns: readonly DeclaredColumn[]): string {
  return columns
    .map(({ name, type }) => `${quote(name)} ${type.endsWith('[]') ? 'TEXT' : columnType(type)}`)
    .join(', ');
}

/** Such a table's columns in their declared types. */
export function unstaged(columns: readonly DeclaredColumn[]): string {
  const valueOf = ({ name, type }: DeclaredColumn): string =>
    type.endsWith('[]') ? `${listFromJson(quote(name), columnType(type.slice(0, -2)))} AS ${quote(name)}` : quote(name);
  return columns.map(valueOf).join(', ');
}
