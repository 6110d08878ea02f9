import type { CanaryState } from '../model/canary.js';
import type { Evidence } from '../model/comparison.js';
import { byCount } from '../model/counts.js';
import { formatDuration, formatElapsed, type Duration } from '../model/duration.js';
import type { CriterionResult } from '../model/gate.js';
import type { GateConfig } from '../model/project.js';
import type { ComparisonSummary } from '../model/results.js';
import { isAcceptable, sameEvidence, type Acceptance, type PassRun } from './history.js';
import { rateText } from '../model/rate.js';

/** What the criteria look at. */
export interface Subject {
  readonly config: GateConfig;
  readonly deployed: Evidence;
  readonly now: Date;
  readonly maxFullAge?: Duration;
  readonly newest: ComparisonSummary | undefined;
  readonly run: PassRun;
  readonly acceptance: Acceptance;
}

/** A criterion with its line for people; null when there is nothing to say. */
export interface Finding {
  readonly criterion: CriterionResult;
  readonly reason: string | null;
}

/** Clocks of two machines may differ this much before a comparison "from the future" is doubted. Milliseconds. */
const CLOCK_SKEW: Duration = 60_000;

const NONE = 'there is no comparison yet';

function pass(
  name: string,
  observed: CriterionResult['observed'],
  required: string | number,
  reason: string | null = null,
): Finding {
  return { criterion: { name, verdict: 'pass', observed, required }, reason };
}

function miss(
  name: string,
  observed: CriterionResult['observed'],
  required: string | number,
  reason: string,
  verdict: 'inconclusive' | 'fail' | 'error' = 'inconclusive',
): Finding {
  return { criterion: { name, verdict, observed, required }, reason };
}

export function existence({ newest }: Subject): Finding {
  const required = 'a comparison';
  return newest === undefined
    ? miss('comparison_exists', null, required, NONE)
    : pass('comparison_exists', newest.comparison_id, required);
}

/**
 * The newest comparison covers everything; or it covers the partitions touched since the one before, and so on back to a full pass,
 * without a break: then every partition was compared by the deployed code since it last changed.
 */
export function completeness({ newest, run, now, maxFullAge }: Subject): Finding {
  const name = 'complete';
  const required = maxFullAge === undefined ? 'full' : `full, at most ${formatDuration(maxFullAge)} ago`;
  if (newest === undefined) return miss(name, null, required, NONE);
  if (newest.full) return pass(name, 'full', required);
  if (run.full === null) {
    return miss(
      name,
      'partial',
      required,
      `comparison ${newest.comparison_id} is partial and no unbroken run of passes leads to it from a full one`,
    );
  }
  const age = ageOf(run.full, now);
  const observed = `partial, after full comparison ${run.full.comparison_id}`;
  if (maxFullAge === undefined || (age <= maxFullAge && age >= -CLOCK_SKEW)) return pass(name, observed, required);
  return miss(
    name,
    observed,
    required,
    `the last full comparison ${run.full.comparison_id} is ${ageText(age)} old, at most ${formatDuration(maxFullAge)} is allowed`,
  );
}

export function sameCode({ newest, deployed }: Subject): Finding {
  const name = 'same_code';
  const required = 'deployed';
  if (newest === undefined) return miss(name, null, required, NONE);
  if (sameEvidence(newest.evidence, deployed)) return pass(name, 'deployed', required);
  const parts = [
    ...(newest.evidence.batch === deployed.batch ? [] : ['batch job']),
    ...(newest.evidence.stream === deployed.stream ? [] : ['stream job']),
    ...(newest.evidence.rules === deployed.rules ? [] : ['rules']),
  ].join(', ');
  return miss(
    name,
    `other ${parts}`,
    required,
    `comparison ${newest.comparison_id} was made by other code than is deployed now: ${parts} changed`,
  );
}

/** What is not exact is said, and no more: whoever chose such an alignment decides what it is worth. */
export function alignment({ newest }: Subject): Finding | null {
  const found = newest?.alignment;
  if (newest === undefined || found === undefined) return null;
  const observed = `${found.method}, ${found.exact ? 'exact' : 'not exact'}`;
  if (found.exact) return pass('alignment', observed, 'any');
  const detail = found.detail === undefined ? '' : ` (${found.detail})`;
  return pass(
    'alignment',
    observed,
    'any',
    `the evidence is not exact: comparison ${newest.comparison_id} is aligned by ${found.method}${detail}`,
  );
}

export function freshness({ newest, now, config }: Subject): Finding {
  const name = 'fresh';
  const required = formatDuration(config.maxAge);
  if (newest === undefined) return miss(name, null, required, NONE);
  const age = ageOf(newest, now);
  const id = newest.comparison_id;
  if (Number.isNaN(age)) return miss(name, newest.finished_at, required, `comparison ${id} has no readable time`);
  if (age < -CLOCK_SKEW) {
    return miss(
      name,
      ageText(age),
      required,
      `comparison ${id} finished ${formatElapsed(-age)} in the future: the clocks differ`,
    );
  }
  if (age > config.maxAge) {
    const over = formatElapsed(age - config.maxAge);
    return miss(
      name,
      ageText(age),
      required,
      `comparison ${id} is ${ageText(age)} old, at most ${required} is allowed (${over} too old)`,
    );
  }
  return pass(name, ageText(Math.max(0, age)), required);
}

/** A partial comparison has few keys: what counts is the full one that it builds on. */
export function keys({ newest, run, config }: Subject): Finding {
  const name = 'min_keys';
  const required = Math.max(1, config.minKeys);
  if (newest === undefined) return miss(name, null, required, NONE);
  const basis = newest.full ? newest : (run.full ?? newest);
  if (basis.keys_compared >= required) return pass(name, basis.keys_compared, required);
  return miss(
    name,
    basis.keys_compared,
    required,
    `comparison ${basis.comparison_id} has ${basis.keys_compared} keys, at least ${required} are required`,
  );
}

export function verdictOf(subject: Subject): Finding {
  const name = 'verdict';
  const { newest, acceptance } = subject;
  if (newest === undefined) return miss(name, null, 'pass', NONE);
  if (isOtherCode(subject)) return otherCode(name, newest.verdict, 'pass', newest);
  if (newest.verdict === 'pass') return pass(name, 'pass', 'pass');
  if (isAcceptable(newest, acceptance)) {
    const text = `comparison ${newest.comparison_id} is fail, within the allowed rate: ${rateText(newest.mismatch_rate, acceptance.maxMismatchRate)} of at most ${acceptance.maxMismatchRate}`;
    return pass(name, 'fail, within the allowed rate', 'pass', text);
  }
  return miss(name, newest.verdict, 'pass', `comparison ${newest.comparison_id} is ${newest.verdict}`, newest.verdict);
}

export function rate(subject: Subject): Finding {
  const name = 'max_mismatch_rate';
  const { newest, config } = subject;
  const required = config.maxMismatchRate;
  if (newest === undefined) return miss(name, null, required, NONE);
  const observed = newest.mismatch_rate;
  if (isOtherCode(subject)) return otherCode(name, observed, required, newest);
  if (newest.keys_compared <= 0 && !(observed > required)) {
    return miss(name, null, required, `comparison ${newest.comparison_id} compared no keys: it has no mismatch rate`);
  }
  if (!(observed <= required)) {
    return miss(
      name,
      observed,
      required,
      `comparison ${newest.comparison_id} has a mismatch rate of ${rateText(observed, required)}, at most ${required} is allowed`,
      'fail',
    );
  }
  const text = `comparison ${newest.comparison_id} has a mismatch rate of ${rateText(observed, required)}, within the allowed rate ${required}`;
  return pass(name, observed, required, observed > 0 && newest.verdict === 'pass' ? text : null);
}

export function consecutivePasses({ config }: Subject, run: PassRun): Finding {
  const name = 'consecutive_passes';
  const required = Math.max(1, config.consecutivePasses);
  if (run.passes >= required) return pass(name, run.passes, required);
  const still =
    run.repeated === 0
      ? ''
      : `; ${run.repeated} more ${byCount(run.repeated, 'is', 'are')} no new evidence: the log stood still (a reused result, or the same cut again)`;
  const ended = run.endedBy === null ? '' : `; before them comparison ${run.endedBy.comparison_id} ${run.endedBy.why}`;
  return miss(
    name,
    run.passes,
    required,
    `${run.passes} of ${required} consecutive passes at distinct cuts${still}${ended}`,
  );
}

export function quarantine({ count, limit }: { readonly count: number; readonly limit: number }): Finding {
  return count <= limit
    ? pass('max_quarantined', count, limit)
    : miss('max_quarantined', count, limit, `${count} events are quarantined, ${limit} are allowed`);
}

export function stage(canary: CanaryState | undefined): Finding {
  const observed = canary?.stage ?? null;
  return observed === 'cutover'
    ? pass('stage', observed, 'cutover')
    : miss(
        'stage',
        observed,
        'cutover',
        `the canary is in stage ${observed ?? 'unknown'}, only after cutover can the batch job be retired`,
      );
}

function isOtherCode({ newest, deployed }: Subject): boolean {
  return newest !== undefined && !sameEvidence(newest.evidence, deployed);
}

/** What other code did, good or bad, says nothing about the deployed code. */
function otherCode(
  name: string,
  observed: string | number,
  required: string | number,
  newest: ComparisonSummary,
): Finding {
  return miss(
    name,
    observed,
    required,
    `${name} ${observed} of comparison ${newest.comparison_id} says nothing about the deployed code`,
  );
}

function ageOf(comparison: ComparisonSummary, now: Date): Duration {
  return now.getTime() - Date.parse(comparison.finished_at);
}

function ageText(age: Duration): string {
  return age < 0 ? `-${formatElapsed(-age)}` : formatElapsed(age);
}
