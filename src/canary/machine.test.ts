import { describe, expect, it } from 'vitest';
import { contextFor, passes, plan, stateIn, summary, at } from '../../test/property/canary-facts.js';
import { STAGES, type CanaryAction, type CanaryState, type Stage } from '../model/canary.js';
import type { ComparisonSummary } from '../model/results.js';
import { gatePurposeOf, transition, type Moved, type Refusal, type TransitionContext } from './machine.js';
import { planHash } from './plan.js';
import { ACTIONS } from './state.js';

const pinned = { plan_hash: planHash(plan) };
const states: Record<Stage, CanaryState> = {
  shadow: stateIn(),
  canary: stateIn({ ...pinned, version: 1, stage: 'canary', step: 0, share_ppm: 10_000, entered_comparison: '1' }),
  held: stateIn({
    ...pinned,
    version: 2,
    stage: 'held',
    held_from: 'canary',
    step: 0,
    share_ppm: 10_000,
    entered_comparison: '1',
  }),
  cutover: stateIn({ ...pinned, version: 4, stage: 'cutover', step: 3, share_ppm: 1_000_000, entered_comparison: '1' }),
  complete: stateIn({
    ...pinned,
    version: 5,
    stage: 'complete',
    step: 3,
    share_ppm: 1_000_000,
    entered_comparison: '1',
  }),
  rolled_back: stateIn({ ...pinned, version: 6, stage: 'rolled_back', entered_comparison: '1' }),
};

function act(
  state: CanaryState,
  action: CanaryAction,
  history: readonly ComparisonSummary[] = passes(5),
  change: Partial<TransitionContext> = {},
) {
  return transition(state, action, contextFor(state, action, history, change));
}

function moved(
  state: CanaryState,
  action: CanaryAction,
  history?: readonly ComparisonSummary[],
  change?: Partial<TransitionContext>,
): Moved {
  const result = act(state, action, history, change);
  if (result.kind !== 'moved') throw new Error(`${action} was refused: ${result.reason}`);
  return result;
}

function refusal(
  state: CanaryState,
  action: CanaryAction,
  history?: readonly ComparisonSummary[],
  change?: Partial<TransitionContext>,
): Refusal {
  const result = act(state, action, history, change);
  if (result.kind !== 'refused') throw new Error(`${action} was not refused`);
  return result;
}

describe('the table', () => {
  /** Where each action leads when everything that it asks for is given; a cause where it is refused all the same. */
  const expected: Record<Stage, Record<CanaryAction, string>> = {
    shadow: {
      start: 'canary',
      advance: '-stage',
      hold: '-stage',
      resume: '-stage',
      rollback: '-already',
      approve: 'shadow',
      complete: '-stage',
    },
    canary: {
      start: '-already',
      advance: 'canary',
      hold: 'held',
      resume: '-stage',
      rollback: 'rolled_back',
      approve: 'canary',
      complete: '-stage',
    },
    held: {
      start: '-stage',
      advance: '-stage',
      hold: '-already',
      resume: 'canary',
      rollback: 'rolled_back',
      approve: 'held',
      complete: '-stage',
    },
    cutover: {
      start: '-already',
      advance: '-already',
      hold: 'held',
      resume: '-stage',
      rollback: 'rolled_back',
      approve: '-already',
      complete: 'complete',
    },
    complete: {
      start: '-stage',
      advance: '-stage',
      hold: '-stage',
      resume: '-stage',
      rollback: 'rolled_back',
      approve: '-stage',
      complete: '-already',
    },
    rolled_back: {
      start: 'canary',
      advance: '-stage',
      hold: '-stage',
      resume: '-stage',
      rollback: '-already',
      approve: 'rolled_back',
      complete: '-stage',
    },
  };
  it.each(STAGES.flatMap((stage) => ACTIONS.map((action) => [stage, action] as const)))('%s, %s', (stage, action) => {
    const result = act(states[stage], action);
    expect(result.kind === 'moved' ? result.state.stage : `-${result.cause}`).toBe(expected[stage][action]);
    if (result.kind !== 'moved') expect(result.reason).not.toBe('');
  });
});

describe('start', () => {
  it('takes the first step, pins plan and salt, and is audited', () => {
    const { state, audit } = moved(stateIn({ salt: 'old' }), 'start', passes(3), { reason: 'go' });
    expect(state).toMatchObject({
      version: 1,
      stage: 'canary',
      step: 0,
      share_ppm: 10_000,
      ...pinned,
      salt: 'p',
      entered_comparison: '3',
      reason: 'go',
    });
    expect(audit).toEqual({
      pipeline: 'p',
      version: 1,
      at,
      actor: 'ann',
      action: 'start',
      from_stage: 'shadow',
      to_stage: 'canary',
      from_share_ppm: 0,
      to_share_ppm: 10_000,
      reason: 'go',
      comparison_id: '3',
    });
  });
  it('needs an open gate', () => {
    expect(refusal(states.shadow, 'start', []).cause).toBe('gate');
    expect(refusal(states.shadow, 'start', [summary(1, { verdict: 'fail', mismatch_rate: 0.5 })]).reason).toContain(
      'the gate is fail',
    );
    expect(refusal(states.shadow, 'start', passes(1), { gateResult: null }).cause).toBe('gate');
  });
  it('refuses a gate that was asked for something else, or before the newest comparison', () => {
    const { gateResult } = contextFor(states.shadow, 'start', passes(1));
    if (gateResult === null) throw new Error('no gate');
    expect(refusal(states.shadow, 'start', passes(2), { gateResult }).reason).toContain(
      'judged comparison 1, the newest is 2',
    );
    expect(refusal(states.shadow, 'start', passes(1), { gateResult: { ...gateResult, for: 'cutover' } }).cause).toBe(
      'gate',
    );
    expect(refusal(states.shadow, 'start', passes(1), { gateResult: { ...gateResult, pipeline: 'q' } }).cause).toBe(
      'gate',
    );
  });
  it('goes straight to cutover by a plan of one step, with its approval', () => {
    const one = { ...plan, steps: [100], approve: [100] };
    expect(gatePurposeOf(states.shadow, one, 'start')).toBe('cutover');
    expect(refusal(states.shadow, 'start', passes(1), { plan: one }).cause).toBe('approval');
    const approved = stateIn({ approvals: [{ step: 100, by: 'bob', at }] });
    expect(moved(approved, 'start', passes(1), { plan: one }).state).toMatchObject({
      stage: 'cutover',
      share_ppm: 1_000_000,
    });
  });
  it('after a rollback needs a pass at a new cut, made since', () => {
    const rolledBack = { ...states.rolled_back, entered_comparison: '3' };
    expect(refusal(rolledBack, 'start', passes(3)).reason).toBe(
      'no comparison with new events has passed since the rollback (comparison 3): a pass at a later cut than that one is needed first',
    );
    expect(
      refusal(rolledBack, 'start', [summary(4, { reused_from: '3', cut: { '0': '30' } }), ...passes(3)]).cause,
    ).toBe('gate');
    expect(moved(rolledBack, 'start', passes(4)).state.stage).toBe('canary');
  });
});

describe('advance', () => {
  it('needs the dwell', () => {
    expect(refusal(states.canary, 'advance', passes(2))).toMatchObject({
      cause: 'dwell',
      reason: '1 of 2 passing cycles completed at 1%',
    });
    const { state } = moved(states.canary, 'advance', passes(3));
    expect(state).toMatchObject({ stage: 'canary', step: 1, share_ppm: 50_000, entered_comparison: '3', version: 2 });
  });
  it('needs an approval where the plan asks for one', () => {
    const at5 = { ...states.canary, step: 1, share_ppm: 50_000 };
    expect(refusal(at5, 'advance').reason).toBe('step 25% needs an approval: approve it first');
    const approved = moved(at5, 'approve').state;
    expect(approved.approvals).toEqual([{ step: 25, by: 'ann', at }]);
    expect(moved(approved, 'advance').state.share_ppm).toBe(250_000);
  });
  it('reaches cutover at 100%', () => {
    const at25 = { ...states.canary, step: 2, share_ppm: 250_000, approvals: [{ step: 100, by: 'bob', at }] };
    expect(gatePurposeOf(at25, plan, 'advance')).toBe('cutover');
    expect(moved(at25, 'advance').state).toMatchObject({ stage: 'cutover', step: 3, share_ppm: 1_000_000 });
  });
  it('is refused by a changed plan, while hold and rollback are not', () => {
    const changed = { plan: { ...plan, steps: [1, 50, 100] } };
    expect(refusal(states.canary, 'advance', passes(5), changed)).toMatchObject({
      code: 'CANARY_PLAN_CHANGED',
      cause: 'plan',
    });
    expect(refusal(states.canary, 'approve', passes(5), changed).code).toBe('CANARY_PLAN_CHANGED');
    expect(moved(states.canary, 'hold', passes(5), changed).state.stage).toBe('held');
    const { state } = moved(states.canary, 'rollback', passes(5), changed);
    expect(moved(state, 'start', passes(6), changed).state.plan_hash).toBe(planHash(changed.plan));
  });
});

describe('hold and resume', () => {
  it.each(['canary', 'cutover'] as const)('keep share and step: %s', (stage) => {
    const { state } = moved(states[stage], 'hold', [], { reason: 'looking' });
    expect(state).toMatchObject({
      stage: 'held',
      held_from: stage,
      share_ppm: states[stage].share_ppm,
      step: states[stage].step,
      reason: 'looking',
    });
    expect(moved(state, 'resume', []).state).toMatchObject({
      stage,
      held_from: null,
      share_ppm: states[stage].share_ppm,
    });
  });
});

describe('rollback', () => {
  it.each(['canary', 'held', 'cutover', 'complete'] as const)('asks nothing, ends approvals: %s', (stage) => {
    const state = { ...states[stage], approvals: [{ step: 25, by: 'bob', at }] };
    const result = moved(state, 'rollback', [], { gateResult: null });
    expect(result.state).toMatchObject({
      stage: 'rolled_back',
      share_ppm: 0,
      step: -1,
      approvals: [],
      held_from: null,
      version: state.version + 1,
    });
    expect(result.message.includes('may be stale')).toBe(stage === 'complete');
  });
});

describe('approve', () => {
  it('refuses what is not asked for, approved already, or behind', () => {
    expect(refusal(states.shadow, 'approve', [], { approveStep: 5 }).cause).toBe('approval');
    const approved = moved(states.shadow, 'approve', [], { approveStep: 100 }).state;
    expect(refusal(approved, 'approve', [], { approveStep: 100 }).cause).toBe('already');
    const at25 = { ...states.canary, step: 2, share_ppm: 250_000 };
    expect(refusal(at25, 'approve', [], { approveStep: 25 }).cause).toBe('already');
    expect(moved(at25, 'approve', []).state.approvals[0]?.step).toBe(100);
  });
});

describe('complete', () => {
  it('needs passes made since the stream became primary', () => {
    expect(refusal({ ...states.cutover, entered_comparison: '5' }, 'complete').cause).toBe('gate');
    expect(moved({ ...states.cutover, entered_comparison: '4' }, 'complete').state).toMatchObject({
      stage: 'complete',
      share_ppm: 1_000_000,
    });
  });
});
