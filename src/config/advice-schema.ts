import { z } from 'zod';
import {
  APPROACHES,
  CONSUMERS,
  DIRECTIONS,
  ERROR_COSTS,
  FACTOR_WORDS,
  FACTORS,
  QUESTION_KEYS,
  TIERS,
} from '../model/advice-request.js';
import type { AdviceRequest, Approach, Factor, OwnFigures, QuestionKey } from '../model/advice-request.js';
import { parseDuration } from '../model/duration.js';
import { suggestion } from './suggest.js';
import { strict, text } from './values.js';

/** The shape of FILE of `cutover advise`. */

/** Money and counts beyond it are slips of the pen; below it every result is a finite number. */
const MOST = 1e15;
const MOST_EVENTS = 1e18;

const amount = z.number().min(0).max(MOST);
const above0 = z.number().gt(0).max(MOST);
/** More hours than a year has are a slip of the pen. */
const times = z.number().min(0).max(1e6);

/** A tier, or a duration, which is taken for the tier that it lies in. */
const latency = z
  .string({ error: `must be ${TIERS.join(', ')}, or a duration such as 5m` })
  .superRefine((value, context) => {
    const duration = parseDuration(value);
    if (TIERS.some((tier) => tier === value.trim()) || (duration !== undefined && duration > 0)) return;
    const near = suggestion(value, TIERS);
    const meant =
      near === undefined ? `known are: ${TIERS.join(', ')}, and durations such as 5m` : `did you mean "${near}"?`;
    const message =
      duration === 0 ? 'must be longer than 0' : `${JSON.stringify(value.slice(0, 60))} is not known; ${meant}`;
    context.addIssue({ code: 'custom', message });
  });

const useCase = strict({
  name: text.optional(),
  description: z.string().optional(),
  data_source: z.string().optional(),
  latency_requirement: latency,
  latency_justification: z.string().optional(),
  events_per_second: z.number().min(0).max(MOST).optional(),
  peak_multiplier: z.number().min(1).max(1e6).optional(),
  requires_historical_context: z.boolean().optional(),
  requires_ordering: z.boolean().optional(),
  requires_exactly_once: z.boolean().optional(),
  revenue_impact_per_minute_delay: amount.optional(),
  cost_of_error: z.enum(ERROR_COSTS).optional(),
  consumer: z.enum(CONSUMERS).optional(),
});

const rates = strict({
  hourly: amount.optional(),
  hours_per_day: z.number().gt(0).max(24).optional(),
  storage_share: times.optional(),
  network_share: times.optional(),
  engineering_hours: times.optional(),
  on_call_hours: times.optional(),
  incident_hours: times.optional(),
  development_days: times.optional(),
  testing_days: times.optional(),
});

const figures = strict({
  multipliers: strict({
    compute: times.optional(),
    storage: times.optional(),
    engineering: times.optional(),
    on_call: times.optional(),
    development: times.optional(),
  }).optional(),
  monthly_compute: amount.optional(),
  monthly_storage: amount.optional(),
  monthly_network: amount.optional(),
  engineering_hours: times.optional(),
  on_call_hours: times.optional(),
  incident_hours: times.optional(),
  development_days: times.optional(),
  testing_days: times.optional(),
}) satisfies z.ZodType<OwnFigures>;

const batchApproach = z.enum(APPROACHES);

function factorOf(name: Factor) {
  const word = z.enum([...DIRECTIONS, ...Object.keys(FACTOR_WORDS[name])]);
  const map = strict({ direction: word, weight: z.number().min(0).max(1000).optional(), reason: text.optional() });
  return z.union([word, map], {
    error: 'must be streaming, batch or neutral, or a map with direction, weight and reason',
  });
}

/** A map whose keys are these names, each of which may be left out. */
function each<Name extends string, Value extends z.ZodType>(names: readonly Name[], valueOf: (name: Name) => Value) {
  const shape = Object.fromEntries(names.map((name) => [name, valueOf(name).optional()]));
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- fromEntries forgets the names
  return strict(shape as { [One in Name]: z.ZodOptional<Value> });
}

const breakEven = strict({
  batch: batchApproach.optional(),
  streaming: batchApproach.optional(),
  revenue_per_minute: amount.optional(),
  batch_latency_minutes: amount.optional(),
  streaming_latency_minutes: amount.optional(),
  runs_per_month: above0.optional(),
}).superRefine((pair, context) => {
  if (pair.batch !== undefined && pair.batch === pair.streaming)
    context.addIssue({
      code: 'custom',
      path: ['streaming'],
      message: 'is the same approach as batch: there is nothing to weigh',
    });
});

const approaches = z
  .array(batchApproach, { error: 'must be a list of approaches' })
  .min(1, { error: 'must name at least one approach' })
  .superRefine((names, context) => {
    for (const [index, name] of names.entries())
      if (names.indexOf(name) < index)
        context.addIssue({ code: 'custom', path: [index], message: `"${name}" stands twice` });
  });

export const adviceSchema = strict({
  use_case: useCase,
  volume: strict({ events_per_day: z.number().min(0).max(MOST_EVENTS).optional() }).optional(),
  baseline_monthly_compute: amount.optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'must be three capital letters, such as EUR' })
    .optional(),
  approaches: approaches.optional(),
  rates: rates.optional(),
  figures: each<Approach, typeof figures>(APPROACHES, () => figures).optional(),
  break_even: breakEven.optional(),
  factors: each(FACTORS, factorOf).optional(),
  answers: each<QuestionKey, z.ZodString>(QUESTION_KEYS, () => z.string()).optional(),
}) satisfies z.ZodType<AdviceRequest>;
