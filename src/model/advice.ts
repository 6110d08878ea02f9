import type { Tier, Approach, Consumer, Direction, Factor, QuestionKey, UseCase } from './advice-request.js';

/** What `cutover advise` answers (`cutover.advice/v1`). */

/** `stated`: by the user. `measured`: by cutover, in its store. `derived`: from other figures. `default`: nobody said. */
export type Source = 'stated' | 'measured' | 'derived' | 'default';

/** One figure that the answer rests on, under its name in FILE. */
export interface Assumption {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string | null;
  readonly source: Source;
  readonly detail: string | null;
}

export interface Requirement {
  readonly stated: Tier;
  readonly recommended: Tier;
  readonly changed: boolean;
  readonly rationale: string;
  /** What makes a stream of this use case complicated. */
  readonly warnings: readonly string[];
  readonly questions: readonly string[];
  /** The same questions with what was answered; null: nothing. */
  readonly answers: readonly {
    readonly key: QuestionKey;
    readonly question: string;
    readonly answer: string | null;
  }[];
  /** The requirement as it was written, a tier or a duration. */
  readonly stated_as: string;
  readonly consumer: Consumer | null;
}

/** Money in the currency; hours a month; days once. */
export interface ApproachCost {
  readonly monthly_infrastructure: number;
  readonly monthly_operational: number;
  readonly total_monthly: number;
  readonly initial_investment: number;
  readonly annual_tco: number;
  /** How late data is at the most: the slow end of the approach's tier, in milliseconds; of batch jobs a day. */
  readonly latency_ms: number;
  /** What they are made of. */
  readonly parts: {
    readonly compute: number;
    readonly storage: number;
    readonly network: number;
    readonly engineering_hours: number;
    readonly on_call_hours: number;
    readonly incident_hours: number;
    readonly development_days: number;
    readonly testing_days: number;
  };
}

export interface Payback {
  readonly monthly_net_benefit: number;
  /** null: never. */
  readonly payback_months: number | null;
  /** It is paid back in less than 12 months. */
  readonly recommended: boolean;
}

/** One figure of the break-even changed, all others as they are. */
export interface SensitivityRow {
  readonly figure: 'revenue_per_minute' | 'monthly_cost_increase' | 'initial_investment_increase';
  readonly base: number;
  readonly cases: readonly (Payback & { readonly times: number; readonly value: number })[];
}

export interface BreakEven extends Payback {
  readonly batch: Approach;
  readonly streaming: Approach;
  readonly minutes_saved: number;
  readonly revenue_per_minute: number;
  readonly runs_per_month: number;
  readonly monthly_cost_increase: number;
  readonly monthly_latency_value: number;
  readonly initial_investment_increase: number;
  /** 0: it pays within 12 months whatever a minute is worth. null: no revenue makes it pay, because no minutes are saved. */
  readonly revenue_per_minute_at_12_months: number | null;
  readonly explanation: string;
  readonly sensitivity: readonly SensitivityRow[];
  /** What has been spent and gained more with the stream at the end of each month; they meet at the payback. */
  readonly over_time: readonly { readonly month: number; readonly cost: number; readonly value: number }[];
}

export interface JudgedFactor {
  readonly name: Factor;
  readonly direction: Direction;
  readonly weight: number;
  readonly reason: string;
  readonly source: Source;
  /** Without the factors that decided, the matrix would favour something else. */
  readonly decided: boolean;
}

export interface Matrix {
  /** From -1 (every factor says batch) to 1 (every factor says streaming). */
  readonly score: number;
  readonly favours: Direction;
  readonly factors: readonly JudgedFactor[];
  readonly decided_by: readonly Factor[];
}

/** What cutover has in its store of a pipeline, before it is judged whether that is enough to say something. Times in milliseconds. */
export interface Measurements {
  readonly pipeline: string;
  /** Of the events in the landing, by event time (`event`) or by arrival where events have no time of their own; null: there is no landing. */
  readonly rate: {
    readonly by: 'event' | 'arrival';
    readonly events: number;
    readonly first: number;
    readonly last: number;
    /** Events of the busiest hour. */
    readonly busiest: number;
  } | null;
  /** From event to landing, of the last day of arrivals; null: events have no time. */
  readonly lag: {
    readonly events: number;
    /** From the first arrival to the last. */
    readonly span: number;
    readonly median: number;
    readonly p95: number;
  } | null;
  /** Of the newest comparisons, each in order of time: how long the batch job ran (those that ran it), and when they finished (all). */
  readonly jobs: readonly number[];
  readonly finished: readonly number[];
  /** Somebody else runs the batch job. */
  readonly external: boolean;
  /** Milliseconds between two runs of the batch job, by its schedule; null: it has none that tells. */
  readonly every: number | null;
}

/** Figures that cutover measured of a pipeline; `missing` says what there was too little of. */
export interface Measured {
  readonly pipeline: string;
  readonly figures: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    readonly detail: string;
  }[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** `cutover.advice/v1`; all numbers are finite. */
export interface Advice {
  readonly schema: 'cutover.advice/v1';
  readonly name: string;
  readonly summary: readonly string[];
  readonly use_case: UseCase;
  readonly currency: string;
  readonly volume: {
    readonly events_per_day: number;
    readonly events_per_second: number;
    readonly peak_events_per_second: number;
    /** max(1, log10(events per day / 1,000,000 + 1)) */
    readonly factor: number;
  };
  readonly requirement: Requirement;
  readonly costs: { readonly [One in Approach]?: ApproachCost };
  readonly break_even: BreakEven;
  readonly matrix: Matrix;
  readonly assumptions: readonly Assumption[];
  readonly measured: Measured | null;
  readonly notes: readonly string[];
}
