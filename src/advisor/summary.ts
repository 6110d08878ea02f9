import type { BreakEven, Matrix, Requirement } from '../model/advice.js';
import { moneyText, monthsText, numberText } from './money.js';
import { rankOf, tierText } from './tiers.js';

interface Parts {
  readonly requirement: Requirement;
  readonly breakEven: BreakEven;
  readonly matrix: Matrix;
  readonly currency: string;
}

/** The answer in some sentences: the tier, whether it pays, what the factors say, and whether these three agree. */
export function summaryOf({ requirement, breakEven, matrix, currency }: Parts): string[] {
  const { recommended, stated, changed } = requirement;
  const tier = changed
    ? `${tierText(recommended)} instead of ${tierText(stated)}.`
    : `${tierText(recommended)}, as stated.`;
  return [
    `Recommended: ${tier}`,
    payText(breakEven, currency),
    matrixText(matrix),
    ...disagreement(requirement, breakEven, matrix),
  ];
}

function payText(one: BreakEven, currency: string): string {
  const pair = `${one.streaming} instead of ${one.batch}`;
  if (one.payback_months === null)
    return `${pair} never pays back: it is worth ${moneyText(one.monthly_latency_value, currency)} a month and costs ${moneyText(one.monthly_cost_increase, currency)} more.`;
  const limit = one.recommended ? 'less than 12' : '12 or more';
  return `${pair} pays back in ${monthsText(one.payback_months)} months, ${limit}.`;
}

function matrixText({ score, favours, factors, decided_by: decided }: Matrix): string {
  const open = factors.filter(({ source }) => source === 'default').length;
  const known = open === 0 ? '' : `; ${open} of ${factors.length} are not stated and count for neither side`;
  if (favours === 'neutral') return `The factors favour neither side (score ${numberText(score)})${known}.`;
  return `The factors favour ${favours} (score ${numberText(score)}), decided by ${decided.join(', ')}${known}.`;
}

/** Where the tier, the money and the factors point to different sides, that is said: it is for people to weigh. */
function disagreement({ recommended }: Requirement, { recommended: pays }: BreakEven, { favours }: Matrix): string[] {
  const streams = rankOf(recommended) <= rankOf('micro_batch');
  const out: string[] = [];
  if (streams && !pays)
    out.push(
      'The latency asks for a stream that does not pay back within 12 months: ask what the latency is really worth.',
    );
  if (!streams && pays)
    out.push(
      'A stream would pay back, though the latency does not ask for one: check what a minute is worth, and how often data is late.',
    );
  if (streams && favours === 'batch')
    out.push('The factors favour batch all the same: a stream will cost more effort than usual.');
  if (!streams && favours === 'streaming')
    out.push('The factors favour streaming all the same: a later move will be easy.');
  return out;
}
