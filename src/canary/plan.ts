import { createHash } from 'node:crypto';
import type { CanaryPlan } from '../model/project.js';
import { BUCKETS } from './bucket.js';

/** The share in parts per million of a step in percent. */
export function shareOfPercent(percent: number): number {
  return Math.round((percent * BUCKETS) / 100);
}

/** The percent of a share, for people. */
export function percentOfShare(sharePpm: number): number {
  return (sharePpm * 100) / BUCKETS;
}

/**
 * SHA-256 (hex) of the canonical JSON (keys in order of name, approvals ascending) of what decides which keys move when.
 * `auto` is left out: who takes a step does not change the step.
 */
export function planHash(plan: CanaryPlan): string {
  const canonical = {
    approve: [...plan.approve].sort((a, b) => a - b),
    dwell: { cycles: plan.dwell.cycles },
    rollback_at: plan.rollbackAt,
    salt: plan.salt,
    steps: plan.steps,
  };
  return createHash('sha256').update(JSON.stringify(canonical), 'utf8').digest('hex');
}

/** The stage in which readers are at a step: 100% is `cutover`, everything below is `canary`. */
export function stageAt(percent: number): 'canary' | 'cutover' {
  return shareOfPercent(percent) >= BUCKETS ? 'cutover' : 'canary';
}
