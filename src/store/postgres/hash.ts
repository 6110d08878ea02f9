import { isTimestamp, type Column } from '../../model/column.js';
import type { HashedValue } from '../contract.js';

/** What a compared expression holds, as far as its hash is concerned. */
type Kind =
  | 'text'
  | 'spelled'
  | 'boolean'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'scaled'
  | 'double'
  | 'date'
  | 'timestamp'
  | 'uuid';

/** The kind of what `comparable` makes of the two columns: keep the two in step. */
function kindOf(self: Column, other: Column): Kind {
  if (self.family === 'text' && other.family === 'text') return 'text';
  if (isTimestamp(self.family) && isTimestamp(other.family)) return 'timestamp';
  const families = [self.family, other.family];
  if (families.every((family) => family === 'integer'))
    return [self, other].every(({ type }) => type === 'integer' || type === 'smallint') ? 'integer' : 'bigint';
  if (families.every((family) => family === 'double')) return 'double';
  if (families.every((family) => family === 'integer' || family === 'decimal' || family === 'double'))
    return self.type === other.type && /^numeric\(\d+,-?\d+\)$/.test(self.type) ? 'scaled' : 'numeric';
  if (self.type === other.type && ['boolean', 'date', 'uuid'].includes(self.family))
    return self.family as 'boolean' | 'date' | 'uuid';
  return 'spelled';
}

/** Odd-looking constants that tell places and NULLs apart (splitmix64 of `n`). */
function tag(n: number): string {
  let z = BigInt.asUintN(64, BigInt(n + 1) * 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return `BIGINT '${BigInt.asIntN(64, z ^ (z >> 31n))}'`;
}

/** Days since 2000, of infinite dates too. */
function days(date: string): string {
  return `CASE WHEN isfinite(${date}) THEN ${date} - DATE '2000-01-01' WHEN ${date} > DATE '2000-01-01' THEN 2147483647 ELSE -2147483648 END`;
}

/**
 * The hash of one value, seeded by that of the values before it. `mixed` is false where a value gives its seed back. The server's own hash functions
 * are not enough: those of 64-bit numbers and of timestamps fold the value to 32 bits (-1 and 4294967295 hash alike), that of numerics leaves out the
 * sign and makes NaN, the infinities and, in a record, NULL one; that of arrays leaves out their dimensions.
 */
function chained(value: HashedValue, place: number, seed: string): { hash: string; mixed: boolean } {
  const { expression, self, other, nullable } = value;
  const kind = kindOf(self, other);
  const or = (text: string, replacement: string): string => (nullable ? `coalesce(${text}, ${replacement})` : text);
  const tags = Array.from({ length: 6 }, (_, n) => tag(6 * place + n));
  const own = `(${seed} # ${tags[0]})`;
  const told = nullable ? `(${seed} # CASE WHEN ${expression} IS NULL THEN ${tags[2]} ELSE ${tags[0]} END)` : own;
  switch (kind) {
    case 'text':
      return { hash: `hashtextextended(${or(expression, `''`)}, ${told})`, mixed: true };
    case 'spelled':
      // Evaluated once, for it may be long: a letter before it tells the empty text from NULL.
      return {
        hash: `hashtextextended(${or(`'v' || CAST(${expression} AS TEXT) COLLATE "C"`, `''`)}, ${own})`,
        mixed: true,
      };
    case 'numeric':
    case 'scaled': {
      // NaN and the infinities give the seed back, zero the seed less one.
      const ends =
        kind === 'scaled'
          ? ''
          : ` WHEN ${expression} < numeric 'Infinity' THEN ${tags[0]} WHEN ${expression} < numeric 'NaN' THEN ${tags[3]}`;
      const negative =
        kind === 'scaled'
          ? tags[1]
          : `CASE WHEN ${expression} > numeric '-Infinity' THEN ${tags[1]} ELSE ${tags[4]} END`;
      const empty = nullable ? ` WHEN ${expression} IS NULL THEN ${tags[2]}` : '';
      const sign = `CASE WHEN ${expression} < 0 THEN ${negative}${ends}${empty} ELSE ${kind === 'scaled' ? tags[0] : tags[5]} END`;
      return { hash: `hash_numeric_extended(${or(expression, '0')}, ${seed} # ${sign})`, mixed: false };
    }
    case 'boolean':
      return {
        hash: `(${seed} # CASE WHEN ${expression} THEN ${tags[0]} WHEN NOT ${expression} THEN ${tags[1]} ELSE ${tags[2]} END)`,
        mixed: false,
      };
    case 'integer':
      return { hash: `hashint4extended(${or(`CAST(${expression} AS INTEGER)`, '0')}, ${told})`, mixed: true };
    case 'bigint': {
      const whole = or(`CAST(${expression} AS BIGINT)`, '0');
      return { hash: `hashint8extended(${whole} >> 32, hashint8extended(${whole}, ${told}))`, mixed: true };
    }
    case 'double':
      return {
        hash: `hashfloat8extended(${or(`CAST(${expression} AS DOUBLE PRECISION)`, '0')}, ${told})`,
        mixed: false,
      };
    case 'date':
      return { hash: `hashint4extended(${days(expression)}, ${told})`, mixed: true };
    case 'timestamp': {
      const zoned = self.type === other.type && self.family === 'timestamptz';
      const at = (text: string): string => (zoned ? `TIMESTAMPTZ '${text}+00'` : `TIMESTAMP '${text}'`);
      const naive = (text: string): string => (zoned ? `(${text} AT TIME ZONE INTERVAL '0')` : text);
      const start = at('2000-01-01 00:00:00');
      const first = zoned ? `TIMESTAMPTZ '4700-01-01 00:00:00+00 BC'` : `TIMESTAMP '4700-01-01 00:00:00 BC'`;
      // 2^32 microseconds are one bin: its number is the upper half of the value, which the hash of the value folds onto the lower one. Halves of times before
      // 2000 are folded in another way, so that these need a tag of their own. The first bin of all would begin before the first time that there is.
      const bin = `date_bin(INTERVAL '4294.967296 s', greatest(${expression}, ${first}), ${start})`;
      const empty = nullable ? ` WHEN ${expression} IS NULL THEN ${tags[2]}` : '';
      const era = `CASE WHEN ${expression} < ${start} THEN ${tags[1]}${empty} ELSE ${tags[0]} END`;
      const hash = `timestamp_hash_extended(${naive(or(expression, start))}, ${seed} # ${era})`;
      return { hash: `timestamp_hash_extended(${naive(bin)}, ${hash})`, mixed: true };
    }
    case 'uuid':
      return {
        hash: `uuid_hash_extended(${or(expression, `UUID '00000000-0000-0000-0000-000000000000'`)}, ${told})`,
        mixed: true,
      };
  }
}

/**
 * A hash of a row: each value's hash is seeded by that of the values before it, so that a SUM over rows changes when two of them exchange a value.
 * (The server's hash of a record is a sum of its columns' hashes times powers of 31: such a SUM does not change.)
 */
export function rowHash(values: readonly HashedValue[]): string {
  let hash = `BIGINT '0'`;
  let last = false;
  values.forEach((value, place) => {
    const next = chained(value, place, hash);
    hash = next.hash;
    last = next.mixed;
  });
  return last ? hash : `hashint4extended(0, ${hash})`;
}

/** Equal keys have equal hashes: these are the functions by which the server itself joins them. */
function keyHash(values: readonly HashedValue[]): string {
  return values.reduce((seed, { expression, self, other }) => {
    const kind = kindOf(self, other);
    if (kind === 'text') return `hashtextextended(${expression}, ${seed})`;
    if (kind === 'integer' || kind === 'bigint') return `hashint8extended(CAST(${expression} AS BIGINT), ${seed})`;
    return `hash_record_extended(ROW(${expression}), ${seed})`;
  }, `BIGINT '0'`);
}

/** @param buckets a power of two */
export function bucketOf(key: readonly HashedValue[], buckets: number): string {
  return `CAST(${keyHash(key)} & ${buckets - 1} AS INTEGER)`;
}
