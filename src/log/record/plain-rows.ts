import { plainTest, type PlainTest } from './plain.js';
import type { TextColumn, TextRecord } from './record.js';

/** What is held as one piece: outside of the heap, where thousands of short texts would keep the garbage collector busy. */
const PART_BYTES = 256 * 1024;

/**
 * The rows of a chunk in the interchange form, held in memory, for as long as no SQL is needed to judge a text. See `scratchRelation`, which gives the same
 * rows and takes everything.
 */
export class PlainRows {
  readonly #tests: readonly PlainTest[];
  readonly #eventTime: { readonly index: number; readonly test: PlainTest } | null;
  readonly #parts: Buffer[] = [];
  #part = Buffer.alloc(0);
  #used = 0;

  private constructor(tests: readonly PlainTest[], eventTime: { index: number; test: PlainTest } | null) {
    this.#tests = tests;
    this.#eventTime = eventTime;
  }

  /** Null for columns of types that always need SQL. */
  static of(columns: readonly TextColumn[], eventTime: string | undefined): PlainRows | null {
    const tests = columns.map(({ type }) => plainTest(type));
    const index = columns.findIndex(({ name }) => name === eventTime);
    const moment = plainTest({
      name: 'timestamptz',
      list: false,
      scale: 0,
      scalar: 'TIMESTAMPTZ',
      duckdb: 'TIMESTAMPTZ',
    });
    // A column that is a date is a moment too: its midnight.
    const test = columns[index]?.type.name === 'text' ? moment : (tests[index] ?? null);
    if (!tests.every((one) => one !== null) || (index >= 0 && test === null)) return null;
    return new PlainRows(tests, test === null ? null : { index, test });
  }

  /** False, and nothing is added, for a record that needs SQL. */
  add(offset: number, raw: string, { fields, error }: TextRecord): boolean {
    let values = '';
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] ?? null;
      if (field !== null && this.#tests[i]?.(field) !== true) return false;
      values += `${quoted(field)},`;
    }
    const moment = this.#eventTime === null ? null : (fields[this.#eventTime.index] ?? null);
    if (moment !== null && this.#eventTime?.test(moment) !== true) return false;
    if (error !== null && (raw.includes('\0') || error.includes('\0'))) return false;
    this.#write(`"${offset}",${quoted(moment)},${values}${quoted(error)},${error === null ? '' : quoted(raw)}\n`);
    return true;
  }

  /** All that was added. */
  parts(): readonly Buffer[] {
    return [...this.#parts, this.#part.subarray(0, this.#used)];
  }

  #write(row: string): void {
    // At most three bytes for each UTF-16 unit.
    const room = row.length * 3;
    if (this.#used + room > this.#part.length) {
      if (this.#used > 0) this.#parts.push(this.#part.subarray(0, this.#used));
      this.#part = Buffer.allocUnsafe(Math.max(PART_BYTES, room));
      this.#used = 0;
    }
    this.#used += this.#part.write(row, this.#used, 'utf8');
  }
}

function quoted(text: string | null): string {
  if (text === null) return '';
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`;
}
