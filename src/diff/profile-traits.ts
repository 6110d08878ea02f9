import { isTimestamp, type ColumnFamily } from '../model/column.js';
import type { Concentration } from '../model/diff-report.js';
import { FrequentValues, type Frequent } from './profile-frequent.js';

/** What rows of a kind may have in common in one column. */
export interface Trait {
  readonly by: Concentration['by'];
  readonly value: string | null;
  readonly count: number;
  readonly atLeast: boolean;
}

/** Families whose values are told apart by their texts and can be looked for in a table. */
const TRACKED: ReadonlySet<ColumnFamily> = new Set([
  'text',
  'boolean',
  'integer',
  'decimal',
  'double',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
]);

/** Different values counted of one column; see FrequentValues for what happens when there are more. */
const CAPACITY = 256;

/** A longer text is no name of anything. */
const LONGEST = 128;

const PREFIXES = [1, 2, 3, 4, 6, 8, 12, 16];

const DAY = /^\d{4}-\d\d-\d\d/;

/** Whether values of that family are counted at all. */
export function hasTraits(family: ColumnFamily): boolean {
  return TRACKED.has(family);
}

/** What a column is: prefixes are counted of keys only. */
export type Role = 'only key' | 'key' | 'value';

/** Counts what the values of one column have in common; memory is bounded. */
export class Traits {
  readonly #family: ColumnFamily;
  /** Every value stands but once: only what they begin with, or the day, can be in common. */
  readonly #distinct: boolean;
  readonly #values = new FrequentValues(CAPACITY);
  readonly #days = new FrequentValues(CAPACITY);
  readonly #prefixes: readonly { readonly length: number; readonly values: FrequentValues }[];

  constructor(family: ColumnFamily, role: Role) {
    this.#family = family;
    this.#distinct = role === 'only key' && family !== 'date';
    this.#prefixes =
      role !== 'value' && family === 'text'
        ? PREFIXES.map((length) => ({ length, values: new FrequentValues(CAPACITY) }))
        : [];
  }

  /** @param text canonical */
  add(text: string | null): void {
    // NUL cannot stand in SQL.
    if (text !== null && (text.length > LONGEST || text.includes('\0'))) return;
    if (!this.#distinct) this.#values.add(text);
    if (text === null) return;
    if (isTimestamp(this.#family) && DAY.test(text)) this.#days.add(text.slice(0, 10));
    for (const { length, values } of this.#prefixes) {
      if (text.length > length && isWhole(text, length)) values.add(text.slice(0, length));
    }
  }

  /** What at least so many have in common. */
  common(least: number): Trait[] {
    const days = this.#family === 'date' ? this.#values : this.#days;
    return [
      ...traits('value', this.#values.atLeast(least), this.#values.exact),
      ...traits('day', this.#days.atLeast(least), this.#days.exact),
      ...traits('month', months(days.atLeast(1)), days.exact).filter(({ count }) => count >= least),
      ...this.#prefixes.flatMap(({ values }) => traits('prefix', values.atLeast(least), values.exact)),
    ];
  }
}

function traits(by: Trait['by'], values: readonly Frequent[], exact: boolean): Trait[] {
  return values.map(({ value, count }) => ({ by, value, count, atLeast: !exact }));
}

/** Lower bounds of days add up to a lower bound of their month. */
function months(days: readonly Frequent[]): Frequent[] {
  const counts = new Map<string, number>();
  for (const { value, count } of days) {
    if (value === null || !DAY.test(value)) continue;
    const month = value.slice(0, 7);
    counts.set(month, (counts.get(month) ?? 0) + count);
  }
  return [...counts].map(([value, count]) => ({ value, count }));
}

/** Whether the text before `length` ends with a whole character. */
function isWhole(text: string, length: number): boolean {
  const last = text.charCodeAt(length - 1);
  return last < 0xd800 || last > 0xdbff;
}
