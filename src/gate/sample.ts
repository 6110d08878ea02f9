import { DISCREPANCY_KINDS, discrepancyCount, type DiffCounts } from '../model/comparison.js';
import type { Sampled } from '../model/diff-report.js';
import { lowerBound, upperBound } from '../model/proportion.js';
import { percentAtLeast, percentAtMost, rateText } from '../model/rate.js';
import type { Verdict } from '../model/verdict.js';

const CONFIDENCE = 0.95;

/** What a comparison of a part of the keys, taken by their hash, says of all of them. */
export function sampledOf(share: number, counts: DiffCounts): Sampled {
  const { found, sampled } = seen(counts);
  return { share, mismatch_rate_upper_95: upperBound(found, sampled, CONFIDENCE) };
}

/**
 * The verdict of a sample, with its reason: `pass` only where the exact bound (95%) of the share that differs lies within the allowed rate, `fail` where it
 * is certain (95%) that the allowed rate is exceeded. In between, and so always where no difference is allowed and none was found, a sample proves nothing.
 */
export function judgeSample(counts: DiffCounts, maxMismatchRate: number): readonly [Verdict, string] {
  const { found, sampled } = seen(counts);
  const upper = upperBound(found, sampled, CONFIDENCE);
  const lower = lowerBound(found, sampled, CONFIDENCE);
  const kinds = DISCREPANCY_KINDS.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${kind}`);
  const which = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  const head = `${grouped(found)} of ${grouped(sampled)} sampled keys differ${which}`;
  const most = `${head}: at most ${percentAtMost(upper)} of all keys differ (95%)`;
  if (upper <= maxMismatchRate) return ['pass', `${most}, within the allowed rate ${maxMismatchRate}`];
  if (lower > maxMismatchRate) {
    return maxMismatchRate === 0
      ? ['fail', `${most}, allowed 0`]
      : [
          'fail',
          `${head}: at least ${percentAtLeast(lower)} of all keys differ (95%), rate ${rateText(found / sampled, maxMismatchRate)}, allowed ${maxMismatchRate}`,
        ];
  }
  if (maxMismatchRate === 0) return ['inconclusive', `${most}; that none does, only a comparison of all keys can show`];
  return ['inconclusive', `${most}, allowed ${maxMismatchRate}: a larger sample can tell`];
}

function seen(counts: DiffCounts): { found: number; sampled: number } {
  return { found: discrepancyCount(counts), sampled: counts.keys_compared + counts.null_key };
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
