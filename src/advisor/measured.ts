import type { Measured, Measurements } from '../model/advice.js';
import { counted } from '../model/counts.js';
import { DAY, formatElapsed } from '../model/duration.js';
import { MINUTES_PER_MONTH } from './defaults.js';
import { clean, numberText } from './money.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Less than this says nothing about a day, a peak, a lag, or a schedule. */
export const ENOUGH = { rateSpan: DAY, rateEvents: 100, lagSpan: HOUR, lagEvents: 100, jobs: 3, intervals: 3 } as const;

type Found = Measured['figures'][number];
type Missing = Measured['missing'][number];

/**
 * The figures that measurements give, under their names in FILE: events a day and the peak from at least a day of events, the stream's latency from
 * an hour of arrivals, the batch side's from three runs and three intervals between them. Nothing is extrapolated from less: it is named in `missing`.
 */
export function judgeMeasurements(measurements: Measurements): Measured {
  const parts = [...rate(measurements), ...lag(measurements), ...batch(measurements)];
  return {
    pipeline: measurements.pipeline,
    figures: parts.filter((one): one is Found => 'value' in one),
    missing: parts.filter((one): one is Missing => 'reason' in one),
  };
}

function rate({ rate: found }: Measurements): (Found | Missing)[] {
  const lack = (reason: string): Missing[] =>
    ['volume.events_per_day', 'use_case.peak_multiplier'].map((name) => ({ name, reason }));
  if (found === null || found.events === 0) return lack('no events have landed');
  const span = found.last - found.first;
  const of = `${numberText(found.events)} events that ${found.by === 'event' ? 'happened' : 'arrived'} within ${formatElapsed(span)}`;
  if (!Number.isFinite(span)) return lack('the times of the events have no end');
  if (span < ENOUGH.rateSpan) return lack(`${of}: at least 1d is needed`);
  if (found.events < ENOUGH.rateEvents) return lack(`${of}: at least ${ENOUGH.rateEvents} events are needed`);
  // The last event is the end of the span, and not one of those that happened before it.
  const perHour = ((found.events - 1) / span) * HOUR;
  return [
    {
      name: 'volume.events_per_day',
      value: Math.round(perHour * 24),
      unit: 'events a day',
      detail: `${of}, of the whole log`,
    },
    {
      name: 'use_case.peak_multiplier',
      value: Math.max(1, clean(Number((found.busiest / perHour).toPrecision(3)))),
      unit: 'times',
      detail: `${numberText(found.busiest)} events in the busiest hour, ${numberText(Number(perHour.toPrecision(3)))} in the mean`,
    },
  ];
}

function lag({ lag: found }: Measurements): (Found | Missing)[] {
  const name = 'break_even.streaming_latency_minutes';
  const lack = (reason: string): Missing[] => [{ name, reason }];
  if (found === null) return lack('events have no time of their own (log.event_time)');
  const of = `${numberText(found.events)} events that arrived within ${formatElapsed(found.span)}`;
  if (found.events < ENOUGH.lagEvents || found.span < ENOUGH.lagSpan)
    return lack(`${of}: at least ${ENOUGH.lagEvents} events within at least 1h are needed`);
  if (!Number.isFinite(found.median) || !Number.isFinite(found.p95)) return lack('the times of the events have no end');
  if (found.median > DAY)
    return lack(
      `half of the events arrived more than ${formatElapsed(found.median)} after they happened: that is history being read, not a live feed`,
    );
  if (found.p95 < 0)
    return lack('events arrived before they happened: the clocks, or the event times, are not to be relied on');
  return [
    {
      name,
      value: minutes(found.p95),
      unit: 'minutes',
      detail: `95% of ${of} had landed within ${formatElapsed(found.p95)}; the stream table is written in the same transaction`,
    },
  ];
}

function batch({ jobs, finished, external, every }: Measurements): (Found | Missing)[] {
  const intervals = finished.slice(1).map((at, index) => at - (finished[index] ?? at));
  const interval = intervals.length < ENOUGH.intervals ? null : median(intervals);
  const duration = external || jobs.length < ENOUGH.jobs ? null : median(jobs);
  const out: (Found | Missing)[] = [];
  const few = `${counted(finished.length, 'comparison')}: at least ${ENOUGH.intervals + 1} are needed`;
  if (duration === null) {
    const reason = external
      ? 'somebody else runs the batch job'
      : `${counted(jobs.length, 'run')} of the batch job: at least ${ENOUGH.jobs} are needed`;
    out.push({ name: 'batch_job_minutes', reason });
  } else
    out.push({
      name: 'batch_job_minutes',
      value: minutes(duration),
      unit: 'minutes',
      detail: `median of ${counted(jobs.length, 'run')} of the batch job; part of break_even.batch_latency_minutes`,
    });
  // Comparisons that somebody asks for say nothing of how often the batch job runs.
  const byHand = interval !== null && interval > 0 && every !== null && interval < every / 2;
  if (interval === null || interval <= 0 || byHand) {
    const reason = byHand
      ? `comparisons came every ${formatElapsed(interval)}, the batch job's schedule is every ${formatElapsed(every)}: they were asked for`
      : interval === null
        ? few
        : 'the comparisons finished at the same moment';
    out.push({ name: 'break_even.batch_latency_minutes', reason }, { name: 'break_even.runs_per_month', reason });
    return out;
  }
  out.push(
    {
      name: 'break_even.batch_latency_minutes',
      value: minutes(interval + (duration ?? 0)),
      unit: 'minutes',
      detail: `the batch side is refreshed every ${formatElapsed(interval)} (median of ${numberText(intervals.length)})${duration === null ? '' : `, by a job of ${formatElapsed(duration)}`}: so old it gets`,
    },
    {
      name: 'break_even.runs_per_month',
      value: Math.max(1, Math.round(MINUTES_PER_MONTH / (interval / MINUTE))),
      unit: 'runs',
      detail: `30 days, once every ${formatElapsed(interval)}`,
    },
  );
  return out;
}

/** To four significant digits. */
function minutes(ms: number): number {
  return Number((ms / MINUTE).toPrecision(4));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
