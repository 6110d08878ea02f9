/** Before so much time (milliseconds) and so great a part of the work (0 to 1) have passed nothing is known of the rest. */
const LEAST_TIME = 2000;
const LEAST_SHARE = 0.01;

/** How far back it is looked for the pace: as a share of the time since the beginning, so that a pace that changed is soon believed. */
const LOOK_BACK = 0.5;

/** Moments that are remembered. */
const MOST = 64;

interface Moment {
  readonly at: number;
  readonly done: number;
}

/**
 * How long a phase of known size will still take, by the pace at which it went lately. What was done before it was first looked at says nothing of the pace:
 * a comparison that goes on where it was begins with much that is done.
 */
export class TimeLeft {
  readonly #total: number;
  #moments: Moment[];
  readonly #first: Moment;

  /** @param at milliseconds of the clock */
  constructor(total: number, done: number, at: number) {
    this.#total = total;
    this.#first = { at, done };
    this.#moments = [this.#first];
  }

  /**
   * Takes in how much is done, which never grows less.
   *
   * @returns milliseconds; null: there is nothing yet to tell it by
   */
  after(done: number, at: number): number | null {
    const last = this.#moments.at(-1) ?? this.#first;
    const now = { at: Math.max(at, last.at), done: Math.max(done, last.done) };
    if (now.at > last.at || now.done > last.done) this.#moments.push(now);
    if (this.#moments.length > MOST)
      this.#moments = this.#moments.filter((_, index) => index % 2 === 0 || index === MOST);
    if (now.at - this.#first.at < LEAST_TIME) return null;
    if (now.done - this.#first.done < LEAST_SHARE * this.#total) return null;
    const from = now.at - LOOK_BACK * (now.at - this.#first.at);
    const base =
      this.#moments.findLast(({ at: then, done: before }) => then <= from && before < now.done) ?? this.#first;
    return Math.round(((now.at - base.at) / (now.done - base.done)) * Math.max(0, this.#total - now.done));
  }
}

/** In words, no more exact than it is: `about 2m left`. */
export function timeLeftText(ms: number | null): string {
  if (ms === null) return '';
  const seconds = ms / 1000;
  if (seconds < 1) return ', nearly done';
  if (seconds < 90) return `, about ${roundedUp(seconds, seconds < 10 ? 1 : 5)}s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `, about ${minutes}m left`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `, about ${hours}h left` : `, about ${Math.round(hours / 24)}d left`;
}

function roundedUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
