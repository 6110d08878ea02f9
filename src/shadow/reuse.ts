import { equalVectors, fromJson, type OffsetVector } from '../model/offset-vector.js';
import type { Comparison, Evidence } from '../model/comparison.js';
import type { Pipeline } from '../model/project.js';
import type { ShadowEnvironment } from './environment.js';

/** What the configuration allows: a verdict depends on it, the evidence does not. */
export interface Limits {
  readonly maxMismatchRate: number;
  readonly maxQuarantined: number;
}

export function limitsOf(env: ShadowEnvironment, pipeline: Pipeline): Limits {
  return { maxMismatchRate: pipeline.gate.maxMismatchRate, maxQuarantined: env.ingest.maxQuarantined };
}

/**
 * True when a stored comparison still says all there is to say: same cut, same code and rules, same quarantine, made on the same day (rules may end
 * with a day), and it did reach an answer.
 */
export function stillHolds(
  previous: Comparison,
  evidence: Evidence,
  cut: OffsetVector,
  quarantined: number,
  now: Date,
  limits: Limits,
): boolean {
  return (
    sameJudgement(previous, quarantined, limits) &&
    // What somebody else writes changes whether an event arrived or not.
    (previous.alignment.method === 'snapshot' || previous.alignment.method === 'copy') &&
    previous.evidence.batch === evidence.batch &&
    previous.evidence.stream === evidence.stream &&
    previous.evidence.rules === evidence.rules &&
    previous.quarantined === quarantined &&
    previous.started_at.slice(0, 10) === now.toISOString().slice(0, 10) &&
    equalVectors(fromJson(previous.cut), cut)
  );
}

/** Whether its verdict would be the same by the limits as they are now: they may have been changed since. */
function sameJudgement({ verdict, mismatch_rate: rate }: Comparison, quarantined: number, limits: Limits): boolean {
  const withinRate = rate <= limits.maxMismatchRate;
  const withinQuarantine = quarantined <= limits.maxQuarantined;
  switch (verdict) {
    case 'pass':
      return withinRate && withinQuarantine;
    case 'fail':
      return rate === 0 || !withinRate;
    case 'inconclusive':
      return quarantined === 0 || !withinQuarantine;
    case 'error':
      return false;
  }
}

/** The same result under a new id and time: it refreshes the age of the evidence, and adds none. */
export function reuse(previous: Comparison, id: string, startedAt: Date, finishedAt: Date): Comparison {
  return {
    ...previous,
    comparison_id: id,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    plan: {
      strategy: 'reused',
      reason: `nothing arrived since comparison ${previous.reused_from ?? previous.comparison_id}`,
      candidates: 0,
    },
    timing: { batch_job: 0, publish: 0, diff: 0, total: finishedAt.getTime() - startedAt.getTime() },
    reused_from: previous.reused_from ?? previous.comparison_id,
  };
}
