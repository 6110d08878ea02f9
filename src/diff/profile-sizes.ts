import type { HistogramBin } from '../model/diff-report.js';
import { compareDecimals, formatDecimal, parseDecimal, type Decimal } from './decimal.js';
import { SignedHistogram } from './profile-histogram.js';

/** Relative error of the sketch, and of rounding to four digits: together 1%. */
const ERROR = 0.009;
const ROUNDING = 0.001;

/** Buckets of the sketch: 30 powers of ten. */
const BUCKETS = 4096;

interface Median {
  readonly text: string;
  /** Greatest relative error; 0: exact. */
  readonly error: number;
}

/**
 * The sizes of a column's differences, signed, in bounded memory: the ends exactly; the median exactly while there are few different sizes, later by a sketch
 * of logarithmic buckets.
 *
 * Sources: C. Masson, J. Rim and H. Lee, "DDSketch" (2019) for the buckets; I. Epicoco et al., "UDDSketch" (2020) for joining each two neighbours when there
 * are too many, which keeps the error the same for all sizes.
 */
export class Sizes {
  readonly #histogram = new SignedHistogram();
  readonly #most: number;
  /** By their texts; null once there were too many different ones. */
  #exact: Map<string, number> | null = new Map();
  readonly #negative = new Map<number, number>();
  readonly #positive = new Map<number, number>();
  /** ln of the width of a bucket: bucket n holds sizes above base^(n - 1), up to base^n. */
  #logBase = Math.log((1 + ERROR) / (1 - ERROR));
  #count = 0;
  #smallest: Decimal | null = null;
  #largest: Decimal | null = null;

  /** @param most different sizes that are kept as they are */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param size not 0 */
  add(size: Decimal): void {
    this.#count += 1;
    if (this.#smallest === null || compareDecimals(size, this.#smallest) < 0) this.#smallest = size;
    if (this.#largest === null || compareDecimals(size, this.#largest) > 0) this.#largest = size;
    this.#histogram.add(size);
    this.#sketch(size);
    if (this.#exact === null) return;
    const text = formatDecimal(size);
    this.#exact.set(text, (this.#exact.get(text) ?? 0) + 1);
    if (this.#exact.size > this.#most) this.#exact = null;
  }

  get count(): number {
    return this.#count;
  }

  get smallest(): string | null {
    return this.#smallest === null ? null : formatDecimal(this.#smallest);
  }

  get largest(): string | null {
    return this.#largest === null ? null : formatDecimal(this.#largest);
  }

  get histogram(): HistogramBin[] {
    return this.#histogram.bins();
  }

  get median(): Median | null {
    if (this.#count === 0) return null;
    return this.#exact === null ? this.#estimate() : { text: exactMedian(this.#exact, this.#count), error: 0 };
  }

  #sketch(size: Decimal): void {
    const buckets = size.units < 0n ? this.#negative : this.#positive;
    const bucket = Math.ceil(logarithm(size) / this.#logBase);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    while (this.#negative.size + this.#positive.size > BUCKETS) {
      this.#logBase *= 2;
      join(this.#negative);
      join(this.#positive);
    }
  }

  #estimate(): Median {
    const ascending = [
      ...[...this.#negative].sort(([a], [b]) => b - a).map(([bucket, count]) => ({ bucket, count, sign: -1n })),
      ...[...this.#positive].sort(([a], [b]) => a - b).map(([bucket, count]) => ({ bucket, count, sign: 1n })),
    ];
    const base = Math.exp(this.#logBase);
    let left = Math.floor((this.#count - 1) / 2);
    const found = ascending.find(({ count }) => {
      left -= count;
      return left < 0;
    });
    const size = fromLogarithm((found?.bucket ?? 0) * this.#logBase + Math.log(2 / (1 + base)), found?.sign ?? 1n);
    return { text: formatDecimal(this.#between(size)), error: (base - 1) / (base + 1) + ROUNDING };
  }

  #between(size: Decimal): Decimal {
    if (this.#smallest !== null && compareDecimals(size, this.#smallest) < 0) return this.#smallest;
    if (this.#largest !== null && compareDecimals(size, this.#largest) > 0) return this.#largest;
    return size;
  }
}

function exactMedian(counts: ReadonlyMap<string, number>, total: number): string {
  const sorted = [...counts]
    .map(([text, count]) => ({ text, count, size: parseDecimal(text) ?? { units: 0n, scale: 0 } }))
    .sort((a, b) => compareDecimals(a.size, b.size));
  let left = Math.floor((total - 1) / 2);
  for (const { text, count } of sorted) {
    if (left < count) return text;
    left -= count;
  }
  return sorted.at(-1)?.text ?? '0';
}

function join(buckets: Map<number, number>): void {
  const counts = [...buckets];
  buckets.clear();
  for (const [bucket, count] of counts) {
    const into = Math.ceil(bucket / 2);
    buckets.set(into, (buckets.get(into) ?? 0) + count);
  }
}

/** Digits that a double holds. */
const DIGITS = 15;

/** ln |size|, whatever the number of digits. */
function logarithm({ units, scale }: Decimal): number {
  const digits = (units < 0n ? -units : units).toString();
  return Math.log(Number(digits.slice(0, DIGITS))) + (Math.max(0, digits.length - DIGITS) - scale) * Math.LN10;
}

/** In four significant digits. */
function fromLogarithm(value: number, sign: bigint): Decimal {
  const exponent = Math.floor(value / Math.LN10);
  const units = sign * BigInt(Math.round(Math.exp(value - exponent * Math.LN10) * 1000));
  const scale = 3 - exponent;
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 };
}
