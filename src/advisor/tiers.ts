import { TIERS } from '../model/advice-request.js';
import type { Tier } from '../model/advice-request.js';
import { DAY, formatDuration, parseDuration } from '../model/duration.js';
import type { Duration } from '../model/duration.js';

interface TierRange {
  readonly text: string;
  /** The longest latency that still belongs to the tier, in milliseconds; `real_time` is below it. */
  readonly most: Duration;
}

/** Between these ranges are gaps (100 ms to 1 s, 30 s to 1 min, 15 min to 1 h, 4 h to a day): they belong to the slower tier. */
const RANGES: Readonly<Record<Tier, TierRange>> = {
  real_time: { text: '< 100 ms', most: 100 },
  near_real_time: { text: '1-30 s', most: 30_000 },
  micro_batch: { text: '1-15 min', most: 15 * 60_000 },
  mini_batch: { text: '1-4 h', most: 4 * 3_600_000 },
  batch: { text: 'daily or rarer', most: DAY },
};

/** 0 for the fastest tier to 4 for the slowest. */
export function rankOf(tier: Tier): number {
  return TIERS.indexOf(tier);
}

/** Whether `a` promises fresher data than `b`. */
export function isFaster(a: Tier, b: Tier): boolean {
  return rankOf(a) < rankOf(b);
}

/** `micro_batch (1-15 min)` */
export function tierText(tier: Tier): string {
  return `${tier} (${RANGES[tier].text})`;
}

/** The longest latency of a tier in milliseconds; of `batch` a day. */
export function slowestOf(tier: Tier): Duration {
  return RANGES[tier].most;
}

/**
 * The tier of a latency in milliseconds. What lies between two ranges belongs to the slower one: 50 s is `micro_batch`, 100 ms `near_real_time`.
 */
export function tierOf(latency: Duration): Tier {
  if (latency < RANGES.real_time.most) return 'real_time';
  return TIERS.find((tier) => tier !== 'real_time' && latency <= RANGES[tier].most) ?? 'batch';
}

/** A latency requirement as it is written: a tier's name, or a duration such as `5m`; undefined for anything else. */
export function readRequirement(text: string): { readonly tier: Tier; readonly latency: Duration | null } | undefined {
  const named = TIERS.find((tier) => tier === text.trim());
  if (named !== undefined) return { tier: named, latency: null };
  const latency = parseDuration(text);
  return latency === undefined ? undefined : { tier: tierOf(latency), latency };
}

/** How a requirement reads in a sentence: a duration with the tier it was taken for. */
export function requirementText(tier: Tier, latency: Duration | null): string {
  return latency === null ? tierText(tier) : `${formatDuration(latency)}, which is ${tierText(tier)}`;
}
