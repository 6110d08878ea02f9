import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { commonColumns, type CommonColumns } from './diff-columns.js';
import { ownKey } from './diff-key.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { compareKept } from './diff-kept.js';
import { compareInPlace, type Placed, type PlaceRequest } from './diff-place.js';
import { compareSettling } from './diff-settle.js';
import { Sides, WORKSPACE, type OpenSide } from './diff-sides.js';
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
 * those of a server (STORE_...), and INTERRUPTED.
 */
export async function diffTables(context: DiffContext, options: DiffOptions): Promise<DiffReport> {
  const left = parseEndpoint(options.left, options.leftSql);
  const right = parseEndpoint(options.right, options.rightSql);
  await refuseItself(context, left, right);
  const sides = new Sides(context, options);
  const onStop = (): void => sides.interrupt();
  context.signal.addEventListener('abort', onStop, { once: true });
  try {
    return await compared(sides, context, options, [left, right]);
  } catch (error) {
    if (context.signal.aborted) throw stopped();
    throw explained(error, `${left.label} or ${right.label}`);
  } finally {
    context.signal.removeEventListener('abort', onStop);
    await sides.close();
  }
}

async function compared(
  sides: Sides,
  context: DiffContext,
  options: DiffOptions,
  [leftEnd, rightEnd]: readonly [Endpoint, Endpoint],
): Promise<DiffReport> {
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
  const opened = clock.now();
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
  const placed = await placedBy(sides, context, request, options);
  await sides.requireUnchanged();
  requireGoing(context);
  return reportOf({ left, right, common, where, placed, options, started, opened, finished: clock.now() });
}

function placedBy(
  sides: Sides,
  context: DiffContext,
  request: PlaceRequest,
  { settle, keep }: DiffOptions,
): Promise<Placed> {
  if (settle !== undefined && keep !== undefined)
    throw new CutoverError('USAGE', '--settle and --keep do not go together', 'Leave one of the two out.');
  if (settle !== undefined) return compareSettling(sides, context, request, settle);
  return keep === undefined ? compareInPlace(sides, context, request) : compareKept(context, request, keep);
}

interface Found {
  readonly left: OpenSide;
  readonly right: OpenSide;
  readonly common: CommonColumns;
  readonly where: { readonly batch?: string; readonly stream?: string };
  readonly placed: Placed;
  readonly options: DiffOptions;
  readonly started: Date;
  readonly opened: Date;
  readonly finished: Date;
}

function reportOf(found: Found): DiffReport {
  const { left, right, common, placed, options, started, opened, finished } = found;
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
    alignment: placed.alignment,
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
      ...notes,
    ].map(bySides),
    evidence: null,
    sampled,
    stopped_early,
    profile: profile ?? null,
    plan: { ...plan, place: placed.place, place_reason: placed.reason },
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
  if (how.stopped) findings.push(['fail', 'stopped early: the counts of differences are lower bounds']);
  return {
    verdict: worst([judged.verdict, ...findings.map(([verdict]) => verdict)]),
    reasons: [...judged.reasons, ...findings.map(([, reason]) => reason)],
  };
}

function oneSided({ onlyLeft, onlyRight }: CommonColumns): string[] {
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
function bySides(text: string): string {
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
