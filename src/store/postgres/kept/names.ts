import type { KeptSide } from '../../contract/kept.js';

/** Of each bucket that differs, how many rows the batch side has more than the stream side, and by how much the sum of their hashes is greater; and the COUNTS. */
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

/** The bucket of rows that have a NULL in their key: they match nothing. */
export const NULL_KEYS = -1;

/** In place of a bucket: how many rows a side has, and how many of them have a NULL in their key. */
export const COUNTS = { batch: { rows: -2, nulls: -3 }, stream: { rows: -4, nulls: -5 } } as const;

/** In place of a bucket, in the deltas: what the digests cannot follow. */
export const MARK = { truncated: -2, reshaped: -3 } as const;
