import type { Clock, Progress } from '../model/ports.js';
import type { ComparedColumn } from './compared-column.js';
import type { DiffOutcome } from './input.js';
import { merged } from './merge-outcomes.js';
import { Pace } from './pace.js';
import type { SliceRun, Slices } from './slices.js';

/** How far a comparison in chunks is: the slices before `next` are compared, and `found` is what was found in them. Plain data. */
export interface ChunksDone {
  readonly slices: Slices;
  /** The types in which the columns are compared, where they may depend on what is in them. */
  readonly types: readonly string[];
  /** Rows of the larger side, about. */
  readonly rows: number;
  readonly next: number;
  readonly chunks: number;
  /** Pauses made for a busy server, and how long they were in all (milliseconds). */
  readonly pauses: number;
  readonly paused: number;
  /** When each snapshot was taken in which some of it was compared (ISO 8601), the first one first. */
  readonly snapshots: readonly string[];
  /** null: nothing yet. */
  readonly found: DiffOutcome | null;
}

/** How a comparison is cut into chunks, and what is done between them. */
export interface ChunkRun {
  /** Rows of a slice, about; of the first chunk, about. */
  readonly rowsInSlice: number;
  readonly firstRows: number;
  /** Milliseconds that a chunk should last. */
  readonly target: number;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Where an earlier run stopped. */
  readonly before: ChunksDone | null;
  /** Called after each chunk. What it rejects with ends the comparison. */
  readonly onChunk: (done: ChunksDone) => Promise<void>;
  /** Called before each chunk but the first: waits while a server is busy. Resolves with the milliseconds it waited. */
  readonly breathe: () => Promise<number>;
}

/** What is asked of the chunks together. */
export interface ChunkQuestion {
  readonly key: readonly ComparedColumn[];
  readonly limit: number;
  readonly stopAfter?: number | undefined;
}

/** Nothing is compared yet. */
export function begun(slices: Slices, rows: number, types: readonly string[]): ChunksDone {
  return { slices, rows, types, next: 0, chunks: 0, pauses: 0, paused: 0, snapshots: [], found: null };
}

/**
 * Compares the slices that are not compared yet, some at a time and one chunk after the other: in the caller's transaction, which is one snapshot. Errors: those of a chunk;
 * what was done before it was given to `onChunk`.
 *
 * @param one compares some slices, and stops soon after so many keys were found to differ
 */
export async function compareChunks(
  start: ChunksDone,
  run: ChunkRun,
  question: ChunkQuestion,
  one: (slices: SliceRun, stopAfter: number | undefined) => Promise<DiffOutcome>,
): Promise<ChunksDone & { readonly found: DiffOutcome }> {
  const { count } = start.slices;
  const { clock, progress } = run;
  const perSlice = Math.max(1, start.rows / count);
  const pace = new Pace(run.target, Math.round(run.firstRows / perSlice), count);
  let done = start;
  let first = true;
  // When all was compared before, only the report is left to be made.
  while (done.found === null || (done.next < count && !isEnough(done, question))) {
    progress.update('comparing in chunks', done.next, count);
    const waited = first ? 0 : await run.breathe();
    const began = clock.now();
    const slices = { from: done.next, to: Math.min(count, done.next + pace.next) };
    const left = question.stopAfter === undefined ? undefined : question.stopAfter - differing(done);
    const outcome = await one(slices, left);
    pace.took(slices.to - slices.from, clock.now().getTime() - began.getTime());
    done = {
      ...done,
      next: slices.to,
      chunks: done.chunks + 1,
      pauses: done.pauses + (waited > 0 ? 1 : 0),
      paused: done.paused + waited,
      snapshots: first ? [...done.snapshots, began.toISOString()] : done.snapshots,
      found: merged(done.found, outcome, question),
    };
    first = false;
    await run.onChunk(done);
  }
  progress.update('comparing in chunks', done.next, count);
  const stopped = done.next < count || done.found.stopped_early;
  return { ...done, found: { ...done.found, stopped_early: stopped } };
}

function isEnough(done: ChunksDone, { stopAfter }: ChunkQuestion): boolean {
  return done.found?.stopped_early === true || (stopAfter !== undefined && differing(done) >= stopAfter);
}

function differing({ found }: ChunksDone): number {
  if (found === null) return 0;
  return found.missing_in_stream + found.missing_in_batch + found.value_mismatch + found.duplicate_key;
}
