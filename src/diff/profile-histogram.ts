import type { HistogramBin } from '../model/diff-report.js';
import { formatDecimal, type Decimal } from './decimal.js';

/** Bins shown at the most. */
const MOST = 16;

/** Widths of a bin, in thirds of a power of ten: 1, 2, 5, 10, ...; or in whole powers. */
const WIDTHS = [1, 3, 6, 15, 30, 60, 150, 300, 3000, 30_000, 300_000];

/** The boundaries are 1, 2 and 5 times a power of ten; the n-th is MANTISSAS[n mod 3] x 10^(n div 3). */
const MANTISSAS = [1n, 2n, 5n];

/**
 * Counts signed sizes by the boundaries 1, 2, 5, 10, 20, ... and their negatives. A size falls into its bin by its digits, so exactly.
 * A bin holds its smaller end and not its larger one, on both sides of 0.
 */
export class SignedHistogram {
  readonly #negative = new Map<number, number>();
  readonly #positive = new Map<number, number>();

  add(size: Decimal): void {
    const text = (size.units < 0n ? -size.units : size.units).toString();
    if (text === '0') return;
    const lead = text.charCodeAt(0) - 48;
    const below = 3 * (text.length - 1 - size.scale) + (lead >= 5 ? 2 : lead >= 2 ? 1 : 0);
    if (size.units > 0n) increment(this.#positive, below);
    // -10 is the smaller end of -10 .. -5.
    else increment(this.#negative, /^[125]0*$/.test(text) ? below - 1 : below);
  }

  /** Ascending; the narrowest bins of which there are not too many. */
  bins(): HistogramBin[] {
    for (const width of WIDTHS) {
      const negative = merged(this.#negative, width);
      const positive = merged(this.#positive, width);
      if (negative.length + positive.length > MOST && width !== WIDTHS.at(-1)) continue;
      return [
        ...negative
          .reverse()
          .map(({ bin, count }) => ({ from: end((bin + 1) * width, -1n), to: end(bin * width, -1n), count })),
        ...positive.map(({ bin, count }) => ({ from: end(bin * width, 1n), to: end((bin + 1) * width, 1n), count })),
      ];
    }
    return [];
  }
}

function increment(counts: Map<number, number>, bin: number): void {
  counts.set(bin, (counts.get(bin) ?? 0) + 1);
}

/** Wider bins, ascending, the empty ones between the first and the last included. */
function merged(counts: ReadonlyMap<number, number>, width: number): { bin: number; count: number }[] {
  const wide = new Map<number, number>();
  for (const [bin, count] of counts) {
    const into = Math.floor(bin / width);
    wide.set(into, (wide.get(into) ?? 0) + count);
  }
  if (wide.size === 0) return [];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const bin of wide.keys()) {
    first = Math.min(first, bin);
    last = Math.max(last, bin);
  }
  // Nobody lists thousands of empty bins only to find that there are too many.
  const listed = Math.min(last - first + 1, 4 * MOST);
  return Array.from({ length: listed }, (_, index) => ({ bin: first + index, count: wide.get(first + index) ?? 0 }));
}

function end(boundary: number, sign: bigint): string {
  const exponent = Math.floor(boundary / 3);
  const units = sign * (MANTISSAS[boundary - 3 * exponent] ?? 1n);
  return formatDecimal(
    exponent >= 0 ? { units: units * 10n ** BigInt(exponent), scale: 0 } : { units, scale: -exponent },
  );
}
