import type { CanaryAction, CanaryState } from '../model/canary.js';
import { discrepancyCount, type Comparison } from '../model/comparison.js';
import type { GateResult } from '../model/gate.js';
import type { CanaryPlan } from '../model/project.js';
import type { DwellFacts } from './dwell.js';
import { percentOfShare } from './plan.js';
import { transition } from './machine.js';
import { rateText } from '../model/rate.js';

export interface Decision {
  readonly action: Extract<CanaryAction, 'rollback' | 'advance'>;
  /** One line with the numbers; goes into the audit. */
  readonly reason: string;
}

/** The columns that are named in the reason of a rollback. */
const WORST_COLUMNS = 3;

/**
 * What `cutover run` does by itself after a comparison. A rollback needs no `auto`: readers are protected always. With `auto` the
 * next step is taken when gate, dwell and approvals allow it; the first step and `complete` are never taken without a person.
 *
 * @param gate the answer for `gatePurposeOf(state, plan, 'advance')`; null where it was not asked
 */
export function decide(
  state: CanaryState,
  plan: CanaryPlan,
  comparison: Comparison,
  gate: GateResult | null,
  facts: DwellFacts,
): Decision | null {
  const abort = reasonToRollBack(state, plan, comparison);
  if (abort !== null) return { action: 'rollback', reason: abort };
  if (!plan.auto || state.stage !== 'canary') return null;
  const trial = transition(state, 'advance', {
    ...facts,
    plan,
    gateResult: gate,
    at: comparison.finished_at,
    actor: '',
    reason: null,
  });
  return trial.kind === 'moved'
    ? { action: 'advance', reason: `the gate passed with comparison ${comparison.comparison_id}: ${trial.message}` }
    : null;
}

function reasonToRollBack(state: CanaryState, plan: CanaryPlan, comparison: Comparison): string | null {
  if (state.stage !== 'canary' && state.stage !== 'cutover' && state.stage !== 'held') return null;
  const share = `${percentOfShare(state.share_ppm)}%`;
  // An empty stream side is judged inconclusive, but its readers get nothing at all.
  const empty = comparison.verdict === 'inconclusive' && comparison.stream_rows === 0 && comparison.batch_rows > 0;
  if ((comparison.verdict !== 'fail' && !empty) || !(comparison.mismatch_rate > plan.rollbackAt)) return null;
  const total = comparison.keys_compared + comparison.null_key;
  return (
    `comparison ${comparison.comparison_id} at ${share}: ${empty ? 'the stream side is empty, ' : ''}${discrepancyCount(comparison)} of ${total} keys differ, ` +
    `rate ${rateText(comparison.mismatch_rate, plan.rollbackAt)} is above rollback_at ${plan.rollbackAt}${worstColumns(comparison)}`
  );
}

function worstColumns(comparison: Comparison): string {
  const columns = Object.entries(comparison.columns)
    .filter(([, counts]) => counts.mismatched > 0)
    .sort(([a, x], [b, y]) => y.mismatched - x.mismatched || (a < b ? -1 : 1))
    .slice(0, WORST_COLUMNS)
    .map(([name, counts]) => `${name} in ${counts.mismatched}`);
  return columns.length === 0 ? '' : `; worst columns: ${columns.join(', ')}`;
}
