import type { CanaryState } from '../model/canary.js';
import type { Evidence } from '../model/comparison.js';
import type { Duration } from '../model/duration.js';
import type { GatePurpose, GateResult } from '../model/gate.js';
import type { GateConfig } from '../model/project.js';
import type { ComparisonSummary } from '../model/results.js';
import { worst } from '../model/verdict.js';
import {
  alignment,
  completeness,
  consecutivePasses,
  existence,
  freshness,
  keys,
  quarantine,
  rate,
  sameCode,
  stage,
  verdictOf,
} from './criteria.js';
import type { Finding, Subject } from './criteria.js';
import { comparisonsAfter, cutsKnownAt, runOfPasses, type Acceptance } from './history.js';

export interface GateInput {
  readonly pipeline: string;
  readonly purpose: GatePurpose;
  readonly config: GateConfig;
  /** Hashes of the code and configuration that are deployed now. */
  readonly deployed: Evidence;
  /** The pipeline's stored comparisons, NEWEST FIRST; a list cut short can only make the gate stricter. */
  readonly history: readonly ComparisonSummary[];
  readonly now: Date;
  /** Needed for `decommission`: without it that gate is inconclusive. */
  readonly canary?: CanaryState;
  /** Events quarantined so far, and how many are allowed. */
  readonly quarantined?: { readonly count: number; readonly limit: number };
  /** With `partition_by`: the oldest full comparison that partial ones may build on. Undefined: any of the unbroken run. */
  readonly maxFullAge?: Duration;
}

/**
 * Judges the stored comparisons of a pipeline. The verdict is the worst of all criteria, each of which is always reported;
 * `reasons` has one line for each that is not met (and for mismatches that the configuration allows).
 */
export function evaluateGate(input: GateInput): GateResult {
  const { config, deployed, history } = input;
  const newest = history[0];
  // Quarantined events only ever grow in number: if the count now is within the limit, it was so for each older comparison.
  const acceptFailWithinRate =
    config.maxMismatchRate > 0 && input.quarantined !== undefined && input.quarantined.count <= input.quarantined.limit;
  const acceptance: Acceptance = { deployed, maxMismatchRate: config.maxMismatchRate, acceptFailWithinRate };
  const run = runOfPasses(history, acceptance);
  const subject: Subject = { ...input, newest, run, acceptance };
  const aligned = alignment(subject);
  const findings: Finding[] = [
    existence(subject),
    completeness(subject),
    sameCode(subject),
    ...(aligned === null ? [] : [aligned]),
    freshness(subject),
    keys(subject),
    verdictOf(subject),
    rate(subject),
    consecutivePasses(subject, input.purpose === 'decommission' ? runSinceEntered(input, acceptance) : run),
    ...(input.quarantined === undefined ? [] : [quarantine(input.quarantined)]),
    ...(input.purpose === 'decommission' ? [stage(input.canary)] : []),
  ];
  return {
    schema: 'cutover.gate/v1',
    pipeline: input.pipeline,
    for: input.purpose,
    verdict: worst(findings.map(({ criterion }) => criterion.verdict)),
    criteria: findings.map(({ criterion }) => criterion),
    reasons: findings.flatMap(({ reason }) => (reason === null ? [] : [reason])),
    comparison_id: newest?.comparison_id ?? null,
    evidence: newest?.evidence ?? null,
  };
}

/** Only what was compared while the stream was primary speaks for retiring the batch job. */
function runSinceEntered({ canary, history, deployed }: GateInput, acceptance: Acceptance) {
  if (canary?.stage !== 'cutover') return runOfPasses([], acceptance);
  const since = comparisonsAfter(history, canary.entered_comparison);
  return runOfPasses(since, acceptance, cutsKnownAt(history, canary.entered_comparison, deployed));
}
