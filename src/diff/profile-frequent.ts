/** A value and how often it was seen, at least. */
export interface Frequent {
  readonly value: string | null;
  readonly count: number;
}

/** So many purges without a find, and so few of the values are looked at from then on: a prime, because values may come in a rhythm. */
const BARREN = 32;
const STRIDE = 17;

/**
 * Counts how often each value occurs, in bounded memory: exactly while there are few different ones, later as lower bounds that fall short by at most
 * 2 / `capacity` of all.
 *
 * Source: J. Misra and D. Gries, "Finding repeated elements" (1982), in the form of D. Anderson et al., "A High-Performance Algorithm for Identifying Frequent
 * Items in Data Streams" (2017): when there are too many counters, all give up the median of them, and those that have nothing left go. At least half of the
 * counters pay each time, so what is given up in all is at most 2 / `capacity` of what was counted.
 *
 * Where values are nearly all different for long there is nothing to find: then only each 17th is counted, until one of them is frequent again.
 */
export class FrequentValues {
  readonly #capacity: number;
  readonly #counts = new Map<string | null, number>();
  #exact = true;
  /** Purges in a row in which no value stood out. */
  #barren = 0;
  #skipped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(value: string | null): void {
    if (this.#barren >= BARREN && this.#skipped < STRIDE - 1) {
      this.#skipped += 1;
      return;
    }
    this.#skipped = 0;
    const count = this.#counts.get(value);
    this.#counts.set(value, (count ?? 0) + 1);
    if (count === undefined && this.#counts.size > this.#capacity) this.#purge();
  }

  /** Whether every count is exact. */
  get exact(): boolean {
    return this.#exact;
  }

  /** The values seen at least so often, the most frequent first. */
  atLeast(least: number): Frequent[] {
    return [...this.#counts]
      .filter(([, count]) => count >= least)
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count);
  }

  #purge(): void {
    this.#exact = false;
    const sorted = Float64Array.from(this.#counts.values()).sort();
    const median = sorted[sorted.length >> 1] ?? 1;
    const most = sorted.at(-1) ?? 1;
    this.#barren = most <= this.#capacity / 32 ? this.#barren + 1 : 0;
    for (const [value, count] of this.#counts) {
      if (count <= median) this.#counts.delete(value);
      else this.#counts.set(value, count - median);
    }
  }
}
