import { DISCREPANCY_KINDS, discrepancyCount, type DiffCounts } from '../model/comparison.js';
import { byCount } from '../model/counts.js';
import { worst, type Verdict } from '../model/verdict.js';
import { rateText } from '../model/rate.js';
import { judgeSample } from './sample.js';

/** What stands beside the counts when a comparison is judged. */
export interface JudgeFacts {
  /** Rows of the whole sides, or of the part compared. */
  readonly batchRows: number;
  readonly streamRows: number;
  /** Events that did not fit the schema, in all. */
  readonly quarantined: number;
  readonly maxQuarantined: number;
  /** Share of keys (0..1) that may differ. */
  readonly maxMismatchRate: number;
  /** True: the counts are those of a part of the keys, taken by their hash. */
  readonly sampled?: boolean;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** One line each, with the numbers. Not empty unless the sides agree in everything. */
  readonly reasons: readonly string[];
}

/**
 * The verdict of ONE comparison: the worst of its findings. Empty sides, nothing compared and too many quarantined events
 * are `inconclusive`; more differences than allowed are `fail`; counts that do not add up are `error`. A sample is judged by what it says of all keys.
 *
 * An empty side is inconclusive and not a failure, although every key is then missing on it: an empty table is far more
 * often a job that did not run than a difference in logic.
 */
export function judge(counts: DiffCounts, facts: JudgeFacts): Judgement {
  const findings = [...countFindings(counts), ...sideFindings(counts, facts), ...quarantineFindings(facts)];
  const emptySide = facts.batchRows === 0 || facts.streamRows === 0;
  if (!emptySide) findings.push(...differenceFindings(counts, facts));
  return {
    verdict: findings.length === 0 ? 'pass' : worst(findings.map(([verdict]) => verdict)),
    reasons: findings.map(([, reason]) => reason),
  };
}

type Finding = readonly [Verdict, string];

/** A comparison that does not account for each of its keys proves nothing. */
function countFindings(counts: DiffCounts): Finding[] {
  const values = [
    counts.keys_compared,
    counts.matched,
    counts.tolerated,
    counts.in_flux,
    counts.batch_rows,
    counts.stream_rows,
  ];
  const whole = [...values, ...DISCREPANCY_KINDS.map((kind) => counts[kind])].every(
    (n) => Number.isSafeInteger(n) && n >= 0,
  );
  const accounted = counts.matched + counts.tolerated + discrepancyCount(counts) - counts.null_key;
  if (whole && (accounted === counts.keys_compared || accounted + counts.in_flux === counts.keys_compared)) return [];
  return [['error', `the counts do not add up: ${accounted} keys accounted for, ${counts.keys_compared} compared`]];
}

function sideFindings(counts: DiffCounts, facts: JudgeFacts): Finding[] {
  if (facts.batchRows === 0 && facts.streamRows === 0)
    return [['inconclusive', 'both sides are empty: nothing was compared']];
  if (facts.batchRows === 0)
    return [['inconclusive', `the batch side is empty, the stream side has ${rows(facts.streamRows)}`]];
  if (facts.streamRows === 0)
    return [['inconclusive', `the stream side is empty, the batch side has ${rows(facts.batchRows)}`]];
  return counts.keys_compared === 0 ? [['inconclusive', 'no key was compared']] : [];
}

function quarantineFindings({ quarantined, maxQuarantined }: JudgeFacts): Finding[] {
  return quarantined <= maxQuarantined
    ? []
    : [
        [
          'inconclusive',
          `${quarantined} ${byCount(quarantined, 'event is', 'events are')} quarantined, ${maxQuarantined} ${byCount(maxQuarantined, 'is', 'are')} allowed`,
        ],
      ];
}

function differenceFindings(counts: DiffCounts, { maxMismatchRate, sampled }: JudgeFacts): Finding[] {
  const different = discrepancyCount(counts);
  const total = counts.keys_compared + counts.null_key;
  if (total === 0) return [];
  const findings: Finding[] = [];
  if (sampled === true) findings.push(judgeSample(counts, maxMismatchRate));
  else if (different > 0) {
    const kinds = DISCREPANCY_KINDS.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${kind}`);
    const text = `${different} of ${total} keys differ (${kinds.join(', ')}): rate ${rateText(different / total, maxMismatchRate)}`;
    findings.push(
      different / total <= maxMismatchRate
        ? ['pass', `${text}, within the allowed rate ${maxMismatchRate}`]
        : ['fail', `${text}, allowed ${maxMismatchRate}`],
    );
  }
  // What is still moving may turn out to differ: pass only if it could all differ and still be allowed.
  if (counts.in_flux > 0 && !((different + counts.in_flux) / total <= maxMismatchRate)) {
    findings.push(['inconclusive', `${counts.in_flux} of ${total} keys are still in flux`]);
  }
  return findings;
}

function rows(count: number): string {
  return `${count} ${byCount(count, 'row')}`;
}
