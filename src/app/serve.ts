import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { viewReports } from './views.js';
import { sameEvidence } from '../gate/history.js';
import { CutoverError } from '../model/errors.js';
import type { Clock } from '../model/ports.js';
import type { ComparisonSummary } from '../model/results.js';
import type { ViewsResult } from '../model/view.js';
import { isConnectionFault } from '../shadow/interrupted.js';
import type { SqlSession } from '../store/contract.js';
import { loadHistory } from '../store/state/comparisons.js';

/** How long (ms) who asks waits for the store. */
const ANSWER_MS = 5000;

/** How long (ms) reads under way may go on when the store is to be closed. */
const LAST_READS_MS = 1000;

/** The newest comparison of a pipeline. */
export interface PipelineStanding {
  readonly pipeline: string;
  /** null: there is none. */
  readonly newest: ComparisonSummary | null;
  /** It was made by the code and the configuration of this process. */
  readonly deployed: boolean;
}

/**
 * What the server reads: nothing is written. Errors of each: STORE_UNREACHABLE while no store is open, STORE_TIMEOUT where it does not answer in 5 s, and those
 * of the store.
 */
export interface ServedState {
  /** Resolves when the store has answered. */
  ready(): Promise<void>;
  views(): Promise<ViewsResult>;
  /** In the order of the configuration. */
  pipelines(): Promise<readonly PipelineStanding[]>;
}

interface Attached {
  readonly ctx: AppContext;
  readonly open: OpenProject;
  session: Promise<SqlSession> | null;
}

/** One read for all who ask while it is under way. */
class SharedRead<T> {
  #underWay: Promise<T> | null = null;

  join(begin: () => Promise<T>): Promise<T> {
    if (this.#underWay !== null) return this.#underWay;
    const read = begin();
    this.#underWay = read;
    const ended = (): void => {
      if (this.#underWay === read) this.#underWay = null;
    };
    read.then(ended, ended);
    return read;
  }

  /** Resolves when what is under way has ended, well or not. */
  async settled(): Promise<void> {
    await this.#underWay?.catch(() => undefined);
  }

  forget(): void {
    this.#underWay = null;
  }
}

/**
 * Reads the state of an open project by a session of its own, so that a run beside it goes on; the store may be closed and opened again. Who asks for what is
 * being read already gets that answer: however many ask, the store has one statement of each kind at a time.
 */
export class StateReader implements ServedState {
  readonly #clock: Clock;
  readonly #ready = new SharedRead<void>();
  readonly #views = new SharedRead<ViewsResult>();
  readonly #pipelines = new SharedRead<readonly PipelineStanding[]>();
  #attached: Attached | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers from this project for as long as `work` takes. */
  async during<T>(ctx: AppContext, open: OpenProject, work: () => Promise<T>): Promise<T> {
    this.#attached = { ctx, open, session: null };
    try {
      return await work();
    } finally {
      this.#attached = null;
      const reads = [this.#ready, this.#views, this.#pipelines];
      await this.#within(LAST_READS_MS, Promise.all(reads.map((read) => read.settled())));
      for (const read of reads) read.forget();
    }
  }

  ready(): Promise<void> {
    return this.#read(this.#ready, async (_attached, session) => void (await session.query('SELECT 1 AS one')));
  }

  views(): Promise<ViewsResult> {
    return this.#read(this.#views, async ({ ctx, open }, session) => ({
      schema: 'cutover.views/v1',
      action: 'list',
      views: await viewReports(ctx, { project: open.project, session }),
    }));
  }

  pipelines(): Promise<readonly PipelineStanding[]> {
    return this.#read(this.#pipelines, async ({ open }, session) => {
      const standings: PipelineStanding[] = [];
      for (const { name } of open.project.pipelines) {
        const [newest = null] = await loadHistory(session, name, 1);
        const deployed = newest !== null && sameEvidence(newest.evidence, open.evidenceOf(name));
        standings.push({ pipeline: name, newest, deployed });
      }
      return standings;
    });
  }

  async #read<T>(shared: SharedRead<T>, work: (attached: Attached, session: SqlSession) => Promise<T>): Promise<T> {
    const attached = this.#attached;
    if (attached === null) {
      throw new CutoverError(
        'STORE_UNREACHABLE',
        'the store is not open: it is being opened, connected to again, or closed',
        'Ask again in a moment.',
      );
    }
    const answer = await this.#within(
      ANSWER_MS,
      shared.join(() => withSession(attached, work)),
    );
    if (answer !== null) return answer.value;
    throw new CutoverError('STORE_TIMEOUT', `the store did not answer in ${ANSWER_MS / 1000} s`, 'Ask again later.');
  }

  /** What `work` gave; null where it takes longer than `ms`. */
  async #within<T>(ms: number, work: Promise<T>): Promise<{ readonly value: T } | null> {
    const done = new AbortController();
    try {
      return await Promise.race([
        work.then((value) => ({ value })),
        this.#clock.sleep(ms, done.signal).then(() => null),
      ]);
    } finally {
      done.abort();
    }
  }
}

/** A connection that was lost is made anew, once: the store may have been restarted since it was last asked. */
async function withSession<T>(
  attached: Attached,
  work: (attached: Attached, session: SqlSession) => Promise<T>,
): Promise<T> {
  const reused = attached.session !== null;
  const opened = (attached.session ??= attached.open.store.session());
  // Another read may have replaced it already.
  const giveUp = (): void => {
    if (attached.session === opened) attached.session = null;
  };
  opened.catch(giveUp);
  try {
    return await work(attached, await opened);
  } catch (error) {
    if (!isConnectionFault(error)) throw error;
    giveUp();
    void opened.then((session) => session.close()).catch(() => undefined);
    if (!reused) throw error;
    return withSession(attached, work);
  }
}

/** `cutover serve`: answers from the configured project until the signal aborts. Errors: those of the configuration and the store. */
export function serveStore(ctx: AppContext, state: StateReader): Promise<void> {
  return withProject(ctx, (open) => state.during(ctx, open, () => stopped(ctx.signal)));
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
