/** A chunk grows or shrinks at most by this factor from one to the next. */
const STEP = 2;

/** A chunk lasts at least so many times what every chunk costs, whatever its size: else most of the work would be done again and again. */
const WORTH = 3;

interface Measured {
  readonly size: number;
  readonly ms: number;
}

/** How many slices the next chunk takes, so that it lasts about as long as wanted; by the times that others took. */
export class Pace {
  readonly #target: number;
  readonly #most: number;
  #size: number;
  #before: Measured | undefined;
  /** What a chunk of no size would cost, as it seems (milliseconds). */
  #fixed = 0;

  /**
   * @param target milliseconds that a chunk should last
   * @param first slices of the first one
   * @param most slices that a chunk may have
   */
  constructor(target: number, first: number, most: number) {
    this.#target = target;
    this.#most = Math.max(1, most);
    this.#size = Math.min(Math.max(1, first), this.#most);
  }

  /** Slices of the next chunk. */
  get next(): number {
    return this.#size;
  }

  /** Takes in how long a chunk took (milliseconds). */
  took(size: number, ms: number): void {
    if (this.#before !== undefined && this.#before.size !== size) this.#fixed = fixedCost(this.#before, { size, ms });
    this.#before = { size, ms };
    const wanted = Math.max(this.#target, WORTH * this.#fixed);
    const factor = ms <= 0 ? STEP : Math.min(STEP, Math.max(1 / STEP, wanted / ms));
    this.#size = Math.min(this.#most, Math.max(1, Math.round(size * factor)));
  }
}

/** Where the line through two chunks begins: where each reads the whole table, nearly at their height. */
function fixedCost(a: Measured, b: Measured): number {
  const each = Math.max(0, (b.ms - a.ms) / (b.size - a.size));
  return Math.max(0, Math.min(a.ms - each * a.size, b.ms - each * b.size));
}
