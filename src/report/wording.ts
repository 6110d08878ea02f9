import { discrepancyCount } from '../model/comparison.js';
import type { DiscrepancyKind } from '../model/comparison.js';
import { byCount, counted, grouped } from '../model/counts.js';
import type { OffsetVectorJson } from '../model/offset-vector.js';
import type { RunSummary } from '../model/results.js';
import type { Verdict } from '../model/verdict.js';
import type { Sampled } from '../model/diff-report.js';
import { percentAtMost } from '../model/rate.js';
import { percent, roughPercent } from './numbers.js';
import type { AnyComparison } from './result.js';

/** What the sides are called: tables that are no pipeline's are the left and the right one. */
export interface SideNames {
  readonly batch: string;
  readonly stream: string;
}

export function sideNames(comparison: AnyComparison): SideNames {
  return comparison.pipeline === null ? { batch: 'left', stream: 'right' } : { batch: 'batch', stream: 'stream' };
}

/** How the signed differences are taken: `right - left`. */
export function differenceName(comparison: AnyComparison): string {
  const names = sideNames(comparison);
  return `${names.stream} - ${names.batch}`;
}

/** Comparisons that an earlier version stored have no profile. */
export function hasProfile({ profile }: AnyComparison): boolean {
  return profile !== null && profile !== undefined;
}

/** `missing_in_stream` -> `missing in stream`; of two tables `only on the left`. */
export function kindLabel(kind: DiscrepancyKind, comparison: AnyComparison): string {
  if (comparison.pipeline === null && kind === 'missing_in_stream') return 'only on the left';
  if (comparison.pipeline === null && kind === 'missing_in_batch') return 'only on the right';
  return kind.replaceAll('_', ' ');
}

/** Whether the counts of differences are lower bounds. */
export function stoppedEarly(comparison: AnyComparison): boolean {
  return comparison.pipeline === null && comparison.stopped_early;
}

/** `1% of the keys, taken by their hash: at most 0.0031% of all keys differ (95%)`. */
export function sampleText({ share, mismatch_rate_upper_95: upper }: Sampled): string {
  return `${roughPercent(share)} of the keys, taken by their hash: at most ${percentAtMost(upper)} of all keys differ (95%)`;
}

/** What was compared, in one word or two. */
export function nameOf(comparison: AnyComparison): string {
  const { pipeline } = comparison;
  return pipeline ?? `${comparison.sides.batch} and ${comparison.sides.stream}`;
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
export function finding(comparison: AnyComparison): string {
  const differing = discrepancyCount(comparison);
  const of = comparison.keys_compared + comparison.null_key;
  const sampled = comparison.pipeline === null && comparison.sampled !== null ? 'sampled ' : '';
  const things = comparison.null_key > 0 ? `${sampled}keys and rows without a key` : `${sampled}${byCount(of, 'key')}`;
  const part = partText(comparison);
  if (differing > 0 && stoppedEarly(comparison)) {
    return `at least ${counted(differing, 'key differs', 'keys differ')}, where the comparison was stopped`;
  }
  if (of === 0) return `nothing was compared${part}`;
  if (differing > 0) {
    return `${grouped(differing)} of ${grouped(of)} ${things} ${byCount(differing, 'differs', 'differ')} (${percent(comparison.mismatch_rate)})${part}`;
  }
  if (comparison.in_flux > 0) {
    const flux = counted(comparison.in_flux, 'key is', 'keys are');
    return `${flux} in flux, ${grouped(of - comparison.in_flux)} of ${grouped(of)} agree${part}`;
  }
  // A table of keys alone, or one whose other columns are all ignored.
  if (Object.keys(comparison.columns).length === 0) {
    return `${of === 1 ? `the only ${things} is` : `all ${grouped(of)} ${things} are`} on both sides, no value was compared${part}`;
  }
  const tolerated = comparison.tolerated > 0 ? ` (${grouped(comparison.tolerated)} of them by a rule)` : '';
  return of === 1 ? `the only ${things} agrees${part}` : `all ${grouped(of)} ${things} agree${tolerated}${part}`;
}

function partText(comparison: AnyComparison): string {
  if (comparison.pipeline === null || comparison.scope.full) return '';
  const { partitions, partition_column: column } = comparison.scope;
  return ` in ${partitions === undefined ? 'some partitions' : counted(partitions, 'partition')}${column === undefined ? '' : ` of ${column}`}`;
}

/** `daily_delays: 12 of 3,456 keys differ (0.35%) at cut 0:12,000 1:8,000`. */
export function headline(comparison: AnyComparison): string {
  if (comparison.pipeline === null) return finding(comparison);
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
  /** There may be more. */
  readonly atLeast: boolean;
}

/** The counts of a comparison in the order in which they are read. Those that are rarely of use appear only when not zero. */
export function countsOf(comparison: AnyComparison): readonly Count[] {
  const keys = comparison.keys_compared;
  const early = stoppedEarly(comparison);
  const names = sideNames(comparison);
  const quarantined = comparison.pipeline === null ? 0 : comparison.quarantined;
  const plain = (label: string, count: number, bad = false, atLeast = false): Count => ({
    label,
    count,
    rate: null,
    bad: bad && count > 0,
    atLeast,
  });
  // What is known of a part is no part of the whole.
  const part = (label: string, count: number, bad: boolean, atLeast = early): Count => ({
    ...plain(label, count, bad, atLeast),
    rate: keys === 0 || early ? null : count / keys,
  });
  return [
    plain(`${names.batch} rows`, comparison.batch_rows),
    plain(`${names.stream} rows`, comparison.stream_rows),
    plain('keys compared', keys),
    part('matched', comparison.matched, false, false),
    part('tolerated', comparison.tolerated, false),
    part(kindLabel('missing_in_stream', comparison), comparison.missing_in_stream, true),
    part(kindLabel('missing_in_batch', comparison), comparison.missing_in_batch, true),
    part(kindLabel('value_mismatch', comparison), comparison.value_mismatch, true),
    part(kindLabel('duplicate_key', comparison), comparison.duplicate_key, true),
    plain('rows without a key', comparison.null_key, true, early),
    ...(comparison.in_flux > 0 ? [part('in flux', comparison.in_flux, true)] : []),
    ...(quarantined > 0 ? [plain('events in quarantine', quarantined, true)] : []),
  ];
}

/** A count that may be a lower bound: `≥ 1,000`. */
export function boundText(count: number, atLeast: boolean): string {
  return `${atLeast ? '≥ ' : ''}${grouped(count)}`;
}

/** Why a run without a comparison is no pass: nothing is known of what nobody looks at any more. */
export function nothingCompared({ retired = [] }: RunSummary): string {
  if (retired.length === 0) return 'nothing was compared';
  const [are, their] = retired.length === 1 ? ['is', 'its batch job runs'] : ['are', 'their batch jobs run'];
  return `nothing was compared: ${retired.join(', ')} ${are} complete, and ${their} no more`;
}
