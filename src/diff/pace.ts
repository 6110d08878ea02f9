/** A chunk grows or shrinks at most by this factor from one to the next. */
const STEP = 2;

/** A chunk of half the size that takes more than this share of the time costs mostly what every chunk costs. */
const IN_VAIN = 0.8;

/** How many slices the next chunk takes, so that it lasts about as long as wanted; by the times that others took. */
export class Pace {
  readonly #target: number;
  readonly #most: number;
  #size: number;
  #least = 1;
  #before: { readonly size: number; readonly ms: number } | undefined;

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
    const before = this.#before;
    this.#before = { size, ms };
    if (before !== undefined && size < before.size && ms > this.#target && ms > IN_VAIN * before.ms) {
      // Where each chunk reads the whole table, smaller ones only make more of them.
      this.#least = Math.min(before.size, this.#most);
      this.#size = this.#least;
      return;
    }
    const factor = ms <= 0 ? STEP : Math.min(STEP, Math.max(1 / STEP, this.#target / ms));
    this.#size = Math.min(this.#most, Math.max(this.#least, Math.round(size * factor)));
  }
}
