import { messageOf } from '../../model/errors.js';
import type { View } from '../../model/view.js';
import { loadViews, type ViewRecord } from '../../store/state/views.js';
import { isConnectionFault } from '../interrupted.js';
import { nextDue } from '../schedule.js';
import { stoppable } from '../stoppable.js';
import { codeHashOf } from './basis.js';
import { refreshView, type RefreshParts } from './refresh.js';

/** The longest that a loop sleeps, so that it sees what other processes did (ms). */
const LONGEST_SLEEP_MS = 60_000;
/** The shortest: a view that another process is refreshing is due until that is done. */
const SHORTEST_SLEEP_MS = 1000;

/** When a view is due by what is known of it: at once where it has no rows of its present SQL, else by its schedule since the last try. */
export function dueAt(view: View, record: ViewRecord | undefined): Date {
  const outdated = record?.error === null && record.built?.codeHash !== codeHashOf(view);
  return record === undefined || outdated ? new Date(0) : nextDue(view.schedule, record.attemptedAt);
}

/** Refreshes views by their schedules. What is due is told by the store alone, so that any number of processes may do this. */
export class ViewRefresher {
  readonly #parts: Omit<RefreshParts, 'signal'>;
  /** Whoever starts a process may have mended what failed. */
  #failedBefore: ReadonlySet<string> | null = null;

  constructor(parts: Omit<RefreshParts, 'signal'>) {
    this.#parts = parts;
  }

  /**
   * Refreshes what is due, one after the other; who failed is logged and stored, and does not keep the others. Errors: those of the connection, and whatever a stop interrupts.
   *
   * @returns when the next one is due
   */
  async refreshDue(signal: AbortSignal): Promise<Date> {
    const { env, session } = this.#parts;
    const parts = { ...this.#parts, signal };
    let records = await loadViews(session);
    this.#failedBefore ??= new Set([...records.values()].filter(({ error }) => error !== null).map(({ name }) => name));
    const due = this.#due(records);
    for (const view of due) {
      if (stopped(signal)) break;
      try {
        const wanted = async (): Promise<boolean> => this.#due(await loadViews(session)).includes(view);
        await refreshView(parts, view, { full: false, scheduled: { wanted } });
      } catch (error) {
        if (stopped(signal) || isConnectionFault(error)) throw error;
        env.logger.error({ view: view.name }, `the view ${view.name} was not refreshed: ${messageOf(error)}`);
      }
      this.#failedBefore = new Set([...this.#failedBefore].filter((name) => name !== view.name));
    }
    if (due.length > 0) records = await loadViews(session);
    return new Date(Math.min(...env.views.map((view) => dueAt(view, records.get(view.name)).getTime())));
  }

  #due(records: ReadonlyMap<string, ViewRecord>): View[] {
    const { env } = this.#parts;
    const now = env.clock.now();
    return env.views.filter(
      (view) => this.#failedBefore?.has(view.name) === true || dueAt(view, records.get(view.name)) <= now,
    );
  }

  /** By their schedules until the signal aborts; not before `ready`, unless that takes longer than the first turn of a schedule. */
  async run(ready: Promise<void>, signal: AbortSignal): Promise<void> {
    const { env, session } = this.#parts;
    const started = env.clock.now();
    const firstTurn = Math.min(...env.views.map(({ schedule }) => nextDue(schedule, started).getTime()));
    await Promise.race([ready, env.clock.sleep(firstTurn - started.getTime(), signal)]);
    await stoppable(env.clock, signal, session, 0, async () => {
      while (!signal.aborted) {
        const next = await this.refreshDue(signal);
        const wait = next.getTime() - env.clock.now().getTime();
        await env.clock.sleep(Math.min(Math.max(SHORTEST_SLEEP_MS, wait), LONGEST_SLEEP_MS), signal);
      }
    });
  }

  /** What is due, now. Errors: those of `refreshDue`. */
  once(signal: AbortSignal): Promise<Date> {
    const { env, session } = this.#parts;
    return stoppable(env.clock, signal, session, 0, () => this.refreshDue(signal));
  }
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
