/**
 * For each partition the exclusive end offset: the number of the first event that is NOT included.
 * A cut is the offset vector at which both sides are compared.
 */
export type OffsetVector = ReadonlyMap<number, number>;

/** The form in which a vector is stored and printed: partition -> offset, both as text, partitions ascending. */
export type OffsetVectorJson = { readonly [partition: string]: string };

/** Partitions in ascending order, offsets in decimal digits. */
export function toJson(vector: OffsetVector): OffsetVectorJson {
  const out: Record<string, string> = {};
  for (const [partition, offset] of [...vector].sort(([a], [b]) => a - b)) out[String(partition)] = String(offset);
  return out;
}

/** Reads what `toJson` made. Errors: RangeError for what is no partition or offset. */
export function fromJson(json: OffsetVectorJson): OffsetVector {
  return new Map(Object.entries(json).map(([partition, offset]) => [position(partition), position(offset)]));
}

/** Offsets are counted exactly up to 2^53; what is no such number is not guessed at. */
function position(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new RangeError(`"${text}" is no partition or offset`);
  return value;
}

/** Equal as positions: a partition that is absent stands at 0. */
export function equalVectors(a: OffsetVector, b: OffsetVector): boolean {
  for (const [partition, offset] of a) if ((b.get(partition) ?? 0) !== offset) return false;
  for (const [partition, offset] of b) if ((a.get(partition) ?? 0) !== offset) return false;
  return true;
}

/** The number of offsets between two vectors; partitions in which `to` is behind `from` count nothing. */
export function eventsBetween(from: OffsetVector, to: OffsetVector): number {
  let sum = 0;
  for (const [partition, offset] of to) sum += Math.max(0, offset - (from.get(partition) ?? 0));
  return sum;
}
