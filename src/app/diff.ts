import { Chunked, isChunked } from './diff-chunked.js';
import { oneSided } from './diff-columns.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { compareKept } from './diff-kept.js';
import { bySides, requireGoing, withPair, type Pair } from './diff-pair.js';
import { compareInPlace, type Placed, type PlaceRequest } from './diff-place.js';
import { compareSettling } from './diff-settle.js';
import type { Sides } from './diff-sides.js';
import { judge } from '../gate/judge.js';
import { sampledOf } from '../gate/sample.js';
import type { DiffCounts } from '../model/comparison.js';
import type { DiffReport } from '../model/diff-report.js';
import { CutoverError } from '../model/errors.js';
import type { Verdict } from '../model/verdict.js';
import { worst } from '../model/verdict.js';

/**
 * Compares any two tables, queries or files key by key. Writes nothing anywhere but scratch files. Errors: ENDPOINT_INVALID, ENDPOINT_MISSING,
 * ENDPOINT_UNREADABLE, ENDPOINT_CHANGED, EXTENSION_MISSING, TABLE_MISSING, KEY_NEEDED, KEY_COLUMN_MISSING, TYPE_MISMATCH, RULE_INVALID, SQL_FAILED, USAGE,
 * those of a server (STORE_...), INTERRUPTED, and with `resume` RESUME_DAMAGED and RESUME_OTHER.
 */
export async function diffTables(context: DiffContext, options: DiffOptions): Promise<DiffReport> {
  const begun: Begun = {};
  try {
    return await withPair(context, options, (sides, pair) => compared(sides, context, options, pair, begun));
  } catch (error) {
    throw withRemedy(error, begun.chunked);
  }
}

/** What an error has to know of. */
interface Begun {
  chunked?: Chunked;
}

async function compared(
  sides: Sides,
  context: DiffContext,
  options: DiffOptions,
  { request, ends, ...pair }: Pair,
  begun: Begun,
): Promise<DiffReport> {
  const { clock } = context;
  const { input } = request;
  requireOneWay(options);
  if (isChunked(options)) begun.chunked = await Chunked.begin(context, options, sides, { ...pair, ends }, input.today);
  const { chunked } = begun;
  const opened = clock.now();
  const placed = await placedBy(sides, context, options, {
    ...request,
    chunked,
    input: { ...input, today: chunked?.today ?? input.today },
  });
  await sides.requireUnchanged();
  requireGoing(context);
  await chunked?.finish();
  return reportOf({ ...pair, placed, chunked, options, opened, finished: clock.now() });
}

/** Errors: USAGE. */
function requireOneWay(options: DiffOptions): void {
  const ways = [
    ...(options.settle === undefined ? [] : ['--settle']),
    ...(options.keep === undefined ? [] : ['--keep']),
    ...(isChunked(options) ? [options.resume === undefined ? '--gentle' : '--resume'] : []),
  ];
  if (options.busyAbove !== undefined && options.gentle !== true)
    throw new CutoverError('USAGE', '--busy-above is of no use without --gentle', 'Add --gentle, or leave it out.');
  const [one, other] = ways;
  if (other !== undefined)
    throw new CutoverError('USAGE', `${one ?? ''} and ${other} do not go together`, 'Leave one of the two out.');
}

function placedBy(
  sides: Sides,
  context: DiffContext,
  { settle, keep }: DiffOptions,
  request: PlaceRequest,
): Promise<Placed> {
  if (settle !== undefined) return compareSettling(sides, context, request, settle);
  return keep === undefined ? compareInPlace(sides, context, request) : compareKept(context, request, keep);
}

interface Found extends Omit<Pair, 'request' | 'ends'> {
  readonly placed: Placed;
  readonly chunked: Chunked | undefined;
  readonly options: DiffOptions;
  readonly opened: Date;
  readonly finished: Date;
}

function reportOf(found: Found): DiffReport {
  const { left, right, common, placed, chunked, options, started, opened, finished } = found;
  const {
    columns_compared: _,
    columns,
    discrepancies,
    lossy,
    notes,
    plan,
    stopped_early,
    profile,
    ...counts
  } = placed.outcome;
  const sampled = options.sample !== undefined && options.sample < 1 ? sampledOf(options.sample, counts) : null;
  const judged = verdictOf(counts, found, { stopped: stopped_early, sampled: sampled !== null });
  const pull = placed.pull + (opened.getTime() - started.getTime());
  const total = finished.getTime() - started.getTime();
  return {
    schema: 'cutover.comparison/v1',
    pipeline: null,
    comparison_id: null,
    sides: { batch: left.label, stream: right.label },
    verdict: judged.verdict,
    reasons: judged.reasons.map(bySides),
    cut: null,
    alignment: chunked?.alignment(placed.alignment) ?? placed.alignment,
    started_at: started.toISOString(),
    finished_at: finished.toISOString(),
    ...counts,
    columns,
    discrepancies,
    discrepancies_listed: discrepancies.length,
    lossy: [...placed.lossy, ...lossy],
    notes: [
      ...left.notes,
      ...right.notes,
      ...placed.notes,
      ...oneSided(common),
      ...filterNotes(found.where),
      ...(chunked?.notes() ?? []),
      ...notes,
    ].map(bySides),
    evidence: null,
    sampled,
    stopped_early,
    profile: profile ?? null,
    plan: {
      ...plan,
      place: placed.place,
      place_reason: placed.reason,
      ...(chunked?.plan === undefined ? {} : { chunked: chunked.plan }),
    },
    timing: { pull, diff: total - pull, total },
  };
}

function verdictOf(
  counts: DiffCounts,
  { common, options, placed }: Found,
  how: { readonly stopped: boolean; readonly sampled: boolean },
): { verdict: Verdict; reasons: readonly string[] } {
  const judged = judge(counts, {
    batchRows: counts.batch_rows,
    streamRows: counts.stream_rows,
    quarantined: 0,
    maxQuarantined: 0,
    maxMismatchRate: options.maxMismatchRate ?? 0,
    sampled: how.sampled,
  });
  const findings: (readonly [Verdict, string])[] = [...(placed.findings ?? [])];
  if (options.strict === true && common.onlyLeft.length + common.onlyRight.length > 0)
    findings.push(['fail', `strict: ${oneSided(common).join('; ')}`]);
  // Two sides of other columns altogether, as by a blank before a name, agree in nothing that anybody asked about.
  const { key, pairs, onlyLeft, onlyRight } = common;
  if (pairs.length === key.length && onlyLeft.length > 0 && onlyRight.length > 0 && options.columns === undefined)
    findings.push([
      'inconclusive',
      `the sides have no column in common but the key, so that no value was compared; --map joins two names, and --columns ${key.join(',')} asks for the keys alone`,
    ]);
  if (how.stopped) findings.push(['fail', 'stopped early: the counts of differences are lower bounds']);
  return {
    verdict: worst([judged.verdict, ...findings.map(([verdict]) => verdict)]),
    reasons: [...judged.reasons, ...findings.map(([, reason]) => reason)],
  };
}

function filterNotes({ batch, stream }: Found['where']): string[] {
  if (batch === stream) return batch === undefined ? [] : [`only rows where ${batch} are compared`];
  const told = (predicate: string | undefined, side: string): string[] =>
    predicate === undefined ? [] : [`of the ${side} only rows where ${predicate} are compared`];
  return [...told(batch, 'left'), ...told(stream, 'right')];
}

/** A comparison in chunks that ended early can go on. */
function withRemedy(error: unknown, chunked: Chunked | undefined): unknown {
  if (!(error instanceof CutoverError)) return error;
  const remedy = chunked?.remedyOf(error.code);
  if (remedy === undefined) return error;
  const place = error.place === undefined ? {} : { place: error.place };
  return new CutoverError(error.code, error.message, remedy, { cause: error.cause ?? error, ...place });
}
