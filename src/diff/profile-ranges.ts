import { isNumeric, isTimestamp, type ColumnFamily } from '../model/column.js';
import { daysOf, secondsOf } from './calendar.js';
import { compareDecimals, parseDecimal, type Decimal } from './decimal.js';

interface End {
  readonly text: string;
  readonly at: Decimal;
}

/** Whether values of that family lie in an order that people think in. */
export function hasRange(family: ColumnFamily): boolean {
  return (isNumeric(family) && family !== 'double') || family === 'date' || isTimestamp(family);
}

/** The smallest and the largest of the canonical texts seen; infinities and NULL lie nowhere. */
export class Range {
  readonly #family: ColumnFamily;
  #from: End | null = null;
  #to: End | null = null;

  constructor(family: ColumnFamily) {
    this.#family = family;
  }

  add(text: string | null): void {
    // Most values of a sorted column lie within or are the last one again.
    if (text === null || text === this.#to?.text) return;
    const at = this.#place(text);
    if (at === undefined) return;
    if (this.#from === null || compareDecimals(at, this.#from.at) < 0) this.#from = { text, at };
    if (this.#to === null || compareDecimals(at, this.#to.at) > 0) this.#to = { text, at };
  }

  get ends(): { readonly from: string; readonly to: string } | null {
    return this.#from === null || this.#to === null ? null : { from: this.#from.text, to: this.#to.text };
  }

  #place(text: string): Decimal | undefined {
    if (this.#family === 'date') return daysOf(text);
    return isTimestamp(this.#family) ? secondsOf(text) : parseDecimal(text);
  }
}
