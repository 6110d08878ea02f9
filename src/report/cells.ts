import type { Cell } from '../model/cell.js';
import type { Discrepancy } from '../model/comparison.js';

/**
 * Characters that control a terminal or cannot be seen: C0 and C1 controls, separators other than the plain space, directional
 * and zero-width marks (joiners stay: scripts and emoji need them), lone surrogates, the byte order mark.
 */
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- these are the characters to be escaped
  /[\u0000-\u001f\u007f-\u009f\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line that cannot control a terminal: what comes from data or from elsewhere is shown, never obeyed. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeOf);
}

/**
 * A value as it stands in a table: on one line, without control characters, and so that different values look different
 * (a backslash is doubled; in quotes are the empty text and those that could be taken for NULL or for one in quotes, or lose their spaces).
 */
export function cellText(value: Cell): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : jsonText(value);
  const shown = visible(typeof value === 'string' ? text.replaceAll('\\', '\\\\') : text);
  const mistakable = typeof value === 'string' && isMistakable(text);
  return mistakable ? `"${shown}"` : shown;
}

function isMistakable(text: string): boolean {
  return text === '' || text === 'NULL' || text.startsWith('"') || text.trim() !== text;
}

/** Two values side by side; where they look the same (accents composed or not, for example) what is not ASCII is escaped. */
export function pairText(batch: Cell, stream: Cell): readonly [string, string] {
  const shown = [cellText(batch), cellText(stream)] as const;
  if (shown[0].normalize('NFKC') !== shown[1].normalize('NFKC')) return shown;
  const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/gu, escapeOf);
  return [ascii(shown[0]), ascii(shown[1])];
}

/** Stands where a side has no row. */
export const NO_ROW = 'no row';

/** The side that has a discrepancy's only row; undefined where both have one, or nothing tells. */
function onlySide({ kind, columns }: Discrepancy): 'batch' | 'stream' | undefined {
  if (kind === 'missing_in_stream') return 'batch';
  if (kind === 'missing_in_batch') return 'stream';
  if (kind !== 'null_key') return undefined;
  // A row without a key stands by itself: the side that has any value has it.
  const pairs = Object.values(columns);
  if (pairs.some(({ batch }) => batch !== null)) return 'batch';
  return pairs.some(({ stream }) => stream !== null) ? 'stream' : undefined;
}

/** The differing columns of a discrepancy with what each side has; a side that has no row has that, not NULL. */
export function differencesOf(
  discrepancy: Discrepancy,
): { readonly name: string; readonly batch: string; readonly stream: string }[] {
  const only = onlySide(discrepancy);
  return Object.entries(discrepancy.columns).map(([name, pair]) => {
    const column = visible(name);
    if (only === 'batch') return { name: column, batch: cellText(pair.batch), stream: NO_ROW };
    if (only === 'stream') return { name: column, batch: NO_ROW, stream: cellText(pair.stream) };
    const [batch, stream] = pairText(pair.batch, pair.stream);
    return { name: column, batch, stream };
  });
}

/** The values of a key, in the order of its columns. */
export function keyText(key: { readonly [column: string]: Cell }): string {
  return Object.values(key).map(cellText).join(', ');
}

/**
 * JSON in which nothing can control a terminal: what JSON lets stand is written as `\u....`, which reads back as the same value.
 *
 * @param indent spaces for each level; 0 is one line
 */
export function jsonText(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
