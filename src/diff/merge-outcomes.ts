import type { ColumnCounts, DiffCounts } from '../model/comparison.js';
import { discrepancyCount } from '../model/comparison.js';
import type { ComparedColumn } from './compared-column.js';
import { compareDecimals, parseDecimal } from './decimal.js';
import type { DiffOutcome } from './input.js';
import { byKey } from './listing.js';

/** Counts that add up over parts of the keys. */
const COUNTS = [
  'batch_rows',
  'stream_rows',
  'keys_compared',
  'matched',
  'tolerated',
  'missing_in_stream',
  'missing_in_batch',
  'value_mismatch',
  'duplicate_key',
  'null_key',
  'in_flux',
] as const satisfies readonly (keyof DiffCounts)[];

/** The outcome of two parts of the keys that have no row in common: what comparing both at once would have given, but for the plan. */
export function merged(
  before: DiffOutcome | null,
  next: DiffOutcome,
  { key, limit }: { readonly key: readonly ComparedColumn[]; readonly limit: number },
): DiffOutcome {
  if (before === null) return next;
  const counts = { ...next };
  for (const name of COUNTS) counts[name] = before[name] + next[name];
  const stopped = before.stopped_early || next.stopped_early;
  const of = stopped ? counts.batch_rows + counts.stream_rows : counts.keys_compared + counts.null_key;
  return {
    ...counts,
    mismatch_rate: of === 0 ? 0 : discrepancyCount(counts) / of,
    columns: mergedColumns(before.columns, next.columns),
    discrepancies: [...before.discrepancies, ...next.discrepancies].sort(byKey(key)).slice(0, limit),
    lossy: [...new Set([...before.lossy, ...next.lossy])],
    notes: [...new Set([...before.notes, ...next.notes])],
    plan: { ...next.plan, candidates: before.plan.candidates + next.plan.candidates },
    stopped_early: stopped,
  };
}

function mergedColumns(before: DiffOutcome['columns'], next: DiffOutcome['columns']): Record<string, ColumnCounts> {
  return Object.fromEntries(
    Object.entries(next).map(([name, counts]) => {
      const other = before[name];
      if (other === undefined) return [name, counts];
      return [
        name,
        {
          mismatched: counts.mismatched + other.mismatched,
          tolerated: counts.tolerated + other.tolerated,
          max_abs_difference: larger(counts.max_abs_difference, other.max_abs_difference),
        },
      ];
    }),
  );
}

function larger(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  // What is no number is infinite.
  if (x === undefined || y === undefined) return x === undefined ? a : b;
  return compareDecimals(x, y) >= 0 ? a : b;
}
