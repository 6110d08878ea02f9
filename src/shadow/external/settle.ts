import type { DiffOutcome } from '../../diff/input.js';
import { openLifecycle } from '../../diff/lifecycle.js';
import { requireSettleable, restrictToKeys, type KeyColumns } from '../../diff/settle-keys.js';
import { detailOf, fluxNotes } from '../../diff/settle-words.js';
import { settle, type Look, type Settled, type SettleInput } from '../../diff/settle.js';
import { digestOfTable } from '../../diff/table-digest.js';
import type { Comparison } from '../../model/comparison.js';
import { formatElapsed } from '../../model/duration.js';
import type { Alignment } from '../../model/project.js';
import { rateText } from '../../model/rate.js';
import type { Verdict } from '../../model/verdict.js';
import { isWhollyExternal } from '../sides.js';
import { conclude } from './conclude.js';
import {
  beginMoment,
  compareSides,
  NO_JOB,
  pause,
  relationsOf,
  runOwnBatch,
  type ExternalCycle,
  type JobDone,
  type Moment,
  type Relations,
} from './cycle.js';
import { watermarkOf } from './watermark.js';

type Settle = Extract<Alignment, { kind: 'settle' }>;

/**
 * Compares both sides as they are, then the keys that differ once more after a delay, in a snapshot of its own: see `settle`. A batch job of cutover's own is
 * run anew for each look. Not exact: it holds as far as no side lags by more than the delay.
 */
export async function bySettling(cycle: ExternalCycle, align: Settle): Promise<Comparison> {
  const { env, session } = cycle;
  const { dialect } = env.store;
  const looking: { moment: Moment | null; job: JobDone; delays: number[]; state: string | null; diff: number } = {
    moment: null,
    job: NO_JOB,
    delays: [],
    state: null,
    diff: 0,
  };
  let columns: KeyColumns | null = null;
  // By look: up to which times the two sides had got.
  const reached: (Reached | null)[] = [];
  const look =
    (relations: (all: Relations, columns: KeyColumns) => Promise<Relations>): Look =>
    (see) =>
      session.transaction(async (): Promise<DiffOutcome> => {
        const moment = await beginMoment(cycle);
        looking.moment = moment;
        const job = await runOwnBatch(cycle, moment, moment.landed);
        looking.job = { notes: job.notes, job: looking.job.job + job.job, publish: looking.job.publish + job.publish };
        const all = relationsOf(cycle);
        columns ??= await keyColumns(cycle, all);
        if (align.watermark !== null) reached.push(await reachedBy(cycle));
        if (looking.state === null && isWhollyExternal(cycle.pipeline))
          looking.state = `batch ${await digestOfTable(session, dialect, all.batch)}, stream ${await digestOfTable(session, dialect, all.stream)}`;
        const started = performance.now();
        const outcome = await compareSides(cycle, await relations(all, columns), see, null);
        looking.diff += performance.now() - started;
        return outcome;
      });
  const settled = await settle({
    first: look((all) => Promise.resolve(all)),
    again: (keys, nulls) => look((all, key) => restrictToKeys(session, dialect, all, key, keys, nulls)),
    wait: async () => {
      const delay = delayOf(align, lagOf(reached.at(-1)));
      looking.delays.push(delay);
      await pause(cycle, delay);
    },
    ...(cycle.pipeline.profile === undefined ? {} : { profile: profileLook(cycle, cycle.pipeline.profile) }),
    ...(align.watermark === null ? {} : { caughtUp: (since: number) => passed(reached[since], reached.at(-1)) }),
    rounds: align.rounds,
    limit: cycle.options.limit,
  });
  const { moment } = looking;
  if (moment === null) throw new Error('nothing was looked at');
  return session.transaction(async () => {
    const lifecycle = await openLifecycle(session, cycle.pipeline.name);
    for (const discrepancy of settled.stayed) lifecycle.see(discrepancy);
    const detail = detailOf(settled, looking.delays);
    const flux = new Set(settled.moving.map(({ key }) => JSON.stringify(key)));
    return conclude(cycle, {
      moment,
      cut: moment.landed,
      outcome: settled.outcome,
      alignment: {
        method: 'settle',
        exact: false,
        detail,
        ...(looking.state === null ? {} : { state: looking.state }),
      },
      findings: findingsOf(settled, align),
      notes: [
        `aligned by settle: ${detail}`,
        ...fluxNotes(settled),
        ...lagNotes(settled, align, reached.at(-1) ?? null),
      ],
      job: looking.job,
      diff: looking.diff,
      lifecycle,
      // What is in flux is not known to agree.
      resolvable: (key) => settled.beyond === 0 && !flux.has(JSON.stringify(key)),
    });
  });
}

/** Of what stayed, as it stands now; a batch job of cutover's own is not run again for it. */
function profileLook(cycle: ExternalCycle, { sums }: { readonly sums: boolean }): NonNullable<SettleInput['profile']> {
  const { env, session } = cycle;
  return (keys) => (see) =>
    session.transaction(async () => {
      const all = relationsOf(cycle);
      const columns = await keyColumns(cycle, all);
      const restricted = await restrictToKeys(session, env.store.dialect, all, columns, keys, false);
      return compareSides(cycle, restricted, see, { sums, among: all });
    });
}

async function keyColumns({ env, session, pipeline }: ExternalCycle, all: Relations): Promise<KeyColumns> {
  const of = async (relation: string): Promise<KeyColumns['batch']> => {
    const columns = await env.store.dialect.columns(session, relation);
    return pipeline.key.flatMap((name) => columns.filter((column) => column.name === name));
  };
  const columns = { batch: await of(all.batch), stream: await of(all.stream) };
  requireSettleable(pipeline.key, columns);
  return columns;
}

/** Microseconds since the epoch. */
interface Reached {
  readonly batch: number;
  readonly stream: number;
}

/** Up to which times the two sides have got; null while one of them has none. */
async function reachedBy(cycle: ExternalCycle): Promise<Reached | null> {
  const [batch, stream] = [await watermarkOf(cycle, 'batch'), await watermarkOf(cycle, 'stream')];
  return batch === null || stream === null ? null : { batch, stream };
}

/** Whether the side behind is now where the side ahead was then. */
function passed(then: Reached | null | undefined, now: Reached | null | undefined): boolean {
  if (then === null || then === undefined || now === null || now === undefined) return false;
  return Math.min(now.batch, now.stream) >= Math.max(then.batch, then.stream);
}

/** Milliseconds between the two sides; null where that is not known. */
function lagOf(reached: Reached | null | undefined): number | null {
  return reached === null || reached === undefined ? null : Math.ceil(Math.abs(reached.batch - reached.stream) / 1000);
}

/** Twice the lag, so that the side behind has time to come to where the other one is now. */
function delayOf(align: Settle, lag: number | null): number {
  return Math.max(align.delay, Math.min(2 * (lag ?? 0), align.maxDelay));
}

function findingsOf({ outcome }: Settled, align: Settle): (readonly [Verdict, string])[] {
  if (align.maxInFlux === null || outcome.in_flux === 0) return [];
  const share = outcome.in_flux / outcome.keys_compared;
  return share <= align.maxInFlux
    ? []
    : [['inconclusive', `${rateText(share, align.maxInFlux)} of the keys are in flux, allowed ${align.maxInFlux}`]];
}

function lagNotes({ outcome }: Settled, align: Settle, reached: Reached | null): string[] {
  if (outcome.in_flux === 0 || align.watermark === null) return [];
  const lag = lagOf(reached);
  return [
    lag === null
      ? 'a side has no watermark yet: no difference can be told from one of timing'
      : `by their watermarks the sides are ${formatElapsed(lag)} apart; what differs is a discrepancy once the side behind has passed where the other one was`,
  ];
}
