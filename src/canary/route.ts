import type { MergeState, Route, RoutingState } from '../model/canary.js';
import { BUCKETS, canaryBucket } from './bucket.js';
import { percentOfShare } from './plan.js';

/**
 * Which side a key reads, and why. The same answer as the served view gives: at 0% and at 100% the side is the same for every
 * read, with or without a key; between them a read without a key is a batch read. Where the view merges, a key whose window is open reads the stream.
 *
 * @param key the canonical text of each key column, in key order; null (or no parts): the read names no key
 */
export function route(state: RoutingState, key: readonly string[] | null): Route {
  const known = key !== null && key.length > 0;
  const bucket = known ? canaryBucket(state.salt, key) : null;
  const window = known && state.merge !== undefined ? windowOf(state.merge, key) : undefined;
  const { side, reason } = sideOf(state, bucket, window);
  return {
    pipeline: state.pipeline,
    key: known ? key : null,
    side,
    bucket,
    share_ppm: state.share_ppm,
    stage: state.stage,
    ...(window === undefined ? {} : { window }),
    reason,
  };
}

function windowOf({ part, open }: MergeState, key: readonly string[]): Route['window'] {
  const value = key[part];
  return value === undefined ? undefined : { value, open: open?.includes(value) ?? true };
}

function sideOf(
  { share_ppm, stage, merge }: RoutingState,
  bucket: number | null,
  window: Route['window'],
): { side: Route['side']; reason: string } {
  const share = `${percentOfShare(share_ppm)}%`;
  if (merge !== undefined && window !== undefined && !(bucket !== null && bucket < share_ppm)) {
    return window.open
      ? { side: 'stream', reason: `window ${window.value} is open: events came after the cut of the batch side` }
      : { side: 'batch', reason: `window ${window.value} is closed: no event came after the cut of the batch side` };
  }
  if (share_ppm <= 0 && merge !== undefined) return { side: 'batch', reason: 'no key: reads batch, up to its cut' };
  if (share_ppm <= 0) return { side: 'batch', reason: `stage ${stage}: every key reads batch` };
  if (share_ppm >= BUCKETS) return { side: 'stream', reason: `stage ${stage}: every key reads the stream` };
  if (bucket === null) return { side: 'batch', reason: `no key: reads batch at ${share}` };
  return bucket < share_ppm
    ? { side: 'stream', reason: `bucket ${bucket} is below ${share_ppm} (${share})` }
    : { side: 'batch', reason: `bucket ${bucket} is not below ${share_ppm} (${share})` };
}
