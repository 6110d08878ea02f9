import { isNumeric } from '../model/column.js';
import type { DiscrepancyKind } from '../model/comparison.js';
import type { DiffColumns } from './columns.js';
import type { CellPair, CellVerdict } from './comparator.js';
import type { ComparedColumn } from './compared-column.js';
import { LEAST_DISCREPANCIES, LEAST_SHARE } from './profile-concentrations.js';
import { hasRange, Range } from './profile-ranges.js';
import { hasTraits, Traits, type Role, type Trait } from './profile-traits.js';
import type { Side } from './sides.js';

/** Columns besides the key that are looked at. */
const MOST_COLUMNS = 64;

/** What discrepancies of a kind have in common in one column. */
export interface Common {
  readonly column: ComparedColumn;
  /** Whose value it is, where the column itself differs. */
  readonly side: Side | null;
  /** Where to look how many rows have it. */
  readonly base: Side;
  readonly trait: Trait;
}

/** What is counted of the discrepancies of one kind, column by column. */
export class KindProfile {
  readonly kind: DiscrepancyKind;
  /** The side whose row stands for both, or is the only one. */
  readonly base: Side;
  /** Discrepancies seen. */
  found = 0;
  readonly #columns: DiffColumns;
  readonly #looked: readonly ComparedColumn[];
  readonly #key: (Traits | undefined)[] = [];
  /** Of each column: the value of both sides, that of the batch side, that of the stream side; made when first needed. */
  readonly #values: Readonly<Record<'both' | Side, (Traits | undefined)[]>> = { both: [], batch: [], stream: [] };
  readonly #ranges: {
    readonly column: ComparedColumn;
    readonly range: Range;
    readonly at: number;
    readonly isKey: boolean;
  }[];

  constructor(kind: DiscrepancyKind, columns: DiffColumns) {
    this.kind = kind;
    this.base = kind === 'missing_in_batch' ? 'stream' : 'batch';
    this.#columns = columns;
    this.#looked = columns.compared.slice(0, MOST_COLUMNS);
    const ranged = (column: ComparedColumn, at: number, isKey: boolean) => {
      const { family } = column[this.base];
      // A number that is no key has no place: only times do.
      const wanted = hasRange(family) && (isKey || !isNumeric(family));
      return wanted ? [{ column, range: new Range(family), at, isKey }] : [];
    };
    this.#ranges = [
      ...columns.key.flatMap((column, index) => ranged(column, index, true)),
      ...this.#looked.flatMap((column, index) => ranged(column, index, false)),
    ];
  }

  /** The key of one more discrepancy. */
  key(texts: readonly (string | null)[]): void {
    this.found += 1;
    this.#columns.key.forEach((column, index) => {
      // A duplicate key may come from either side: only where both have one type can it be looked for on one of them.
      if (this.kind === 'duplicate_key' && column.batch.type !== column.stream.type) return;
      add(
        this.#key,
        index,
        column[this.base].family,
        texts[index] ?? null,
        this.#columns.key.length === 1 ? 'only key' : 'key',
      );
    });
  }

  /** The only row. */
  row(key: readonly (string | null)[], values: readonly (string | null)[]): void {
    this.key(key);
    this.#looked.forEach((column, index) => {
      add(this.#values.both, index, column[this.base].family, values[index] ?? null, 'value');
    });
    for (const { range, at, isKey } of this.#ranges) range.add((isKey ? key : values)[at] ?? null);
  }

  /** The two rows. */
  rows(key: readonly (string | null)[], pairs: readonly CellPair[], verdicts: readonly CellVerdict[]): void {
    this.key(key);
    this.#looked.forEach((column, index) => {
      const pair = pairs[index];
      if (pair === undefined) return;
      if (verdicts[index]?.outcome !== 'different')
        add(this.#values.both, index, column.batch.family, pair.batch, 'value');
      else {
        add(this.#values.batch, index, column.batch.family, pair.batch, 'value');
        add(this.#values.stream, index, column.stream.family, pair.stream, 'value');
      }
    });
  }

  /** What enough of them have in common. */
  common(): Common[] {
    const least = Math.max(LEAST_DISCREPANCIES, LEAST_SHARE * this.found);
    const of = (
      columns: readonly ComparedColumn[],
      traits: readonly (Traits | undefined)[],
      side: Side | null,
    ): Common[] =>
      columns.flatMap((column, index) =>
        (traits[index]?.common(least) ?? []).map((trait) => ({ column, side, base: side ?? this.base, trait })),
      );
    return [
      ...of(this.#columns.key, this.#key, null),
      ...of(this.#looked, this.#values.both, null),
      ...of(this.#looked, this.#values.batch, 'batch'),
      ...of(this.#looked, this.#values.stream, 'stream'),
    ];
  }

  /** Of the columns that have a place in an order: from where to where the only rows lie. */
  ranges(): { readonly column: ComparedColumn; readonly from: string; readonly to: string }[] {
    return this.#ranges.flatMap(({ column, range: { ends } }) => (ends === null ? [] : [{ column, ...ends }]));
  }
}

function add(
  traits: (Traits | undefined)[],
  index: number,
  family: ComparedColumn['batch']['family'],
  text: string | null,
  role: Role,
): void {
  if (!hasTraits(family)) return;
  (traits[index] ??= new Traits(family, role)).add(text);
}
