import type { DeclaredColumn } from '../../model/project.js';
import type { DeclaredType } from './declared-type.js';
import { parseDeclaredType } from './declared-type.js';
import { decodeString, flatMembers, jsonTokens, type JsonToken } from './json-tokens.js';

/** One record of a text file, taken apart: a text or NULL for each column, or why it cannot be. */
export interface TextRecord {
  readonly fields: readonly (string | null)[];
  readonly error: string | null;
}

export interface TextColumn {
  readonly name: string;
  readonly declared: string;
  readonly type: DeclaredType;
  /** Whether the store can hold the character U+0000 in it. */
  readonly holdsNul: boolean;
}

/** @param holdsNul whether the store can hold the character U+0000 in a text */
export function textColumns(columns: readonly DeclaredColumn[], holdsNul: boolean): TextColumn[] {
  return columns.map((column) => ({
    name: column.name,
    declared: column.type,
    type: parseDeclaredType(column),
    holdsNul,
  }));
}

/** Why a record whose bytes are no text does not fit. */
export const NOT_UTF8 = 'not valid UTF-8';

/** Why a text with the character U+0000 does not fit a store such as PostgreSQL. */
export const HOLDS_NUL = 'holds the character U+0000, which the store cannot hold';

/** A field as it is handed to SQL, or an object with the reason why it does not fit. */
type Field = string | null | { readonly misfit: string };

/**
 * Takes the line of an NDJSON file apart. Numbers are handed on as they are written, json columns too; a field that is not
 * there is NULL. A field that stands twice does not fit: readers disagree on which of the two counts.
 */
export function jsonRecord(line: string, columns: readonly TextColumn[]): TextRecord {
  const tokens = flatMembers(line) ?? membersOf(line);
  if (typeof tokens === 'string') return rejected(columns, tokens);
  return assemble(columns, (column) => {
    let text: string | undefined;
    for (const token of tokens) {
      if (token.name !== column.name) continue;
      if (text !== undefined) return { misfit: 'stands twice in the object' };
      text = token.text;
    }
    return text === undefined || text === 'null' ? null : jsonField(text, column);
  });
}

/** The members of any JSON object, or why the text is none. */
function membersOf(line: string): readonly JsonToken[] | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not valid JSON';
  }
  return typeof value !== 'object' || value === null || Array.isArray(value) ? 'not a JSON object' : jsonTokens(line);
}

/** Takes the values of a CSV record apart: columns of type json and lists hold JSON texts. */
export function csvRecord(values: readonly (string | null)[], columns: readonly TextColumn[]): TextRecord {
  let index = 0;
  return assemble(columns, (column) => {
    const text = values[index++] ?? null;
    if (text === null || (column.type.name !== 'json' && !column.type.list)) return text;
    if (!isJson(text)) return { misfit: `${shorten(text)} does not fit ${column.declared}` };
    return jsonField(text.trim(), column);
  });
}

/** A record of which nothing fits. */
export function rejected(columns: readonly TextColumn[], error: string): TextRecord {
  return { fields: columns.map(() => null), error };
}

function assemble(columns: readonly TextColumn[], fieldOf: (column: TextColumn) => Field): TextRecord {
  let errors: string[] | undefined;
  const fields = columns.map((column) => {
    const field = fieldOf(column);
    if (field === null) return null;
    const [text, reason] = typeof field === 'string' ? [field, flaw(field, column)] : [null, field.misfit];
    if (reason === null) return text;
    errors ??= [];
    errors.push(`column "${column.name}": ${reason}`);
    return null;
  });
  return { fields, error: errors === undefined ? null : errors.join('; ') };
}

/** Why a text cannot be stored as it is; null when it can. */
export function flaw(text: string, { holdsNul }: TextColumn): string | null {
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is no character';
  return !holdsNul && text.includes('\0') ? HOLDS_NUL : null;
}

function jsonField(text: string, column: TextColumn): Field {
  if (column.type.list) {
    if (!text.startsWith('[')) return { misfit: `${shorten(text)} does not fit ${column.declared}` };
    const elements: (string | null)[] = [];
    for (const token of jsonTokens(text)) {
      const element = token.text === 'null' ? null : scalarField(token.text, column);
      if (element !== null && typeof element !== 'string') return element;
      const misfit = element === null ? null : flaw(element, column);
      if (misfit !== null) return { misfit };
      elements.push(element);
    }
    return JSON.stringify(elements);
  }
  return scalarField(text, column);
}

function scalarField(text: string, column: TextColumn): string | { readonly misfit: string } {
  if (column.type.name === 'json') return text;
  if (text.startsWith('"')) return decodeString(text);
  if (text.startsWith('{') || text.startsWith('[')) {
    return { misfit: `${shorten(text)} does not fit ${column.declared} (declare it as json)` };
  }
  return text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function shorten(text: string): string {
  return `'${text.length > 100 ? `${text.slice(0, 100)}...` : text}'`;
}
