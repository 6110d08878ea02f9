import { FACTOR_WORDS } from '../model/advice-request.js';
import type { Direction, Factor, Tier, UseCase } from '../model/advice-request.js';
import type { BreakEven, Requirement, Source } from '../model/advice.js';
import { formatDuration } from '../model/duration.js';
import { MODERATE_RATE, VERY_HIGH_RATE } from './defaults.js';
import { monthsText, numberText } from './money.js';
import { readRequirement, tierText } from './tiers.js';

/** What a factor says, and why. */
export interface Finding {
  readonly direction: Direction;
  readonly reason: string;
  readonly source: Source;
}

/** What factors are derived from where the user gives none. */
export interface FactorFacts {
  readonly useCase: UseCase;
  readonly requirement: Requirement;
  readonly peakPerSecond: { readonly value: number; readonly source: Source };
  readonly breakEven: Pick<BreakEven, 'payback_months' | 'recommended' | 'batch' | 'streaming'>;
}

/** A direction by its own name or by a word of that factor (`simple`, `required`); undefined where the factor has no such word. */
export function directionOf(factor: Factor, word: string): Direction | undefined {
  if (word === 'streaming' || word === 'batch' || word === 'neutral') return word;
  const words: Readonly<Record<string, Direction>> = FACTOR_WORDS[factor];
  return Object.hasOwn(words, word) ? words[word] : undefined;
}

/** Each factor from the use case. What the use case does not tell is neutral: it counts for neither side. */
export const DERIVED: Readonly<Record<Factor, (facts: FactorFacts) => Finding>> = {
  latency: ({ requirement }) => latency(requirement),
  volume: ({ peakPerSecond }) => volume(peakPerSecond),
  processing: () => unknown('simple transformations suit a stream, complex joins or models a batch job'),
  history: ({ useCase }) =>
    flag(useCase.requires_historical_context, {
      required: 'heavy historical context: a batch job has all of it at hand',
      not: 'minimal history',
      open: 'minimal history suits a stream, heavy historical context a batch job',
    }),
  ordering: ({ useCase }) =>
    flag(useCase.requires_ordering, {
      required: 'order is required: a batch job sorts, a stream has to wait for what is late',
      not: 'order is best effort',
      open: 'order as best effort suits a stream, required order a batch job',
    }),
  exactly_once: ({ useCase }) =>
    flag(useCase.requires_exactly_once, {
      required: 'exactly-once is required: a batch job is run again, a stream needs transactions',
      not: 'best effort is enough',
      open: 'best effort suits a stream, exactly-once a batch job',
    }),
  error_recovery: () => unknown('immediate retry of single events suits a stream, a full rerun a batch job'),
  team: () => unknown('a team that has run streams suits a stream'),
  infrastructure: ({ useCase }) => infrastructure(useCase.data_source),
  budget: ({ breakEven }) => budget(breakEven),
};

function unknown(what: string): Finding {
  return { direction: 'neutral', reason: `not stated: ${what}`, source: 'default' };
}

/** Latency: less than 5 minutes is for a stream, more than an hour for a batch job. */
function latency({ recommended, changed, stated_as }: Requirement): Finding {
  const exact = changed ? null : (readRequirement(stated_as)?.latency ?? null);
  const needed = exact === null ? tierText(recommended) : formatDuration(exact);
  const byTier: Readonly<Record<Tier, Direction>> = {
    real_time: 'streaming',
    near_real_time: 'streaming',
    micro_batch: 'neutral',
    mini_batch: 'batch',
    batch: 'batch',
  };
  const direction =
    exact === null ? byTier[recommended] : exact < 5 * 60_000 ? 'streaming' : exact > 3_600_000 ? 'batch' : 'neutral';
  const why = {
    streaming: 'less than 5 minutes',
    batch: 'an hour or more',
    neutral: 'between less than 5 minutes, which is for a stream, and more than an hour, which is for a batch job',
  };
  return { direction, reason: `${needed} is needed: ${why[direction]}`, source: 'derived' };
}

/** Volume: fewer than 100,000 events a second suit a stream; a million and more are very high. */
function volume({ value, source }: FactorFacts['peakPerSecond']): Finding {
  if (source === 'default')
    return unknown('fewer than 100,000 events a second suit a stream, a very high volume a batch job');
  const rate = `${numberText(value)} events a second at the peak`;
  if (value < MODERATE_RATE)
    return { direction: 'streaming', reason: `${rate}: fewer than 100,000`, source: 'derived' };
  return value < VERY_HIGH_RATE
    ? { direction: 'neutral', reason: `${rate}: many, and not yet very high`, source: 'derived' }
    : { direction: 'batch', reason: `${rate}: very high`, source: 'derived' };
}

function flag(
  value: boolean | undefined,
  { required, not, open }: { readonly required: string; readonly not: string; readonly open: string },
): Finding {
  if (value === undefined) return unknown(open);
  return { direction: value ? 'batch' : 'streaming', reason: value ? required : not, source: 'derived' };
}

const STREAMS =
  /kafka|kinesis|pulsar|pub\/?sub|event ?hubs?|redpanda|\bnats\b|rabbitmq|change stream|\bcdc\b|debezium/i;
const FILES = /warehouse|\bfiles?\b|csv|parquet|sftp|\bftp\b|\bs3\b|\bdumps?\b|export|nightly/i;

function infrastructure(source: string | undefined): Finding {
  const [stream, file] = [STREAMS.exec(source ?? ''), FILES.exec(source ?? '')];
  if (source === undefined || (stream === null) === (file === null))
    return unknown('a log of events that is already there suits a stream');
  return stream === null
    ? { direction: 'batch', reason: `the data source names ${file?.[0] ?? ''}: it comes in batches`, source: 'derived' }
    : {
        direction: 'streaming',
        reason: `the data source names ${stream[0]}: the events are there as a stream`,
        source: 'derived',
      };
}

function budget({ payback_months: months, recommended, batch, streaming }: FactorFacts['breakEven']): Finding {
  const pair = `${streaming} instead of ${batch}`;
  if (months === null) return { direction: 'batch', reason: `${pair} never pays back`, source: 'derived' };
  const shown = `${pair} pays back in ${monthsText(months)} months`;
  return recommended
    ? { direction: 'streaming', reason: `${shown}, less than 12`, source: 'derived' }
    : { direction: 'batch', reason: `${shown}, 12 or more`, source: 'derived' };
}
