import { FACTORS } from '../model/advice-request.js';
import type { AdviceRequest, Direction } from '../model/advice-request.js';
import type { JudgedFactor, Matrix } from '../model/advice.js';
import { NEUTRAL_BELOW, WEIGHTS } from './defaults.js';
import { DERIVED, directionOf } from './factors.js';
import type { FactorFacts } from './factors.js';
import { clean } from './money.js';

const SIGN: Readonly<Record<Direction, number>> = { streaming: 1, neutral: 0, batch: -1 };

type Weighed = Pick<JudgedFactor, 'direction' | 'weight'>;

/** Sum of weight x direction (streaming 1, batch -1, neutral 0) over the sum of all weights: -1 to 1; 0 where nothing has a weight. */
export function scoreOf(factors: readonly Weighed[]): number {
  const all = factors.reduce((sum, { weight }) => sum + weight, 0);
  const sum = factors.reduce((total, { weight, direction }) => total + weight * SIGN[direction], 0);
  return all === 0 ? 0 : clean(sum / all);
}

/** Which side a score favours; neither where it is nearer to 0 than 0.1. */
export function favouredBy(score: number): Direction {
  return Math.abs(score) < NEUTRAL_BELOW ? 'neutral' : score > 0 ? 'streaming' : 'batch';
}

/**
 * The ten factors: as the user gave them, the others derived from the use case. What decided are the fewest factors of the favoured side, the heaviest
 * first, without which the answer would be another.
 */
export function decisionMatrix(given: AdviceRequest['factors'], facts: FactorFacts): Matrix {
  const judged = FACTORS.map((name) => {
    const own = given?.[name];
    const { direction: word, weight, reason } = typeof own === 'string' ? { direction: own } : (own ?? {});
    const weighed = weight ?? WEIGHTS[name];
    if (word === undefined) return { name, ...DERIVED[name](facts), weight: weighed };
    const direction = directionOf(name, word) ?? 'neutral';
    return { name, direction, reason: reason ?? `stated: ${word}`, source: 'stated' as const, weight: weighed };
  });
  const score = scoreOf(judged);
  const favours = favouredBy(score);
  const decided = decidingFactors(judged, favours);
  const factors = judged.map(({ name, direction, weight, reason, source }) => ({
    name,
    direction,
    weight,
    reason,
    source,
    decided: decided.includes(name),
  }));
  return { score, favours, factors, decided_by: decided };
}

function decidingFactors(
  factors: readonly Omit<JudgedFactor, 'decided'>[],
  favours: Direction,
): JudgedFactor['name'][] {
  if (favours === 'neutral') return [];
  const side = factors.filter(({ direction, weight }) => direction === favours && weight > 0);
  const heaviest = [...side].sort((a, b) => b.weight - a.weight);
  const out: JudgedFactor['name'][] = [];
  for (const { name } of heaviest) {
    out.push(name);
    const without = factors.map((one): Weighed => (out.includes(one.name) ? { ...one, direction: 'neutral' } : one));
    if (favouredBy(scoreOf(without)) !== favours) break;
  }
  return out;
}
