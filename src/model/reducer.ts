import type { Cell, Row } from './cell.js';

/**
 * A stream job as a JavaScript or TypeScript module: its default export. Values are lossless: 64-bit integers, decimals, dates and
 * timestamps come as text and may be returned as text or number.
 */
export interface Reducer {
  /** The key of the row that an event belongs to, by key column; null: the event concerns no row. */
  key(event: Row): { readonly [column: string]: Cell } | null;
  /** The next row for an event; `row` is null when the key has none yet. Returning null removes the row. Key columns are filled in. */
  reduce(row: Row | null, event: Row): Row | null;
}

/** Gives a reducer module its types; returns its argument. */
export function defineReducer(reducer: Reducer): Reducer {
  return reducer;
}
