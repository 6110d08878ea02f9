import { prepareSides, type AcrossSide, type PreparedSides, type SideName } from './across-sides.js';
import { diffAcross, inSnapshots, type AcrossOutcome, type AcrossRequest } from './diff-across.js';
import { begun, compareChunks, type ChunkRun, type ChunksDone } from '../diff/chunks.js';
import { chooseSlices } from '../diff/choose-slices.js';
import { inRanges, isRange, requireAscending, type SlicedColumn, type SliceRun, type Slices } from '../diff/slices.js';

/**
 * Compares two tables of different stores part by part of their keys, all of them in one snapshot of each side: as `diffAcross` does, with the same counts. Errors: those of
 * `diffAcross`, and of `run.onChunk`.
 */
export function acrossInChunks(
  request: AcrossRequest,
  run: ChunkRun,
): Promise<{ readonly outcome: AcrossOutcome; readonly done: ChunksDone }> {
  return inSnapshots([request.batch, request.stream], async () => {
    const sides = await prepareSides(request);
    const key = { batch: keyOf(sides, 'batch'), stream: keyOf(sides, 'stream') };
    const start = run.before ?? (await cut(request, key, run));
    const { slices } = start;
    for (const name of ['batch', 'stream'] as const) {
      const column = key[name][slices.column];
      if (column !== undefined) await requireAscending(request[name].session, request[name].dialect, slices, column);
    }
    const { profile: _, progress: __, stopAfter: ___, ...rest } = request;
    let last: AcrossOutcome | undefined;
    let pull = 0;
    const began = performance.now();
    const question = { key: sides.pairs.key, limit: request.limit, stopAfter: request.stopAfter };
    const done = await compareChunks(start, run, question, async (part, stopAfter) => {
      last = await diffAcross({
        ...rest,
        batch: partOf(request.batch, slices, key.batch, part),
        stream: partOf(request.stream, slices, key.stream, part),
        held: true,
        stopAfter,
      });
      pull += last.timing.pull;
      return last;
    });
    const all = Math.round(performance.now() - began);
    // Where an earlier run compared everything, only its findings are left to be told.
    const { plan, alignment } = last ?? { plan: PLACED, alignment: UNKNOWN };
    return {
      done,
      outcome: {
        ...done.found,
        plan: { ...done.found.plan, place: plan.place, place_reason: plan.place_reason },
        alignment,
        timing: { pull, diff: all - pull },
      },
    };
  });
}

const PLACED = { place: 'pulled', place_reason: 'an earlier run compared everything' } as const;
const UNKNOWN = {
  method: 'as_read',
  exact: false,
  detail: 'each side was read as it was during an earlier run: rows that changed in between may differ',
} as const;

async function cut(
  request: AcrossRequest,
  key: Record<SideName, readonly SlicedColumn[]>,
  run: ChunkRun,
): Promise<ChunksDone> {
  const side = (name: SideName) => ({ ...request[name], key: key[name] });
  const { slices, rows } = await chooseSlices({ batch: side('batch'), stream: side('stream') }, run.rowsInSlice, false);
  // Those of the two stores are part of the question.
  return begun(slices, rows, []);
}

/** The key columns in the types of their own store. */
function keyOf({ pairs, batch, stream }: PreparedSides, name: SideName): SlicedColumn[] {
  return pairs.key.map((pair) => {
    const own = {
      batch: batch.own.get(pair.batch.name) ?? pair.batch,
      stream: stream.own.get(pair.stream.name) ?? pair.stream,
    };
    return name === 'batch' ? { self: own.batch, other: own.stream } : { self: own.stream, other: own.batch };
  });
}

function partOf(side: AcrossSide, slices: Slices, key: readonly SlicedColumn[], run: SliceRun): AcrossSide {
  const column = key[slices.column];
  if (!isRange(slices.kind) || column === undefined) return side;
  const part = inRanges(side.dialect, slices, column, run);
  return { ...side, filter: side.filter === undefined ? part : `(${side.filter}\n) AND ${part}` };
}
