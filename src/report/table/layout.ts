import type { Paint, Style } from './paint.js';

export interface TableColumn {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** A column that may be cut short when the table is wider than the terminal, down to this width. */
  readonly shrinkTo?: number;
  /** Where that is not enough for all, down to this one. */
  readonly least?: number;
}

export interface TableCell {
  /** Safe to print and on one line (see `visible`, `cellText`). */
  readonly text: string;
  readonly style?: Style;
}

const INDENT = 2;
const GAP = 2;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns a text takes on a terminal: East Asian wide characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

function graphemeWidth(segment: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(segment)) return 0;
  return WIDE.test(segment) || /\p{Emoji_Presentation}|\ufe0f/u.test(segment) ? 2 : 1;
}

/** The text in at most `width` columns; what was cut off is shown by an ellipsis. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = graphemeWidth(segment);
    if (used + next > width - 1) break;
    out += segment;
    used += next;
  }
  return `${out}…`;
}

/** Characters that stay visible at the front (a year, the size of a number) and before the first difference. */
const HEAD = 5;
const CONTEXT = 3;

/**
 * Two texts of which one is longer than `most`, cut in the middle, shortly before they begin to differ: a table that cuts at the end
 * would show them alike.
 */
export function focused(pair: readonly [string, string], most: number): readonly [string, string] {
  if (Math.max(displayWidth(pair[0]), displayWidth(pair[1])) <= most) return pair;
  const [left, right] = pair.map((text) => Array.from(graphemes.segment(text), ({ segment }) => segment));
  if (left === undefined || right === undefined) return pair;
  let same = 0;
  while (same < left.length && same < right.length && left[same] === right[same]) same += 1;
  if (same <= HEAD + CONTEXT + 1) return pair;
  const shortened = (segments: readonly string[]): string =>
    `${segments.slice(0, HEAD).join('')}…${segments.slice(same - CONTEXT).join('')}`;
  return [shortened(left), shortened(right)];
}

/** Text filled up with spaces to `width` columns. */
export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** Text broken at spaces into lines of at most `width` columns; words longer than a line stand alone. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/**
 * Aligned, indented lines: the headers (unless all are empty), then the rows. Columns that may shrink give way, the widest first, until
 * the table fits into `width`.
 */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  options: { readonly paint: Paint; readonly width: number },
): string[] {
  const widths = widthsOf(columns, rows);
  shrink(columns, widths, options.width - INDENT);
  const lineOf = (cells: readonly TableCell[]): string =>
    ' '.repeat(INDENT) +
    columns
      .map((column, index) => {
        const cell = cells[index] ?? { text: '' };
        const width = widths[index] ?? 0;
        const text = fitted(cell.text, width);
        const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
        const painted = cell.style === undefined || text === '' ? text : options.paint(text, cell.style);
        return column.align === 'right' ? space + painted : painted + space;
      })
      .join(' '.repeat(GAP));
  const header = columns.some(({ header }) => header !== '')
    ? [lineOf(columns.map((column): TableCell => ({ text: column.header, style: 'dim' })))]
    : [];
  return [...header, ...rows.map(lineOf)].map((line) => line.replace(/ +$/, ''));
}

/** Whether a table fits into `width` as it is. */
export function fits(columns: readonly TableColumn[], rows: readonly (readonly TableCell[])[], width: number): boolean {
  return excessOf(widthsOf(columns, rows), width - INDENT) <= 0;
}

function widthsOf(columns: readonly TableColumn[], rows: readonly (readonly TableCell[])[]): number[] {
  return columns.map((column, index) =>
    Math.max(displayWidth(column.header), ...rows.map((row) => displayWidth(row[index]?.text ?? ''))),
  );
}

function excessOf(widths: readonly number[], available: number): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1) - available;
}

function shrink(columns: readonly TableColumn[], widths: number[], available: number): void {
  for (const least of [false, true]) {
    while (excessOf(widths, available) > 0) {
      let widest = -1;
      for (const [index, { shrinkTo, least: floor }] of columns.entries()) {
        const to = least ? (floor ?? shrinkTo) : shrinkTo;
        const width = widths[index] ?? 0;
        if (to !== undefined && width > to && width > (widths[widest] ?? 0)) widest = index;
      }
      if (widest < 0) break;
      widths[widest] = (widths[widest] ?? 1) - 1;
    }
  }
}

/** A bar of `width` blocks of which `rate` (0 .. 1) is filled; something is never shown as nothing, nor almost all as all. */
export function bar(rate: number, width: number): string {
  const exact = Math.round(rate * width);
  const filled = rate <= 0 ? 0 : rate >= 1 ? width : Math.min(width - 1, Math.max(1, exact));
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
