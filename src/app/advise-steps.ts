import { APPROACHES, CONSUMERS, ERROR_COSTS, QUESTION_KEYS, QUESTIONS, TIERS } from '../model/advice-request.js';
import type { Measured } from '../model/advice.js';
import {
  BASELINE_MONTHLY_COMPUTE,
  BATCH_LATENCY_MINUTES,
  CURRENCY,
  RATES,
  RUNS_PER_MONTH,
  STREAMING_LATENCY_MINUTES,
} from '../advisor/defaults.js';
import { tierText } from '../advisor/tiers.js';

/** One question of the dialogue; the answer stands at a path of FILE. */
export interface AdviceStep {
  readonly at: readonly string[];
  readonly title?: string;
  readonly question: string;
  readonly kind: 'text' | 'number' | 'truth';
  /** What may be answered, besides what the kind allows. */
  readonly choices?: readonly string[];
  /** What an empty answer means; null: it must be answered. */
  readonly empty: string | null;
}

/** What is asked at a terminal, in turn. What was measured stands in place of the defaults. */
export function adviceSteps(measured: Measured | null): readonly AdviceStep[] {
  const found = new Map((measured?.figures ?? []).map(({ name, value }) => [name, value]));
  const step = (at: string, question: string, kind: AdviceStep['kind'], empty: string | number | null): AdviceStep => ({
    at: at.split('.'),
    question,
    kind,
    empty: found.has(at) ? `measured: ${found.get(at)}` : empty === null ? null : String(empty),
  });
  const choice = (at: string, question: string, choices: readonly string[], empty: string | null): AdviceStep => ({
    ...step(at, question, 'text', empty),
    choices,
  });
  const challenges = QUESTION_KEYS.map((key, index) => ({
    ...step(`answers.${key}`, QUESTIONS[key], 'text', 'no answer'),
    ...(index === 0 ? { title: 'Five questions to whoever asks for it' } : {}),
  }));
  return [
    { ...step('use_case.name', 'Name', 'text', measured?.pipeline ?? 'unnamed use case'), title: 'The use case' },
    step('use_case.description', 'What is it for', 'text', 'none'),
    step('use_case.data_source', 'Where the data comes from', 'text', 'not stated'),
    {
      ...choice('use_case.latency_requirement', 'How late may the data be', TIERS.map(tierText), null),
      question: 'How late may the data be (a tier, or a duration such as 5m)',
    },
    step('use_case.latency_justification', 'Why', 'text', 'none'),
    choice('use_case.consumer', 'Who consumes it', CONSUMERS, 'not stated'),
    step(
      'use_case.events_per_second',
      'Events a second',
      'number',
      found.has('volume.events_per_day') ? 'as measured' : 'not stated',
    ),
    step('use_case.peak_multiplier', 'How many times as many at the peak', 'number', 1),
    step('use_case.requires_historical_context', 'Does it need historical context', 'truth', 'not stated'),
    step('use_case.requires_ordering', 'Does order matter', 'truth', 'not stated'),
    step('use_case.requires_exactly_once', 'Must every event count exactly once', 'truth', 'not stated'),
    step('use_case.revenue_impact_per_minute_delay', 'What a minute of delay costs', 'number', 0),
    choice('use_case.cost_of_error', 'What an error costs', ERROR_COSTS, 'not stated'),
    { ...step('currency', 'Currency, in three letters', 'text', CURRENCY), title: 'Costs' },
    step('baseline_monthly_compute', 'Compute of a simple batch job, a month', 'number', BASELINE_MONTHLY_COMPUTE),
    step('rates.hourly', 'An hour of work', 'number', RATES.hourly),
    { ...choice('break_even.batch', 'The batch job', APPROACHES, 'batch_simple'), title: 'Break-even' },
    choice('break_even.streaming', 'The stream', APPROACHES, 'what is recommended, else near_real_time'),
    step('break_even.batch_latency_minutes', 'Minutes that the batch job is late', 'number', BATCH_LATENCY_MINUTES),
    step(
      'break_even.streaming_latency_minutes',
      'Minutes that the stream is late',
      'number',
      STREAMING_LATENCY_MINUTES,
    ),
    step('break_even.runs_per_month', 'How often a month the data is that late', 'number', RUNS_PER_MONTH),
    ...challenges,
  ];
}
