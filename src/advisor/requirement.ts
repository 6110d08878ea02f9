import { QUESTION_KEYS, QUESTIONS } from '../model/advice-request.js';
import type { AdviceRequest, Consumer, Tier, UseCase } from '../model/advice-request.js';
import type { Requirement } from '../model/advice.js';
import { BATCH_IMPACT, HUMAN_IMPACT } from './defaults.js';
import { moneyText } from './money.js';
import { isFaster, readRequirement, requirementText, tierText } from './tiers.js';

/** Who consumes the data: as stated; else a human where the description speaks of a dashboard; null where nobody said. */
export function consumerOf({ consumer, description }: UseCase): Consumer | null {
  return consumer ?? (/dashboard/i.test(description ?? '') ? 'human' : null);
}

/**
 * Which tier a use case needs. Stated real_time or near_real_time, read by a human, and a delay that costs less than 100 a minute: micro_batch.
 * Stated batch or mini_batch, and a delay that costs more than 1,000 a minute: micro_batch; and a critical cost of error: near_real_time, which wins.
 * Otherwise what was stated.
 *
 * @param impact what a minute of delay costs, in the currency
 */
export function analyseRequirement(
  useCase: UseCase,
  {
    impact,
    currency,
    answers,
  }: { readonly impact: number; readonly currency: string; readonly answers?: AdviceRequest['answers'] },
): Requirement {
  const { tier: stated, latency } = readRequirement(useCase.latency_requirement) ?? { tier: 'batch', latency: null };
  const consumer = consumerOf(useCase);
  const { tier: recommended, because } = judge(stated, useCase, consumer, impact, currency);
  const from = requirementText(stated, latency);
  const rationale =
    recommended === stated
      ? `The stated ${from} is appropriate: ${because}.`
      : `${isFaster(recommended, stated) ? 'Consider upgrading' : 'Consider relaxing'} ${from} to ${tierText(recommended)}: ${because}.`;
  return {
    stated,
    recommended,
    changed: recommended !== stated,
    rationale,
    warnings: complications(useCase),
    questions: QUESTION_KEYS.map((key) => QUESTIONS[key]),
    answers: QUESTION_KEYS.map((key) => ({ key, question: QUESTIONS[key], answer: answers?.[key] ?? null })),
    stated_as: useCase.latency_requirement.trim(),
    consumer,
  };
}

function judge(
  stated: Tier,
  useCase: UseCase,
  consumer: Consumer | null,
  impact: number,
  currency: string,
): { readonly tier: Tier; readonly because: string } {
  const cost = `a minute of delay costs ${moneyText(impact, currency)}`;
  const [low, high] = [moneyText(HUMAN_IMPACT, currency), moneyText(BATCH_IMPACT, currency)];
  switch (stated) {
    case 'real_time':
    case 'near_real_time':
      if (consumer !== 'human') return { tier: stated, because: `${cost}, and no human has to look at it first` };
      if (impact >= HUMAN_IMPACT)
        return { tier: stated, because: `a human reads it, and ${cost}, not less than ${low}` };
      return {
        tier: 'micro_batch',
        because: `a human reads it, who does not look every second, and ${cost}, less than ${low}`,
      };
    case 'micro_batch':
      return {
        tier: stated,
        because: `${cost}, and data of some minutes needs neither a stream in seconds nor hours of waiting`,
      };
    case 'mini_batch':
    case 'batch': {
      const critical = useCase.cost_of_error === 'critical';
      const dear = impact > BATCH_IMPACT;
      if (critical)
        return {
          tier: 'near_real_time',
          because: `an error is critical${dear ? `, and ${cost}, more than ${high}` : ''}`,
        };
      if (dear) return { tier: 'micro_batch', because: `${cost}, more than ${high}` };
      const error =
        useCase.cost_of_error === undefined
          ? ''
          : `, and the cost of an error is ${useCase.cost_of_error}, not critical`;
      return { tier: stated, because: `${cost}, not more than ${high}${error}` };
    }
  }
}

/** What a stream of this use case has to do besides. */
function complications(useCase: UseCase): string[] {
  return [
    ...(useCase.requires_historical_context === true
      ? [
          'Historical context: a stream must hold it as state or look it up for every event, and load it again after a failure.',
        ]
      : []),
    ...(useCase.requires_ordering === true
      ? [
          'Ordering: a stream keeps order only within a partition, so that the key must choose the partition, and late events must be waited for.',
        ]
      : []),
    ...(useCase.requires_exactly_once === true
      ? ['Exactly-once: output and position of a stream must be committed together; a batch job is simply run again.']
      : []),
  ];
}
