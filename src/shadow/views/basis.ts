import { createHash } from 'node:crypto';
import { fromJson, toJson } from '../../model/offset-vector.js';
import type { Pipeline } from '../../model/project.js';
import type { View, ViewSide } from '../../model/view.js';
import type { SqlSession } from '../../store/contract.js';
import { loadBatchResult } from '../../store/state/jobs.js';
import { loadPartitions, vectorOf } from '../../store/state/offsets.js';
import { loadPruned } from '../../store/state/pruned.js';
import { countRetries } from '../../store/state/quarantine.js';
import type { ViewBasis } from '../../store/state/views.js';
import { rangesBetween, type OffsetRange } from '../scope.js';
import { isExternal } from '../sides.js';
import type { Served } from './query.js';

const RETRIED = 'records landed that had been in quarantine';

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

/** Of what decides, besides the served rows, which rows a view has. Line endings and the white space around a text do not. */
export function codeHashOf({ sql, partitionBy }: View): string {
  return hash([sql.text.replaceAll('\r\n', '\n').trim(), partitionBy?.column ?? null, partitionBy?.from ?? null]);
}

/** In the snapshot that a refresh reads. */
export async function currentBasis(
  session: SqlSession,
  read: ReadonlyMap<Pipeline, ViewSide>,
  served: ReadonlyMap<string, Served>,
): Promise<ViewBasis> {
  const sources: Record<string, ViewBasis['sources'][string]> = {};
  for (const [pipeline, side] of read) {
    const { name } = pipeline;
    const batch = await loadBatchResult(session, name);
    sources[name] = {
      side,
      // A result of a job that looked back may have changed days without new events.
      served: hash([served.get(name)?.query ?? '', pipeline.batch.partitionBy?.lookback ?? 0]),
      batch: batch === null ? null : { cut: toJson(batch.cut), code: batch.codeHash, retries: batch.retries },
    };
  }
  const offsets = toJson(vectorOf(await loadPartitions(session)));
  return { offsets, retries: await countRetries(session), sources };
}

/** What came in between two refreshes, on the sides that both read; or why that does not tell which rows changed. */
export async function arrivedBetween(
  session: SqlSession,
  pipelines: readonly Pipeline[],
  before: ViewBasis,
  now: ViewBasis,
): Promise<{ readonly ranges: readonly OffsetRange[] } | { readonly reason: string }> {
  const ranges: OffsetRange[] = [];
  for (const [name, source] of Object.entries(now.sources)) {
    const former = before.sources[name];
    if (former?.served !== source.served || former.side !== source.side)
      return { reason: `readers of ${name} read other rows than before: its canary moved, or its columns changed` };
    const pipeline = pipelines.find((one) => one.name === name);
    const untold = pipeline === undefined ? null : changesUntold(pipeline, source.side, pipelines);
    if (untold !== null) return { reason: untold };
    // Which windows are open changes without an event, too.
    if (pipeline === undefined || (pipeline.merge !== undefined && source.side !== 'stream'))
      return { reason: `readers of ${name} get merged rows, which change from one side to the other` };
    const fed = source.side === 'stream' || pipeline.batch.kind === 'stream';
    if (source.side !== 'batch' || fed) ranges.push(...rangesBetween(fromJson(before.offsets), fromJson(now.offsets)));
    if (fed) continue;
    if (former.batch === null || source.batch === null)
      return { reason: `the batch side of ${name} was not published since its tables were made` };
    if (former.batch.code !== source.batch.code) return { reason: `the batch job of ${name} changed` };
    if (former.batch.retries !== source.batch.retries) return { reason: RETRIED };
    const arrived = rangesBetween(fromJson(former.batch.cut), fromJson(source.batch.cut));
    const back = upstreamOf(pipeline, pipelines).find(({ batch }) => (batch.partitionBy?.lookback ?? 0) > 0);
    if (arrived.length > 0 && back !== undefined)
      return { reason: `the batch job of ${back.name} looks back: it may have changed days without new events` };
    ranges.push(...arrived);
  }
  if (Object.keys(before.sources).length !== Object.keys(now.sources).length)
    return { reason: 'it reads other pipelines than before' };
  if (before.retries !== now.retries) return { reason: RETRIED };
  const pruned = await loadPruned(session);
  const gone = ranges.some(({ partition, from, to }) =>
    pruned.some((one) => one.partition === partition && one.first < to && one.below > from),
  );
  if (gone) return { reason: 'events that arrived since were pruned from the landing' };
  return { ranges: distinct(ranges) };
}

/** A pipeline and those that its jobs read. */
function upstreamOf(pipeline: Pipeline, pipelines: readonly Pipeline[]): Pipeline[] {
  const found = new Set([pipeline]);
  for (const { after } of found) for (const one of pipelines) if (after.includes(one.name)) found.add(one);
  return [...found];
}

/** Why no event tells what changes of its rows; null: events do. */
function changesUntold(pipeline: Pipeline, side: ViewSide, pipelines: readonly Pipeline[]): string | null {
  const all = upstreamOf(pipeline, pipelines);
  const external = all.find(isExternal);
  if (external !== undefined)
    return `somebody else writes a side of ${external.name}: no event tells what changed there`;
  const apart = all.find(({ batch }) => batch.kind === 'command' && !batch.events);
  return apart === undefined || side === 'stream'
    ? null
    : `the batch job of ${apart.name} takes no events: none tells what it changed`;
}

function distinct(ranges: readonly OffsetRange[]): OffsetRange[] {
  return [...new Map(ranges.map((range) => [JSON.stringify(range), range])).values()];
}
