import type { Approach, Factor, Multipliers, Rates } from '../model/advice-request.js';

/** Every figure that stands where the user gives none. They are rules of thumb: a figure of your own is better than any of them. */

/** A month, in the currency, for a simple batch job of up to 9 million events a day. */
export const BASELINE_MONTHLY_COMPUTE = 1000;
export const CURRENCY = 'USD';
export const EVENTS_PER_DAY = 1_000_000;
export const PEAK_MULTIPLIER = 1;

export const MULTIPLIERS: Readonly<Record<Approach, Multipliers>> = {
  batch_simple: { compute: 1, storage: 1, engineering: 1, on_call: 0.5, development: 1 },
  batch_complex: { compute: 1.5, storage: 1.2, engineering: 1.5, on_call: 1, development: 1.5 },
  micro_batch: { compute: 2, storage: 1.5, engineering: 2, on_call: 1.5, development: 2 },
  near_real_time: { compute: 4, storage: 2, engineering: 3, on_call: 2.5, development: 3 },
  real_time: { compute: 8, storage: 3, engineering: 5, on_call: 4, development: 5 },
};

export const RATES: Rates = {
  hourly: 150,
  hours_per_day: 8,
  storage_share: 0.3,
  network_share: 0.1,
  engineering_hours: 20,
  on_call_hours: 10,
  incident_hours: 5,
  development_days: 20,
  testing_days: 10,
};

export const BATCH_LATENCY_MINUTES = 60;
export const STREAMING_LATENCY_MINUTES = 1;
/** 30 days of 24 hours: the data is late once an hour. */
export const RUNS_PER_MONTH = 720;
export const MINUTES_PER_MONTH = 43_200;
/** A payback in less months is recommended. */
export const PAYBACK_LIMIT = 12;

/** A human who reads data whose delay costs less than this a minute does not need it within seconds. */
export const HUMAN_IMPACT = 100;
/** A delay that costs more than this a minute is too dear for hours. */
export const BATCH_IMPACT = 1000;

/** Weights of the decision matrix: what is needed (latency) outweighs how hard it is. */
export const WEIGHTS: Readonly<Record<Factor, number>> = {
  latency: 5,
  volume: 1,
  processing: 2,
  history: 2,
  ordering: 1,
  exactly_once: 1,
  error_recovery: 1,
  team: 2,
  infrastructure: 1,
  budget: 2,
};
/** Scores nearer to 0 than this favour neither side. */
export const NEUTRAL_BELOW = 0.1;

/** Events a second at the peak: fewer suit a stream, as many as the second suit batch. */
export const MODERATE_RATE = 100_000;
export const VERY_HIGH_RATE = 1_000_000;
