import type { KeptSide } from '../../contract/kept.js';

/** The digests of each bucket: counts and sums of both sides. Bucket -1: rows with a NULL in their key; TOTALS: all rows. */
export function bucketsTable(id: number): string {
  return `cutover.kept_${id}_buckets`;
}

/** What changed since the buckets were added up: one row for each bucket that a statement touched, or a MARK. Only ever inserted to by writers. */
export function deltasTable(id: number): string {
  return `cutover.kept_${id}_deltas`;
}

export function followFunction(id: number, side: KeptSide['side']): string {
  return `cutover.kept_${id}_${side}`;
}

export function triggerPrefix(id: number): string {
  return `cutover_kept_${id}_`;
}

export function indexName(id: number, side: KeptSide['side']): string {
  return `cutover_kept_${id}_${side}`;
}

export const NULL_KEYS = -1;
export const TOTALS = -2;

/** In place of a bucket, in the deltas: what the digests cannot follow. */
export const MARK = { truncated: -2, reshaped: -3 } as const;
