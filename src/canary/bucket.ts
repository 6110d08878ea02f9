import { createHash } from 'node:crypto';
import { canonicalKey } from '../model/key.js';

/** Buckets, and shares, are counted in parts per million. */
export const BUCKETS = 1_000_000;

/**
 * The bucket 0..999999 of a key: the first 32 bits (big-endian) of SHA-256(utf8(salt + ":" + canonical key)), times 1,000,000,
 * shifted right by 32. The same function as `SqlDialect.canaryBucket`; test vectors in docs/canary-buckets.json.
 *
 * @param key the canonical text of each key column, in key order
 */
export function canaryBucket(salt: string, key: readonly string[]): number {
  const digest = createHash('sha256')
    .update(`${salt}:${canonicalKey(key)}`, 'utf8')
    .digest();
  // Below 2^52, and the division only moves the exponent: exact in doubles.
  return Math.floor((digest.readUInt32BE(0) * BUCKETS) / 2 ** 32);
}
