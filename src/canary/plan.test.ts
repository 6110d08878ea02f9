import { describe, expect, it } from 'vitest';
import type { CanaryPlan } from '../model/project.js';
import { percentOfShare, planHash, shareOfPercent, stageAt } from './plan.js';

const plan: CanaryPlan = {
  steps: [1, 5, 100],
  dwell: { cycles: 3 },
  approve: [5, 100],
  rollbackAt: 0.001,
  auto: false,
  salt: 's',
};

describe('planHash', () => {
  it('is pinned: a change of it would end every running canary', () => {
    expect(planHash(plan)).toBe('f01a36084feba6684d28474e0e7388241c279b49aa010ca858c54c10f899828b');
  });
  it.each<[string, Partial<CanaryPlan>]>([
    ['steps', { steps: [1, 10, 100] }],
    ['dwell', { dwell: { cycles: 2 } }],
    ['approve', { approve: [100] }],
    ['rollback_at', { rollbackAt: 0.002 }],
    ['salt', { salt: 't' }],
  ])('changes with %s', (_, change) => {
    expect(planHash({ ...plan, ...change })).not.toBe(planHash(plan));
  });
  it('does not change with the order of approvals, nor with auto', () => {
    expect(planHash({ ...plan, approve: [100, 5], auto: true })).toBe(planHash(plan));
  });
});

describe('shares', () => {
  it.each([
    [0.1, 1000],
    [1, 10_000],
    [33.3333, 333_333],
    [100, 1_000_000],
  ])('%d percent', (percent, ppm) => {
    expect(shareOfPercent(percent)).toBe(ppm);
    expect(percentOfShare(ppm)).toBe(percent);
  });
  it('is cutover only at 100%', () => {
    expect(stageAt(99.9)).toBe('canary');
    expect(stageAt(100)).toBe('cutover');
  });
});
