import { discrepancyCount } from '../model/comparison.js';
import type { Comparison, DiscrepancyKind } from '../model/comparison.js';
import type { OffsetVectorJson } from '../model/offset-vector.js';
import type { Verdict } from '../model/verdict.js';
import { counted, grouped, percent } from './numbers.js';

/** `missing_in_stream` -> `missing in stream`. */
export function kindLabel(kind: DiscrepancyKind): string {
  return kind.replaceAll('_', ' ');
}

export function verdictLabel(verdict: Verdict): string {
  return verdict.toUpperCase();
}

const NO_CUT = 'nothing was read yet';

/** A cut in one line: `0:12,000 1:8,000`; only the first partitions where there are many. */
export function cutText(cut: OffsetVectorJson, most = 4): string {
  const parts = Object.entries(cut).map(([partition, offset]) => `${partition}:${grouped(offset)}`);
  if (parts.length === 0) return NO_CUT;
  if (parts.length <= most) return parts.join(' ');
  return `${parts.slice(0, most - 1).join(' ')} and ${counted(parts.length - most + 1, 'more partition')}`;
}

/** What a comparison found, in one clause, with its numbers. */
export function finding(comparison: Comparison): string {
  const differing = discrepancyCount(comparison);
  const of = comparison.keys_compared + comparison.null_key;
  const things = comparison.null_key > 0 ? 'keys and rows without a key' : of === 1 ? 'key' : 'keys';
  const part = comparison.scope.full ? '' : partText(comparison);
  if (of === 0) return `nothing was compared${part}`;
  if (differing > 0) {
    const verb = differing === 1 ? 'differs' : 'differ';
    return `${grouped(differing)} of ${grouped(of)} ${things} ${verb} (${percent(comparison.mismatch_rate)})${part}`;
  }
  // A table of keys alone, or one whose other columns are all ignored.
  if (Object.keys(comparison.columns).length === 0) {
    return `${of === 1 ? 'the only key is' : `all ${grouped(of)} keys are`} on both sides, no value was compared${part}`;
  }
  if (comparison.in_flux > 0) {
    const flux = comparison.in_flux === 1 ? '1 key is' : `${grouped(comparison.in_flux)} keys are`;
    return `${flux} in flux, ${grouped(of - comparison.in_flux)} of ${grouped(of)} agree${part}`;
  }
  const tolerated = comparison.tolerated > 0 ? ` (${grouped(comparison.tolerated)} of them by a rule)` : '';
  return of === 1 ? `the only key agrees${part}` : `all ${grouped(of)} keys agree${tolerated}${part}`;
}

function partText(comparison: Comparison): string {
  const { partitions, partition_column: column } = comparison.scope;
  return ` in ${partitions === undefined ? 'some partitions' : counted(partitions, 'partition')}${column === undefined ? '' : ` of ${column}`}`;
}

/** `daily_delays: 12 of 3,456 keys differ (0.35%) at cut 0:12,000 1:8,000`. */
export function headline(comparison: Comparison): string {
  const cut = cutText(comparison.cut);
  const { method } = comparison.alignment;
  const own = method === 'snapshot' || method === 'copy';
  // Sides that somebody else writes need no events of cutover's.
  const at = cut === NO_CUT ? (own ? `, ${cut}` : '') : ` at cut ${cut}`;
  const by = own ? '' : `, aligned by ${method}${comparison.alignment.exact ? '' : ' (not exact)'}`;
  return `${comparison.pipeline}: ${finding(comparison)}${at}${by}`;
}

export interface Count {
  readonly label: string;
  readonly count: number;
  /** Part of the keys compared; null for counts that are no part of them. */
  readonly rate: number | null;
  readonly bad: boolean;
}

/** The counts of a comparison in the order in which they are read. Those that are rarely of use appear only when not zero. */
export function countsOf(comparison: Comparison): readonly Count[] {
  const keys = comparison.keys_compared;
  const part = (label: string, count: number, bad: boolean): Count => ({
    label,
    count,
    rate: keys === 0 ? null : count / keys,
    bad: bad && count > 0,
  });
  const plain = (label: string, count: number, bad = false): Count => ({
    label,
    count,
    rate: null,
    bad: bad && count > 0,
  });
  return [
    plain('batch rows', comparison.batch_rows),
    plain('stream rows', comparison.stream_rows),
    plain('keys compared', keys),
    part('matched', comparison.matched, false),
    part('tolerated', comparison.tolerated, false),
    part('missing in stream', comparison.missing_in_stream, true),
    part('missing in batch', comparison.missing_in_batch, true),
    part('value mismatch', comparison.value_mismatch, true),
    part('duplicate key', comparison.duplicate_key, true),
    plain('rows without a key', comparison.null_key, true),
    ...(comparison.in_flux > 0 ? [part('in flux', comparison.in_flux, true)] : []),
    ...(comparison.quarantined > 0 ? [plain('events in quarantine', comparison.quarantined, true)] : []),
  ];
}
