import type { ColumnCounts, DiffCounts } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { ComparedColumn } from './compared-column.js';
import type { CellVerdict } from './comparator.js';
import { compareDecimals, formatDecimal, type Decimal } from './decimal.js';

/** Rows of a side; `nulls` of them have a NULL in their key. */
export interface SideRows {
  readonly rows: number;
  readonly nulls: number;
}

interface ColumnTally {
  mismatched: number;
  tolerated: number;
  largest: Decimal | 'Infinity' | null;
}

/** Adds up what the comparator says; the counts are exact whatever is listed. */
export class Tally {
  readonly #columns: ColumnTally[];
  missingInStream = 0;
  missingInBatch = 0;
  mismatched = 0;
  tolerated = 0;
  candidates = 0;
  /** Duplicate keys, and the rows they stand on. */
  duplicates = 0;
  duplicateRows = { batch: 0, stream: 0 };

  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => ({ mismatched: 0, tolerated: 0, largest: null }));
  }

  /** Takes the verdicts on one key that both sides have, in column order; true when the key is a mismatch. */
  judged(verdicts: readonly CellVerdict[]): boolean {
    let worst: CellVerdict['outcome'] = 'equal';
    verdicts.forEach((verdict, index) => {
      const column = this.#columns[index];
      if (column === undefined || verdict.outcome === 'equal') return;
      if (verdict.outcome === 'different') column.mismatched += 1;
      else column.tolerated += 1;
      if (worst !== 'different') worst = verdict.outcome;
      column.largest = larger(column.largest, verdict.difference);
    });
    return this.#count(worst);
  }

  #count(worst: CellVerdict['outcome']): boolean {
    if (worst === 'different') this.mismatched += 1;
    if (worst === 'tolerated') this.tolerated += 1;
    return worst === 'different';
  }

  /** The counts of a comparison. Errors: INTERNAL when they do not add up, which no input may cause. */
  counts(batch: SideRows, stream: SideRows): DiffCounts {
    const batchKeys = batch.rows - batch.nulls - this.duplicateRows.batch;
    const streamKeys = stream.rows - stream.nulls - this.duplicateRows.stream;
    const singles = batchKeys + this.missingInBatch;
    const matched = singles - this.missingInStream - this.missingInBatch - this.mismatched - this.tolerated;
    if (streamKeys !== batchKeys - this.missingInStream + this.missingInBatch || matched < 0) {
      throw new CutoverError(
        'INTERNAL',
        `the counts of a comparison do not add up: ${batchKeys} batch keys, ${streamKeys} stream keys, ${this.missingInStream} + ${this.missingInBatch} missing`,
        'A side changed during the comparison, or this is a defect: please report it with the types of the key columns.',
      );
    }
    const keys = singles + this.duplicates;
    return this.#told(batch, stream, { keys, matched, of: keys + batch.nulls + stream.nulls });
  }

  /** Keys found to differ so far. */
  get found(): number {
    return this.missingInStream + this.missingInBatch + this.mismatched + this.duplicates;
  }

  /** The counts of a comparison that was stopped: what was found is a lower bound, and nothing is known of the other keys. */
  lowerBounds(batch: SideRows, stream: SideRows): DiffCounts {
    // No more keys than rows.
    return this.#told(batch, stream, { keys: this.found + this.tolerated, matched: 0, of: batch.rows + stream.rows });
  }

  /** @param known `of`: what the mismatch rate is a share of */
  #told(
    batch: SideRows,
    stream: SideRows,
    known: { readonly keys: number; readonly matched: number; readonly of: number },
  ): DiffCounts {
    const nulls = batch.nulls + stream.nulls;
    return {
      batch_rows: batch.rows,
      stream_rows: stream.rows,
      keys_compared: known.keys,
      matched: known.matched,
      tolerated: this.tolerated,
      missing_in_stream: this.missingInStream,
      missing_in_batch: this.missingInBatch,
      value_mismatch: this.mismatched,
      duplicate_key: this.duplicates,
      null_key: nulls,
      in_flux: 0,
      mismatch_rate: known.of === 0 ? 0 : (this.found + nulls) / known.of,
    };
  }

  /** Counts by column name. */
  columns(compared: readonly ComparedColumn[]): Record<string, ColumnCounts> {
    const out: Record<string, ColumnCounts> = {};
    compared.forEach(({ name }, index) => {
      const { mismatched, tolerated, largest } = this.#columns[index] ?? { mismatched: 0, tolerated: 0, largest: null };
      const text = largest === null || largest === 'Infinity' ? largest : formatDecimal(largest);
      out[name] = { mismatched, tolerated, max_abs_difference: text };
    });
    return out;
  }
}

function larger(a: Decimal | 'Infinity' | null, b: Decimal | 'Infinity' | null): Decimal | 'Infinity' | null {
  if (a === null || b === null) return a ?? b;
  if (a === 'Infinity' || b === 'Infinity') return 'Infinity';
  return compareDecimals(a, b) >= 0 ? a : b;
}
