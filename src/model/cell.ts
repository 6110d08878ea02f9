/**
 * A value as it comes out of a store, without loss: 64-bit integers, decimals, dates and timestamps as text,
 * doubles as numbers (NaN and infinities as the texts `NaN`, `Infinity`, `-Infinity`).
 */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell };

export type Row = { readonly [column: string]: Cell };
