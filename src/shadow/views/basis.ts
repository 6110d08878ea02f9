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
  for (const [{ name }, side] of read) {
    const batch = await loadBatchResult(session, name);
    sources[name] = {
      side,
      served: hash(served.get(name)?.query ?? ''),
      batch: batch === null ? null : { cut: toJson(batch.cut), code: batch.codeHash, retries: batch.retries },
    };
  }
  const offsets = toJson(vectorOf(await loadPartitions(session)));
  return { offsets, retries: await countRetries(session), sources };
}

/** What came in between two refreshes, on the sides that both read; or why that does not tell which rows changed. */
export async function arrivedBetween(
  session: SqlSession,
  before: ViewBasis,
  now: ViewBasis,
): Promise<{ readonly ranges: readonly OffsetRange[] } | { readonly reason: string }> {
  const ranges: OffsetRange[] = [];
  for (const [name, source] of Object.entries(now.sources)) {
    const former = before.sources[name];
    if (former?.served !== source.served || former.side !== source.side)
      return { reason: `readers of ${name} read other rows than before: its canary moved, or its columns changed` };
    if (source.side !== 'batch') ranges.push(...rangesBetween(fromJson(before.offsets), fromJson(now.offsets)));
    if (source.side === 'stream') continue;
    if (former.batch === null || source.batch === null)
      return { reason: `the batch side of ${name} was not published since its tables were made` };
    if (former.batch.code !== source.batch.code) return { reason: `the batch job of ${name} changed` };
    if (former.batch.retries !== source.batch.retries) return { reason: RETRIED };
    ranges.push(...rangesBetween(fromJson(former.batch.cut), fromJson(source.batch.cut)));
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

function distinct(ranges: readonly OffsetRange[]): OffsetRange[] {
  return [...new Map(ranges.map((range) => [JSON.stringify(range), range])).values()];
}
