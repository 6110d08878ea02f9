import type { AdviceRequest } from '../model/advice-request.js';
import type { Advice, BreakEven, Source } from '../model/advice.js';
import { MINUTES_PER_MONTH } from './defaults.js';
import type { Figure } from './figures.js';
import { clean, numberText } from './money.js';

/** More than any system is known to take: most likely a slip. */
const ABSURD_PER_DAY = 1e13;
/** How far two figures for one thing may lie apart before it is told. */
const APART = 1.5;

interface Told {
  readonly volume: Advice['volume'];
  readonly source: Source;
  readonly breakEven: BreakEven;
  readonly revenue: Figure;
}

/** What the reader should know of the figures before believing the answer. */
export function notesOf(request: AdviceRequest, { volume, source, breakEven, revenue }: Told): string[] {
  const { use_case: useCase } = request;
  const notes: string[] = [];
  if (source === 'default')
    notes.push(
      `No volume was stated: ${numberText(volume.events_per_day)} events a day are assumed. Up to 9 million a day it makes no difference to the costs.`,
    );
  if (volume.events_per_day === 0)
    notes.push('No events: the costs are those of the baseline, and nothing can be late.');
  if (volume.events_per_day > ABSURD_PER_DAY)
    notes.push(
      `${numberText(volume.events_per_day)} events a day are ${numberText(volume.events_per_second)} a second: check that number. The costs grow only with its logarithm.`,
    );
  const fromSecond = (useCase.events_per_second ?? 0) * 86_400;
  if (useCase.events_per_second !== undefined && apart(fromSecond, volume.events_per_day))
    notes.push(
      `${numberText(useCase.events_per_second)} events a second are ${numberText(fromSecond)} a day, not ${numberText(volume.events_per_day)}: costs go by the latter, the peak by the former.`,
    );
  if (useCase.consumer === 'automated' && /dashboard/i.test(useCase.description ?? ''))
    notes.push(
      'The description speaks of a dashboard, which a human reads; the consumer is stated as automated, and that was taken.',
    );
  if (revenue.source === 'default')
    notes.push(
      'Nobody said what a minute is worth: without a value nothing pays back. revenue_per_minute_at_12_months says what it would have to be.',
    );
  if (breakEven.minutes_saved <= 0)
    notes.push(`The stream saves no minutes (${numberText(breakEven.minutes_saved)}): no revenue makes it pay.`);
  const late = breakEven.minutes_saved * breakEven.runs_per_month;
  if (late > MINUTES_PER_MONTH)
    notes.push(
      `${numberText(breakEven.minutes_saved)} minutes, ${numberText(breakEven.runs_per_month)} times a month, are more minutes than a month has (43,200): the value of the stream is counted too high. ` +
        `Set break_even.runs_per_month, for example to ${numberText(clean(Math.max(1, Math.floor(MINUTES_PER_MONTH / breakEven.minutes_saved))))}.`,
    );
  return notes;
}

function apart(a: number, b: number): boolean {
  return Math.max(a, b) > APART * Math.min(a, b);
}
