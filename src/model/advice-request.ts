/** What `cutover advise` is asked: the form of its FILE, and the words in it. */

/** How late data may be, from fast to slow: the place in this list is the tier's rank. */
export const TIERS = ['real_time', 'near_real_time', 'micro_batch', 'mini_batch', 'batch'] as const;
export type Tier = (typeof TIERS)[number];

/** Ways to build a pipeline, from cheap to dear. */
export const APPROACHES = ['batch_simple', 'batch_complex', 'micro_batch', 'near_real_time', 'real_time'] as const;
export type Approach = (typeof APPROACHES)[number];

export const ERROR_COSTS = ['low', 'medium', 'high', 'critical'] as const;
export type ErrorCost = (typeof ERROR_COSTS)[number];

export const CONSUMERS = ['human', 'automated'] as const;
export type Consumer = (typeof CONSUMERS)[number];

export const DIRECTIONS = ['streaming', 'batch', 'neutral'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The factors of the decision matrix, each with the words besides the directions by which it can be given. */
export const FACTOR_WORDS = {
  latency: {},
  volume: { moderate: 'streaming', very_high: 'batch' },
  processing: { simple: 'streaming', complex: 'batch' },
  history: { minimal: 'streaming', heavy: 'batch' },
  ordering: { best_effort: 'streaming', required: 'batch' },
  exactly_once: { best_effort: 'streaming', required: 'batch' },
  error_recovery: { immediate_retry: 'streaming', full_rerun: 'batch' },
  team: {},
  infrastructure: {},
  budget: { ample: 'streaming', tight: 'batch' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Direction>>>>;
export type Factor = keyof typeof FACTOR_WORDS;

export const FACTORS = [
  'latency',
  'volume',
  'processing',
  'history',
  'ordering',
  'exactly_once',
  'error_recovery',
  'team',
  'infrastructure',
  'budget',
] as const satisfies readonly Factor[];

/** What everybody who asks for real time is asked. */
export const QUESTIONS = {
  decision: 'Which decision changes with this data?',
  delay: 'What happens if the data is 5 minutes late? And 1 hour?',
  consumer: 'Who consumes it, and how often do they look?',
  loop: 'Is a human in the loop, or is it automated?',
  error: 'What does a wrong decision cost, against a late one?',
} as const;
export type QuestionKey = keyof typeof QUESTIONS;
export const QUESTION_KEYS = [
  'decision',
  'delay',
  'consumer',
  'loop',
  'error',
] as const satisfies readonly QuestionKey[];

export interface UseCase {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly data_source?: string | undefined;
  /** A tier, or a duration such as `5m`. */
  readonly latency_requirement: string;
  readonly latency_justification?: string | undefined;
  readonly events_per_second?: number | undefined;
  /** The busiest hour against the mean; 1 or more. */
  readonly peak_multiplier?: number | undefined;
  readonly requires_historical_context?: boolean | undefined;
  readonly requires_ordering?: boolean | undefined;
  readonly requires_exactly_once?: boolean | undefined;
  /** What one minute of delay costs, in the currency. */
  readonly revenue_impact_per_minute_delay?: number | undefined;
  readonly cost_of_error?: ErrorCost | undefined;
  readonly consumer?: Consumer | undefined;
}

/** Of an approach, against a simple batch job. */
export interface Multipliers {
  readonly compute: number;
  readonly storage: number;
  readonly engineering: number;
  readonly on_call: number;
  readonly development: number;
}

/** What all approaches are reckoned with. */
export interface Rates {
  /** Price of an hour of work. */
  readonly hourly: number;
  readonly hours_per_day: number;
  /** Storage and network as shares of the baseline compute. */
  readonly storage_share: number;
  readonly network_share: number;
  /** Hours a month of a simple batch job; the last two are multiplied by `on_call`. */
  readonly engineering_hours: number;
  readonly on_call_hours: number;
  readonly incident_hours: number;
  /** Days once; both are multiplied by `development`. */
  readonly development_days: number;
  readonly testing_days: number;
}

type Optional<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** The user's own figures of one approach: a measured amount goes before what the multipliers say. */
export interface OwnFigures {
  readonly multipliers?: Optional<Multipliers> | undefined;
  readonly monthly_compute?: number | undefined;
  readonly monthly_storage?: number | undefined;
  readonly monthly_network?: number | undefined;
  readonly engineering_hours?: number | undefined;
  readonly on_call_hours?: number | undefined;
  readonly incident_hours?: number | undefined;
  readonly development_days?: number | undefined;
  readonly testing_days?: number | undefined;
}

export interface GivenFactor {
  readonly direction: string;
  readonly weight?: number | undefined;
  readonly reason?: string | undefined;
}

/** The form of FILE. What is left out has a default, or comes from measurements. */
export interface AdviceRequest {
  readonly use_case: UseCase;
  readonly volume?: { readonly events_per_day?: number | undefined } | undefined;
  readonly baseline_monthly_compute?: number | undefined;
  /** Three capital letters. */
  readonly currency?: string | undefined;
  readonly approaches?: readonly Approach[] | undefined;
  readonly rates?: Optional<Rates> | undefined;
  readonly figures?: { readonly [One in Approach]?: OwnFigures | undefined } | undefined;
  readonly break_even?:
    | {
        readonly batch?: Approach | undefined;
        readonly streaming?: Approach | undefined;
        readonly revenue_per_minute?: number | undefined;
        readonly batch_latency_minutes?: number | undefined;
        readonly streaming_latency_minutes?: number | undefined;
        readonly runs_per_month?: number | undefined;
      }
    | undefined;
  readonly factors?: { readonly [One in Factor]?: string | GivenFactor | undefined } | undefined;
  readonly answers?: { readonly [Key in QuestionKey]?: string | undefined } | undefined;
}
