import type { ComparedColumn } from './compared-column.js';
import { formatDecimal, parseDecimal } from './decimal.js';

/** The dimensions of an array of PostgreSQL that does not begin at 1: `[0:1]=`. */
const DIMENSIONS = /^[[\]\d:-]+=/;

/** The elements of a canonical list (a JSON array of texts and nulls). */
export function elementsOf(text: string): (string | null)[] {
  return parsed(text).map((element: unknown) =>
    element === null ? null : typeof element === 'string' ? element : JSON.stringify(element),
  );
}

function parsed(text: string): readonly unknown[] {
  const list: unknown = JSON.parse(text.replace(DIMENSIONS, ''));
  if (!Array.isArray(list)) throw new Error(`not a canonical list: ${text}`);
  return list;
}

const NUMERIC_LIST =
  /^(?:PostgreSQL's )?(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL.*|NUMERIC.*|DOUBLE.*|FLOAT|REAL)(\[\d*\])+$/i;

/** A text that lists of equal elements share, and no others: numbers of two types by value; a list within a list is not the text of one. */
function normalised(text: string, { batch, stream }: ComparedColumn): string[] {
  const numeric = NUMERIC_LIST.test(batch.type) && NUMERIC_LIST.test(stream.type);
  const form = (element: unknown): unknown => {
    if (Array.isArray(element)) return element.map(form);
    const value = numeric && typeof element === 'string' ? parseDecimal(element) : undefined;
    return value === undefined ? element : formatDecimal(value);
  };
  return parsed(text).map((element) => JSON.stringify(form(element)));
}

/** The same elements in the same order; for lists whose types differ. */
export function sameLists(texts: { readonly batch: string; readonly stream: string }, column: ComparedColumn): boolean {
  const batch = normalised(texts.batch, column);
  const stream = normalised(texts.stream, column);
  const dimensions = (text: string): string | undefined => DIMENSIONS.exec(text)?.[0];
  if (dimensions(texts.batch) !== dimensions(texts.stream)) return false;
  return batch.length === stream.length && batch.every((element, index) => element === stream[index]);
}

/** The same elements, whatever their order and repetition; NULL is an element. For lists whose types differ. */
export function sameSets(texts: { readonly batch: string; readonly stream: string }, column: ComparedColumn): boolean {
  const batch = new Set(normalised(texts.batch, column));
  const stream = new Set(normalised(texts.stream, column));
  return batch.size === stream.size && [...batch].every((element) => stream.has(element));
}
