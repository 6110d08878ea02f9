import { CutoverError } from '../model/errors.js';

const ELEMENT = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g;

/**
 * The parts of a key given as text: `a,b` for a compound key, the whole text for a key of one column, or a JSON array
 * (`["2024-01-01","view"]`) for any. Numbers keep their digits. The parts are as written: the caller brings them into canonical form.
 *
 * @returns one text per key column. Errors: KEY_INVALID
 */
export function parseKeyArgument(text: string, keyColumns: readonly string[]): string[] {
  const parts = text.startsWith('[') ? jsonParts(text, keyColumns) : keyColumns.length === 1 ? [text] : text.split(',');
  if (text === '' || parts.length !== keyColumns.length) {
    throw invalid(
      `the key "${text}" has ${text === '' ? 'no' : parts.length} parts, the key columns are ${keyColumns.join(', ')}`,
      keyColumns,
    );
  }
  return parts;
}

function jsonParts(text: string, keyColumns: readonly string[]): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`the key ${text} starts with [ but is not JSON`, keyColumns);
  }
  if (!Array.isArray(value)) throw invalid(`the key ${text} is not a JSON array`, keyColumns);
  // The parsed value has lost digits of long numbers; the text has them.
  const sources = text.match(ELEMENT) ?? [];
  return value.map((part: unknown, index) => {
    if (typeof part === 'string') return part;
    if (typeof part === 'boolean') return String(part);
    if (typeof part === 'number') return sources[index] ?? String(part);
    if (part === null) throw invalid(`the key ${text} holds null: a row without a key reads batch`, keyColumns);
    throw invalid(`the key ${text} holds a list or an object`, keyColumns);
  });
}

function invalid(message: string, keyColumns: readonly string[]): CutoverError {
  const example = JSON.stringify(keyColumns.map((column) => `<${column}>`));
  return new CutoverError(
    'KEY_INVALID',
    message,
    `Give ${keyColumns.length === 1 ? 'the value' : 'the values separated by commas'}, or JSON: ${example}.`,
  );
}
