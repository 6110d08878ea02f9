import { openLifecycle } from '../../diff/lifecycle.js';
import { digestOfTable } from '../../diff/table-digest.js';
import type { EventLog } from '../../log/contract.js';
import type { Comparison, ComparisonAlignment } from '../../model/comparison.js';
import { formatDuration } from '../../model/duration.js';
import { equalVectors } from '../../model/offset-vector.js';
import type { Alignment } from '../../model/project.js';
import { externalSide, isWhollyExternal } from '../sides.js';
import { conclude, concludeApart } from './conclude.js';
import {
  beginMoment,
  compareSides,
  pause,
  relationsOf,
  runOwnBatch,
  type ExternalCycle,
  type Moment,
} from './cycle.js';

type Quiescent = Extract<Alignment, { kind: 'quiescent' }>;

/** How all stood in one snapshot. */
interface Stand {
  readonly moment: Moment;
  /** What each external table holds. */
  readonly tables: readonly (readonly ['batch' | 'stream', string])[];
  /** The log's end, asked before the first snapshot and after each. */
  readonly end: string;
}

/**
 * Compares when nothing moved for `settle`: the log had the same end before the first snapshot and after the second, in both the external tables hold the same,
 * and what is cutover's own has reached that end. The comparison is of the second snapshot. That a job which writes nothing has nothing left to write is
 * taken from the time that passed, which makes this not exact.
 */
export async function byQuiescence(cycle: ExternalCycle, align: Quiescent): Promise<Comparison> {
  const { env, session } = cycle;
  const log = await env.watchLog();
  let end = await endOf(log);
  let stand = await session.transaction(() => look(cycle, end));
  for (let waited = align.settle; ; waited += align.settle) {
    await pause(cycle, align.settle);
    const before = stand;
    const last = waited + align.settle > align.wait;
    const made = await session.transaction(async () => {
      stand = await look(cycle, '');
      // Asked with the snapshot taken: what the log had when it began is then not less than this.
      end = await endOf(log);
      stand = { ...stand, end };
      const why = await moved(cycle, log, before, stand);
      if (why === null) return compareStill(cycle, align, stand);
      if (!last) return null;
      const alignment: ComparisonAlignment = { method: 'quiescent', exact: false, detail: 'the sides did not rest' };
      return concludeApart(cycle, stand.moment, alignment, `${why} (waited ${formatDuration(align.wait)})`);
    });
    if (made !== null) return made;
  }
}

async function look(cycle: ExternalCycle, end: string): Promise<Stand> {
  const { env, session, pipeline } = cycle;
  const moment = await beginMoment(cycle);
  const relations = relationsOf(cycle);
  const tables: ['batch' | 'stream', string][] = [];
  for (const side of ['batch', 'stream'] as const) {
    if (externalSide(pipeline, side) !== null)
      tables.push([side, await digestOfTable(session, env.store.dialect, relations[side])]);
  }
  return { moment, tables, end };
}

/** What moved between two looks, or has not reached the log's end; null: nothing. */
async function moved(cycle: ExternalCycle, log: EventLog, before: Stand, now: Stand): Promise<string | null> {
  if (before.end !== now.end) return 'the log did not stand still: events arrived';
  for (const [index, [side, held]] of now.tables.entries()) {
    if (before.tables[index]?.[1] !== held) return `the ${side} side did not stand still: its table changed`;
  }
  if (isWhollyExternal(cycle.pipeline)) return null;
  if (!equalVectors(before.moment.landed, now.moment.landed)) return 'events landed meanwhile';
  const behind = await unread(log, now.moment);
  return behind ? 'cutover has not read the log to its end' : null;
}

async function compareStill(cycle: ExternalCycle, align: Quiescent, stand: Stand): Promise<Comparison> {
  const { moment } = stand;
  const job = await runOwnBatch(cycle, moment, moment.landed);
  const started = performance.now();
  const lifecycle = await openLifecycle(cycle.session, cycle.pipeline.name);
  const outcome = await compareSides(cycle, relationsOf(cycle), (discrepancy) => {
    lifecycle.see(discrepancy);
  });
  const detail = `neither the log nor a side changed for ${formatDuration(align.settle)}`;
  return conclude(cycle, {
    moment,
    cut: moment.landed,
    outcome,
    alignment: {
      method: 'quiescent',
      exact: false,
      detail,
      ...(isWhollyExternal(cycle.pipeline) ? { state: JSON.stringify([stand.end, stand.tables]) } : {}),
    },
    findings: [],
    notes: [
      `aligned by quiescent: ${detail}; a job that needs longer than that to write what it has read would not be noticed`,
    ],
    job,
    diff: performance.now() - started,
    lifecycle,
    resolvable: () => true,
  });
}

/** A text that is another one when anything arrived. */
async function endOf(log: EventLog): Promise<string> {
  if (log.mark !== undefined) return log.mark();
  const partitions = (await log.measure?.([])) ?? [];
  // A partition whose end is not known may have moved: the text is then never the same again.
  return JSON.stringify(partitions.map(({ name, end }) => [name, end ?? performance.now()]));
}

async function unread(log: EventLog, { partitions }: Moment): Promise<boolean> {
  if (log.measure !== undefined)
    return (await log.measure(partitions)).some(({ committed, end }) => end === null || committed < end);
  const chunk = await log.next(partitions, 1);
  await chunk?.release();
  return chunk !== null;
}
