import type { DiffContext, SettleOptions } from './diff-options.js';
import { compareInPlace, inputOf, type Placed, type PlaceRequest } from './diff-place.js';
import { WORKSPACE, type OpenSide, type Sides } from './diff-sides.js';
import { requireListable, rowsOfKeys, type ListedColumn } from '../diff/settle-listed.js';
import { settle, type Look } from '../diff/settle.js';
import { detailOf, fluxNotes } from '../diff/settle-words.js';
import type { Discrepancy } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import { rateText } from '../model/rate.js';
import type { Verdict } from '../model/verdict.js';

const ROUNDS = 3;

/** Errors: USAGE where nothing is waited for, or what is asked for beside it cannot be told of tables that move. */
function requireSettling({ left, right, input }: PlaceRequest): void {
  if (left.home === WORKSPACE && right.home === WORKSPACE)
    throw new CutoverError(
      'USAGE',
      '--settle waits for a side that changes, and both of these stand still: files, and databases that are opened to be read only',
      'Leave --settle out, or name a table of a server.',
    );
  if (input.stopAfter !== undefined)
    throw new CutoverError(
      'USAGE',
      '--stop-after ends at the first differences, of which --settle has to wait to see which ones stay',
      'Leave one of the two out.',
    );
  if (input.profile?.sums === true)
    throw new CutoverError(
      'USAGE',
      '--sums are those of one moment, and --settle compares at several',
      'Leave one of the two out.',
    );
}

/**
 * Compares two open sides, then again the keys that differed, each time in new snapshots: what agrees by then is matched, what stays as it was is a
 * discrepancy, what moves is in flux. No transaction is open while it waits. Errors: those of `compareInPlace`, TYPE_MISMATCH, INTERRUPTED.
 */
export async function compareSettling(
  sides: Sides,
  context: DiffContext,
  request: PlaceRequest,
  options: SettleOptions,
): Promise<Placed> {
  requireSettling(request);
  const { left, right, common } = request;
  const key = {
    left: keyOf(
      left,
      common.pairs.slice(0, common.key.length).map(([l]) => [l, l]),
    ),
    right: keyOf(
      right,
      common.pairs.slice(0, common.key.length).map(([l, r]) => [r, l]),
    ),
  };
  requireListable(key.left);
  requireListable(key.right);
  const { profile, ...input } = request.input;
  const places: Placed[] = [];
  const look =
    (of: Pick<PlaceRequest, 'left' | 'right' | 'typed'>, more: Partial<PlaceRequest['input']> = {}): Look =>
    async (onDiscrepancy) => {
      const placed = await compareInPlace(sides, context, {
        ...request,
        ...of,
        input: { ...input, ...more, onDiscrepancy },
      });
      places.push(placed);
      return placed.outcome;
    };
  const only = (
    keys: readonly Discrepancy['key'][],
    nulls: boolean,
  ): Pick<PlaceRequest, 'left' | 'right' | 'typed'> => {
    const rows = (side: OpenSide): OpenSide =>
      // A file of texts gets its types first.
      side.written.size > 0
        ? side
        : { ...side, relation: rowsOfKeys(side.dialect, side.relation, key[side.name], keys, nulls) };
    return {
      left: rows(left),
      right: rows(right),
      typed: async (name, relation, dialect, columns) =>
        rowsOfKeys(dialect, relation, retyped(key[name], await columns(relation)), keys, nulls),
    };
  };
  const settled = await settle({
    first: look({ left, right }),
    again: (keys, nulls) => look(only(keys, nulls)),
    ...(profile === undefined
      ? {}
      : { profile: (keys) => look(only(keys, false), { profile: { sums: false, among: amongOf(request) } }) }),
    wait: async () => {
      context.progress.update('waiting for what differs to settle', 0);
      await context.clock.sleep(options.delay, context.signal);
      if (context.signal.aborted)
        throw new CutoverError('INTERRUPTED', 'the comparison was interrupted before its end', 'Run it again.');
    },
    rounds: options.rounds ?? ROUNDS,
    limit: input.limit,
  });
  const [first] = places;
  if (first === undefined) throw new Error('nothing was looked at');
  const delays = Array.from({ length: settled.looks - 1 }, () => options.delay);
  return {
    ...first,
    outcome: settled.outcome,
    alignment: {
      method: 'settle',
      exact: false,
      detail: `${detailOf(settled, delays)} (each look: ${first.alignment.detail})`,
    },
    notes: [...first.notes, ...fluxNotes(settled)],
    findings: findingsOf(settled.outcome, options),
    pull: places.reduce((sum, { pull }) => sum + pull, 0),
  };
}

function keyOf(side: OpenSide, names: readonly (readonly [own: string, name: string])[]): ListedColumn[] {
  return names.flatMap(([own, name]) => {
    const column = side.columns.find((one) => one.name === own);
    return column === undefined ? [] : [{ column, name }];
  });
}

/** A side's key as its columns are typed by now. */
function retyped(key: readonly ListedColumn[], columns: readonly ListedColumn['column'][]): ListedColumn[] {
  return key.map((one) => ({ ...one, column: columns.find(({ name }) => name === one.column.name) ?? one.column }));
}

/** Shares are of all rows where that takes no more than a query. */
function amongOf(request: PlaceRequest): { batch: string; stream: string } | null {
  if (request.left.home !== request.right.home) return null;
  const { batch, stream } = inputOf(request, request.left, request.right);
  return { batch, stream };
}

function findingsOf(
  { in_flux: flux, keys_compared: keys }: Placed['outcome'],
  { maxInFlux }: SettleOptions,
): (readonly [Verdict, string])[] {
  if (maxInFlux === undefined || flux === 0 || flux / keys <= maxInFlux) return [];
  return [['inconclusive', `${rateText(flux / keys, maxInFlux)} of the keys are in flux, allowed ${maxInFlux}`]];
}
