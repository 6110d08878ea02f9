import type { Cell } from '../model/cell.js';
import { isNumeric } from '../model/column.js';
import type { Discrepancy } from '../model/comparison.js';
import type { ComparedColumn } from './compared-column.js';
import { compareDecimals, parseDecimal } from './decimal.js';

/** Code point order, the order of UTF-8 bytes: JavaScript's own `<` compares UTF-16 units. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function compareCells(a: Cell, b: Cell, numeric: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const x = typeof a === 'object' ? JSON.stringify(a) : String(a);
  const y = typeof b === 'object' ? JSON.stringify(b) : String(b);
  if (numeric) {
    const m = parseDecimal(x);
    const n = parseDecimal(y);
    if (m !== undefined && n !== undefined) return compareDecimals(m, n);
  }
  return compareTexts(x, y);
}

interface OrderedBy {
  readonly name: string;
  readonly numeric: boolean;
}

/** Orders discrepancies by key, then kind; NULL comes last. */
function ordered(key: readonly OrderedBy[]): (a: Discrepancy, b: Discrepancy) => number {
  return (a, b) => {
    for (const { name, numeric } of key) {
      const order = compareCells(a.key[name] ?? null, b.key[name] ?? null, numeric);
      if (order !== 0) return order;
    }
    return compareTexts(a.kind, b.kind);
  };
}

export function byKey(key: readonly ComparedColumn[]): (a: Discrepancy, b: Discrepancy) => number {
  return ordered(key.map(({ name, batch }) => ({ name, numeric: isNumeric(batch.family) })));
}

/** Discrepancies whose key columns are no longer at hand, by key: a column of which every value reads as a number is taken for one of numbers. */
export function inKeyOrder(discrepancies: readonly Discrepancy[]): Discrepancy[] {
  const isNumber = (value: Cell | undefined): boolean =>
    value === null || value === undefined || parseDecimal(String(value)) !== undefined;
  const key = Object.keys(discrepancies[0]?.key ?? {}).map((name) => ({
    name,
    numeric: discrepancies.every((one) => isNumber(one.key[name])),
  }));
  return [...discrepancies].sort(ordered(key));
}

/** Takes a discrepancy; it is made only where somebody wants it. */
export type List = (make: () => Discrepancy) => void;

/**
 * Keeps the first `limit` discrepancies of each source, so that the first `limit` of all are among them.
 */
export class Listing {
  readonly #limit: number;
  readonly #kept: Discrepancy[] = [];
  readonly #unordered: Discrepancy[][] = [];
  readonly #onEach: ((discrepancy: Discrepancy) => void) | undefined;

  constructor(limit: number, onEach: ((discrepancy: Discrepancy) => void) | undefined) {
    this.#limit = limit;
    this.#onEach = onEach;
  }

  /** A new source that delivers in key order: duplicates, NULL keys of a side, candidates. */
  source(): List {
    let kept = 0;
    return (make) => {
      if (kept >= this.#limit && this.#onEach === undefined) return;
      const discrepancy = make();
      this.#onEach?.(discrepancy);
      if (kept >= this.#limit) return;
      kept += 1;
      this.#kept.push(discrepancy);
    };
  }

  /** A new source that delivers in any order. */
  unordered(key: readonly ComparedColumn[]): List {
    const order = byKey(key);
    const kept: Discrepancy[] = [];
    this.#unordered.push(kept);
    let last: Discrepancy | undefined;
    return (make) => {
      const discrepancy = make();
      this.#onEach?.(discrepancy);
      if (last !== undefined && order(discrepancy, last) >= 0) return;
      kept.push(discrepancy);
      if (kept.length < 2 * this.#limit) return;
      kept.sort(order).splice(this.#limit);
      last = kept.at(-1);
    };
  }

  first(key: readonly ComparedColumn[]): Discrepancy[] {
    return [...this.#kept, ...this.#unordered.flat()].sort(byKey(key)).slice(0, this.#limit);
  }
}
