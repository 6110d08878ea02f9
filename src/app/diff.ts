import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Chunked, isChunked } from './diff-chunked.js';
import { commonColumns, type CommonColumns } from './diff-columns.js';
import { ownKey } from './diff-key.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { compareInPlace, type Placed, type PlaceRequest } from './diff-place.js';
import { Sides, WORKSPACE } from './diff-sides.js';
import { judge } from '../gate/judge.js';
import { sampledOf } from '../gate/sample.js';
import type { DiffCounts } from '../model/comparison.js';
import type { DiffReport } from '../model/diff-report.js';
import { parseEndpoint, type Endpoint } from '../model/endpoint.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Verdict } from '../model/verdict.js';
import { worst } from '../model/verdict.js';
import { mappedFileError } from '../store/duckdb/file-failure.js';

const LIMIT = 100;

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

/** Two sides that are open, and what is to be compared of them. */
interface Pair extends Pick<PlaceRequest, 'left' | 'right' | 'common' | 'where'> {
  readonly ends: readonly [Endpoint, Endpoint];
  readonly request: PlaceRequest;
  readonly started: Date;
}

/** Opens both sides for some work, and closes them again. Errors: those of `diffTables`. */
export async function withPair<T>(
  context: DiffContext,
  options: DiffOptions,
  work: (sides: Sides, pair: Pair) => Promise<T>,
): Promise<T> {
  const left = parseEndpoint(options.left, options.leftSql);
  const right = parseEndpoint(options.right, options.rightSql);
  await refuseItself(context, left, right);
  const sides = new Sides(context, options);
  const onStop = (): void => sides.interrupt();
  context.signal.addEventListener('abort', onStop, { once: true });
  try {
    return await work(sides, await openPair(sides, context, options, [left, right]));
  } catch (error) {
    throw context.signal.aborted ? stopped() : explained(error, `${left.label} or ${right.label}`);
  } finally {
    context.signal.removeEventListener('abort', onStop);
    await sides.close();
  }
}

async function openPair(
  sides: Sides,
  context: DiffContext,
  options: DiffOptions,
  [leftEnd, rightEnd]: readonly [Endpoint, Endpoint],
): Promise<Pair> {
  const { clock, progress } = context;
  const started = clock.now();
  const left = await sides.open(leftEnd, 'left');
  const right = await sides.open(rightEnd, 'right');
  if (
    left.home === right.home &&
    left.home !== WORKSPACE &&
    left.relation === right.relation &&
    leftEnd.relation.kind === 'table'
  )
    throw withItself(left.label);
  requireGoing(context);
  // The core's own filter and names are those of pipelines; here they are part of the two relations.
  const { where = {}, map = {}, ...rules } = options.rules ?? { columns: {} };
  const key = options.key ?? (await ownKey(left, right));
  const common = commonColumns(left.columns, right.columns, {
    key,
    columns: options.columns,
    ignore: options.ignore,
    map,
  });
  const request: PlaceRequest = {
    left,
    right,
    common,
    where,
    network: options.network ?? 'local',
    input: {
      rules,
      today: started.toISOString().slice(0, 10),
      limit: options.limit ?? LIMIT,
      progress,
      ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
      ...(options.stopAfter === undefined ? {} : { stopAfter: options.stopAfter }),
      ...(options.sample === undefined || options.sample >= 1 ? {} : { sample: options.sample }),
      ...(options.profile === null ? {} : { profile: options.profile ?? { sums: false } }),
    },
  };
  return { left, right, common, where, ends: [leftEnd, rightEnd], request, started };
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
  if (isChunked(options)) begun.chunked = await Chunked.begin(context, options, sides, { ...pair, ends }, input.today);
  const { chunked } = begun;
  const opened = clock.now();
  const placed = await compareInPlace(sides, context, {
    ...request,
    chunked,
    input: { ...input, today: chunked?.today ?? input.today },
  });
  await sides.requireUnchanged();
  requireGoing(context);
  await chunked?.finish();
  return reportOf({ ...pair, placed, chunked, options, opened, finished: clock.now() });
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
  { common, options }: Found,
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
  const findings: [Verdict, string][] = [];
  if (options.strict === true && common.onlyLeft.length + common.onlyRight.length > 0)
    findings.push(['fail', `strict: ${oneSided(common).join('; ')}`]);
  if (how.stopped) findings.push(['fail', 'stopped early: the counts of differences are lower bounds']);
  return {
    verdict: worst([judged.verdict, ...findings.map(([verdict]) => verdict)]),
    reasons: [...judged.reasons, ...findings.map(([, reason]) => reason)],
  };
}

export function oneSided({ onlyLeft, onlyRight }: CommonColumns): string[] {
  const told = (names: readonly string[], side: string): string[] =>
    names.length === 0
      ? []
      : [`only the ${side} has ${names.length === 1 ? 'the column' : 'the columns'} ${names.join(', ')}`];
  return [...told(onlyLeft, 'left'), ...told(onlyRight, 'right')];
}

function filterNotes({ batch, stream }: Found['where']): string[] {
  if (batch === stream) return batch === undefined ? [] : [`only rows where ${batch} are compared`];
  const told = (predicate: string | undefined, side: string): string[] =>
    predicate === undefined ? [] : [`of the ${side} only rows where ${predicate} are compared`];
  return [...told(batch, 'left'), ...told(stream, 'right')];
}

/** The words of pipelines in those of two tables. */
export function bySides(text: string): string {
  return text
    .replaceAll('batch side', 'left side')
    .replaceAll('stream side', 'right side')
    .replaceAll('missing_in_batch', 'only on the right')
    .replaceAll('missing_in_stream', 'only on the left');
}

async function refuseItself({ cwd }: DiffContext, left: Endpoint, right: Endpoint): Promise<void> {
  if (JSON.stringify(left.relation) !== JSON.stringify(right.relation) || left.kind !== right.kind) return;
  const place = async (endpoint: Endpoint): Promise<string> =>
    'url' in endpoint ? endpoint.url : realpath(resolve(cwd, endpoint.path)).catch(() => resolve(cwd, endpoint.path));
  if ((await place(left)) === (await place(right))) throw withItself(left.label);
}

function withItself(label: string): CutoverError {
  return new CutoverError(
    'ENDPOINT_INVALID',
    `both sides are ${label}: it would be compared with itself`,
    'Name two sides.',
  );
}

function requireGoing({ signal }: DiffContext): void {
  if (signal.aborted) throw stopped();
}

function stopped(): CutoverError {
  return new CutoverError('INTERRUPTED', 'the comparison was interrupted before its end', 'Run it again.');
}

/** A comparison in chunks that ended early can go on. */
function withRemedy(error: unknown, chunked: Chunked | undefined): unknown {
  if (!(error instanceof CutoverError)) return error;
  const remedy = chunked?.remedyOf(error.code);
  if (remedy === undefined) return error;
  const place = error.place === undefined ? {} : { place: error.place };
  return new CutoverError(error.code, error.message, remedy, { cause: error.cause ?? error, ...place });
}

/** Errors of the core and of the stores in the words of two tables. */
function explained(error: unknown, label: string): unknown {
  const known = mappedFileError(error, label);
  if (known instanceof CutoverError) {
    const place = known.place === undefined ? {} : { place: known.place };
    const remedies: Partial<Record<string, string>> = {
      // A table that was looked for has told already what to grant.
      ...(known.remedy.includes('doctor')
        ? { STORE_RIGHTS: 'Grant the user of the endpoint USAGE on the schema and SELECT on the table.' }
        : {}),
      TYPE_MISMATCH: 'Cast the column in a query for one side: #(select ...), or leave it out with --ignore.',
      STORE_CONNECTION_LOST: 'Nothing was proven. Compare again.',
      STORE_TIMEOUT: 'Allow more with --statement-timeout, or compare fewer rows with --where.',
      STORE_LOCKED: 'Stop that process, or compare a copy of the file.',
    };
    return new CutoverError(
      known.code,
      bySides(known.message).replace('the store was lost', 'the server was lost'),
      remedies[known.code] ?? known.remedy,
      { cause: known, ...place },
    );
  }
  const message = messageOf(error).split('\n', 1)[0] ?? '';
  if (/^(?:Parser|Binder|Catalog|Conversion|Invalid Input|Out of Range) Error/.test(message))
    return new CutoverError('SQL_FAILED', message, 'Correct the query or the filter.', { cause: error });
  if (error instanceof Error && 'cause' in error && /LINE \d+:/.test(messageOf(error)))
    return new CutoverError('SQL_FAILED', message, 'Correct the query or the filter.', { cause: error });
  return error;
}
