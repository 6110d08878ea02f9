import { resolve } from 'node:path';
import { acrossInChunks } from './across-chunks.js';
import type { AcrossOutcome, AcrossRequest } from './diff-across.js';
import type { DiffContext, DiffOptions } from './diff-options.js';
import { WORKSPACE, type Sides } from './diff-sides.js';
import { BUSY_ABOVE, pauseWhileBusy } from './gentle.js';
import { hashOf, ResumeFile, type ResumeState } from './resume-file.js';
import { questionOf, requireSame, type ChunkedRequest } from './resume-question.js';
import type { ChunkRun, ChunksDone } from '../diff/chunks.js';
import { compareInChunks } from '../diff/compare-in-chunks.js';
import type { DiffInput, DiffOutcome } from '../diff/input.js';
import { counted } from '../model/counts.js';
import type { ChunkedPlan, DiffAlignment } from '../model/diff-report.js';
import { CutoverError } from '../model/errors.js';
import type { SqlDialect, SqlSession } from '../store/contract.js';

/** Rows of a slice, rows of the first chunk, and milliseconds that a chunk should last. */
const LONG = { rowsInSlice: 5000, firstRows: 200_000, target: 5000 };
const GENTLE = { rowsInSlice: 2000, firstRows: 20_000, target: 500 };

/** Whether a comparison is to be made in chunks. */
export function isChunked({ resume, gentle }: DiffOptions): boolean {
  return resume !== undefined || gentle === true;
}

/** A comparison in chunks, which goes on where an earlier run with the same state file stopped. */
export class Chunked {
  readonly #context: DiffContext;
  readonly #options: DiffOptions;
  readonly #request: ChunkedRequest;
  readonly #file: ResumeFile | undefined;
  readonly #state: Omit<ResumeState, 'done'>;
  readonly #before: ChunksDone | null;
  #done: ChunksDone | undefined;

  private constructor(
    context: DiffContext,
    options: DiffOptions,
    request: ChunkedRequest,
    file: ResumeFile | undefined,
    state: Omit<ResumeState, 'done'>,
    before: ChunksDone | null,
  ) {
    this.#context = context;
    this.#options = options;
    this.#request = request;
    this.#file = file;
    this.#state = state;
    this.#before = before;
  }

  /** Errors: RESUME_DAMAGED, RESUME_OTHER, ENDPOINT_CHANGED (a file is another one than that of the state), USAGE. */
  static async begin(
    context: DiffContext,
    options: DiffOptions,
    sides: Sides,
    request: ChunkedRequest,
    today: string,
  ): Promise<Chunked> {
    if (options.profile?.sums === true)
      throw new CutoverError('USAGE', 'sums are not compared in chunks', 'Leave out --sums, or --resume and --gentle.');
    if (options.resume === undefined)
      return new Chunked(
        context,
        options,
        request,
        undefined,
        { question: {}, sources: { left: '', right: '' }, today },
        null,
      );
    const file = new ResumeFile(resolve(context.cwd, options.resume), options.resume);
    const state = {
      question: await questionOf(options, request),
      sources: { left: hashOf(await sides.identityOf('left')), right: hashOf(await sides.identityOf('right')) },
      today,
    };
    const before = await file.load();
    if (before === null) return new Chunked(context, options, request, file, state, null);
    requireSame(before, state, request, options.resume);
    return new Chunked(context, options, request, file, { ...state, today: before.today }, before.done);
  }

  /** The day by which rules with an end hold: that of the first run. */
  get today(): string {
    return this.#state.today;
  }

  /** In the place of `compareTables`. */
  async compare(session: SqlSession, dialect: SqlDialect, input: DiffInput): Promise<DiffOutcome> {
    const done = await compareInChunks(session, dialect, input, this.#run());
    this.#done = done;
    return done.found;
  }

  /** In the place of `diffAcross`. */
  async across(request: AcrossRequest): Promise<AcrossOutcome> {
    const { outcome, done } = await acrossInChunks(request, this.#run());
    this.#done = done;
    return outcome;
  }

  /** What became of the chunks, for the plan. */
  get plan(): ChunkedPlan | undefined {
    if (this.#done === undefined) return undefined;
    const { chunks, pauses, paused, snapshots, slices } = this.#done;
    return {
      by: slices.kind === 'hash' || slices.kind === 'whole' ? slices.kind : 'ranges',
      chunks,
      runs: snapshots.length,
      pauses,
      paused,
    };
  }

  notes(): string[] {
    const { plan } = this;
    if (plan === undefined) return [];
    const by = {
      ranges: 'of key ranges',
      hash: 'by a hash of the key',
      whole: 'because no key column can be cut alike on both sides, or there are few rows',
    }[plan.by];
    const pauses =
      plan.pauses === 0
        ? ''
        : `, with ${counted(plan.pauses, 'pause')} for a busy server (${Math.round(plan.paused / 1000)}s)`;
    const runs = plan.runs === 1 ? '' : ` and ${counted(plan.runs, 'run')}`;
    return [
      `compared in ${counted(plan.chunks, 'chunk')}${runs} ${by}${pauses}`,
      'what the differences have in common is not looked for in chunks',
    ];
  }

  /** The alignment as far as more than one run leaves it true. */
  alignment(given: DiffAlignment): DiffAlignment {
    const snapshots = this.#done?.snapshots ?? [];
    const { left, right } = this.#request;
    // Files are held to be the same by their size and time; a database server is written while nobody looks.
    const still = [left, right].every((side) => side.still);
    if (snapshots.length < 2 || still) return given;
    const listed = snapshots.length <= 5 ? snapshots : [...snapshots.slice(0, 2), '...', ...snapshots.slice(-2)];
    return {
      method: 'as_read',
      exact: false,
      detail: `the keys were compared in ${snapshots.length} snapshots, one for each run, taken at ${listed.join(', ')}: what was written in between may be a difference, or hide one; within a run: ${given.detail}`,
    };
  }

  /** The comparison is made: nothing is left to go on with. */
  async finish(): Promise<void> {
    await this.#file?.remove();
  }

  /** What to do after an error, where there is more to say than without chunks. */
  remedyOf(code: string): string | undefined {
    const done = this.#done ?? this.#before;
    if (this.#file === undefined || done === null || done === undefined) return undefined;
    const holds = `${this.#file.shown} holds the first ${Math.floor((100 * done.next) / done.slices.count)}%`;
    switch (code) {
      case 'STORE_TIMEOUT':
        return `Run it again with more for --statement-timeout, or with --gentle: ${holds}, and it goes on from there.`;
      case 'STORE_CONNECTION_LOST':
      case 'STORE_CONFLICT':
      case 'INTERRUPTED':
        return `Nothing was proven yet. Run the same command again: ${holds}, and it goes on from there.`;
      default:
        return undefined;
    }
  }

  #run(): ChunkRun {
    const { clock, progress, signal, chunking } = this.#context;
    const servers = [
      ...new Set(
        [this.#request.left, this.#request.right]
          .filter(({ home }) => home !== WORKSPACE)
          .map(({ session }) => session),
      ),
    ];
    const busyAbove = this.#options.busyAbove ?? BUSY_ABOVE;
    return {
      ...(this.#options.gentle === true ? GENTLE : LONG),
      ...chunking,
      clock,
      progress,
      before: this.#before,
      onChunk: async (done) => {
        this.#done = done;
        await this.#file?.save({ ...this.#state, done });
        // What was interrupted between two statements was not noticed by any.
        if (signal.aborted)
          throw new CutoverError('INTERRUPTED', 'the comparison was interrupted before its end', 'Run it again.');
      },
      breathe: () =>
        this.#options.gentle === true
          ? pauseWhileBusy(servers, { clock, progress, signal, busyAbove })
          : Promise.resolve(0),
    };
  }
}
