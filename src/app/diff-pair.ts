import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { commonColumns } from './diff-columns.js';
import { requireFilter } from './diff-filter.js';
import { ownKey } from './diff-key.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import type { PlaceRequest } from './diff-place.js';
import { Sides, WORKSPACE } from './diff-sides.js';
import { parseEndpoint, type Endpoint } from '../model/endpoint.js';
import { CutoverError, messageOf } from '../model/errors.js';
import { mappedFileError } from '../store/duckdb/file-failure.js';

const LIMIT = 100;

/** Two sides that are open, and what is to be compared of them. */
export interface Pair extends Pick<PlaceRequest, 'left' | 'right' | 'common' | 'where'> {
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
  for (const side of [left, right]) await requireFilter(side, common, where);
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

/** Errors: INTERRUPTED. */
export function requireGoing({ signal }: DiffContext): void {
  if (signal.aborted) throw stopped();
}

function stopped(): CutoverError {
  return new CutoverError('INTERRUPTED', 'the comparison was interrupted before its end', 'Run it again.');
}

/** The words of pipelines in those of two tables. */
export function bySides(text: string): string {
  return text
    .replaceAll('batch side', 'left side')
    .replaceAll('stream side', 'right side')
    .replaceAll('missing_in_batch', 'only on the right')
    .replaceAll('missing_in_stream', 'only on the left');
}

/** Whether a server failed on a value (a division by zero, a text that is no number) or in a function: what SQL of our own never asks of it. */
function isOfValues(error: unknown): boolean {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return root instanceof Error && 'severity' in root && 'code' in root && /^(?:22|P0)/.test(String(root.code));
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
      ...(known.remedy.includes('store.url')
        ? {
            STORE_UNREACHABLE:
              'Check that the server runs and takes more connections, and the host, port, database and user in the URL; the password comes from there, PGPASSWORD or .pgpass.',
          }
        : {}),
      RULE_INVALID: known.remedy.replace('in both jobs', 'in a query for each side: #(select ...)'),
      TYPE_MISMATCH: `Cast the column in a query for one side: #(select ...)${known.message.startsWith('key column') ? '' : ', or leave it out with --ignore'}.`,
      STORE_CONNECTION_LOST: 'Nothing was proven. Compare again.',
      STORE_TIMEOUT: 'Allow more with --statement-timeout, or compare fewer rows with --where.',
      STORE_LOCKED: 'Stop that process, or compare a copy of the file.',
    };
    return new CutoverError(known.code, bySides(known.message), remedies[known.code] ?? known.remedy, {
      cause: known,
      ...place,
    });
  }
  const message = messageOf(error).split('\n', 1)[0] ?? '';
  if (/^(?:Conversion|Out of Range) Error/.test(message))
    return new CutoverError(
      'SQL_FAILED',
      `a value of ${label}, or one in a query or a filter, is out of range or of another form: ${message}`,
      'Leave its column out with --ignore, make a text of it in a query for each side, or correct the query or the filter.',
      { cause: error },
    );
  if (/^(?:Parser|Binder|Catalog|Invalid Input) Error/.test(message))
    return new CutoverError('SQL_FAILED', message, 'Correct the query or the filter.', { cause: error });
  if (error instanceof Error && 'cause' in error && /LINE \d+:/.test(messageOf(error)))
    return new CutoverError('SQL_FAILED', message, 'Correct the query or the filter.', { cause: error });
  if (isOfValues(error))
    return new CutoverError(
      'SQL_FAILED',
      `the server could not work out ${label}: ${message}`,
      'Correct the query, the view or the filter.',
      { cause: error },
    );
  return error;
}
