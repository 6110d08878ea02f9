import type { Evidence } from '../model/comparison.js';
import type { OffsetVectorJson } from '../model/offset-vector.js';
import type { ComparisonSummary } from '../model/results.js';

/** What makes a stored comparison count as a pass for the code that is deployed now. */
export interface Acceptance {
  readonly deployed: Evidence;
  /** Share of keys (0..1) that may differ. */
  readonly maxMismatchRate: number;
  /**
   * Whether a comparison judged `fail` may count when its rate is within `maxMismatchRate` (the limit was widened since).
   * Only safe when the caller knows that nothing else spoke against it: `fail` hides an `inconclusive` behind it.
   */
  readonly acceptFailWithinRate: boolean;
}

/** The newest comparisons in a row that pass by the deployed code. */
export interface PassRun {
  /** Passes at distinct cuts: only these are evidence. */
  readonly passes: number;
  /** Passing comparisons that added nothing: a reused result, or a cut that was compared before. */
  readonly repeated: number;
  /** The newest comparison of the run that covered everything. */
  readonly full: ComparisonSummary | null;
  /** The comparison that ended the run, going back in time; null when the history ended first. */
  readonly endedBy: { readonly comparison_id: string; readonly why: string } | null;
}

export function sameEvidence(a: Evidence, b: Evidence): boolean {
  return a.batch === b.batch && a.stream === b.stream && a.rules === b.rules;
}

/** Equal for equal positions: a partition that is absent stands at 0. */
export function cutKey(cut: OffsetVectorJson): string {
  const moved = Object.entries(cut).filter(([, offset]) => Number(offset) !== 0);
  return JSON.stringify(moved.sort(([a], [b]) => Number(a) - Number(b)));
}

/** True when the comparison agrees within the allowed rate; says nothing about its age or its code. */
export function isAcceptable(comparison: ComparisonSummary, acceptance: Omit<Acceptance, 'deployed'>): boolean {
  if (comparison.keys_compared <= 0 || !(comparison.mismatch_rate <= acceptance.maxMismatchRate)) return false;
  if (comparison.verdict === 'pass') return true;
  if (comparison.verdict !== 'fail' || !acceptance.acceptFailWithinRate) return false;
  // Of sides that somebody else writes it may have been inconclusive too, for keys in flux or rows left out.
  if (comparison.alignment !== undefined && !comparison.alignment.exact) return false;
  // A partial comparison may have failed for keys outside its scope, which its rate does not show. At a rate of 1 nothing agreed
  // at all (an empty side looks like this): no limit makes that a pass. At 0 it failed for something else than differences.
  return comparison.full && comparison.mismatch_rate > 0 && comparison.mismatch_rate < 1;
}

/** What two comparisons have in common that add nothing to each other: where the sides stood. */
export function standOf({ cut, alignment }: Pick<ComparisonSummary, 'cut' | 'alignment'>): string {
  return alignment?.state ?? cutKey(cut);
}

/**
 * The comparisons that are newer than the one of the given id.
 *
 * @param history newest first
 * @param id null: every comparison is newer
 */
export function comparisonsAfter(
  history: readonly ComparisonSummary[],
  id: string | null,
): readonly ComparisonSummary[] {
  if (id === null) return history;
  const at = history.findIndex((comparison) => comparison.comparison_id === id);
  return at === -1 ? history.filter((comparison) => isLaterId(comparison.comparison_id, id)) : history.slice(0, at);
}

/** Ids are ascending whole numbers as text. What is not such a number is never later. */
export function isLaterId(id: string, than: string): boolean {
  return /^\d+$/.test(id) && /^\d+$/.test(than) && BigInt(id) > BigInt(than);
}

/**
 * Cuts that the deployed code had already been compared at when the comparison `id` was made: seeing them again is no evidence.
 *
 * @param history newest first
 */
export function cutsKnownAt(history: readonly ComparisonSummary[], id: string | null, deployed: Evidence): Set<string> {
  if (id === null) return new Set();
  const newer = new Set(comparisonsAfter(history, id));
  return new Set(
    history.filter((comparison) => !newer.has(comparison) && sameEvidence(comparison.evidence, deployed)).map(standOf),
  );
}

/**
 * Counts the unbroken run of passes, newest first.
 *
 * @param history newest first
 * @param knownCuts cuts that add nothing because they were counted elsewhere
 */
export function runOfPasses(
  history: readonly ComparisonSummary[],
  acceptance: Acceptance,
  knownCuts: ReadonlySet<string> = new Set(),
): PassRun {
  const seen = new Set(knownCuts);
  let passes = 0;
  let repeated = 0;
  let full: ComparisonSummary | null = null;
  for (const comparison of history) {
    const why = reasonToStop(comparison, acceptance);
    if (why !== null) return { passes, repeated, full, endedBy: { comparison_id: comparison.comparison_id, why } };
    if (comparison.full) full ??= comparison;
    if (countOnce(comparison, seen)) passes += 1;
    else repeated += 1;
  }
  return { passes, repeated, full, endedBy: null };
}

/** True the first time a result was computed at its cut; remembers the cut. A reused result was never computed. */
export function countOnce(comparison: ComparisonSummary, seen: Set<string>): boolean {
  const key = standOf(comparison);
  if (comparison.reused_from !== null || seen.has(key)) return false;
  seen.add(key);
  return true;
}

function reasonToStop(comparison: ComparisonSummary, acceptance: Acceptance): string | null {
  if (!sameEvidence(comparison.evidence, acceptance.deployed)) return 'was made by other code';
  if (isAcceptable(comparison, acceptance)) return null;
  if (comparison.verdict !== 'pass') return `was ${comparison.verdict}`;
  return comparison.keys_compared <= 0
    ? 'compared no keys'
    : `had a mismatch rate of ${comparison.mismatch_rate}, above ${acceptance.maxMismatchRate}`;
}
