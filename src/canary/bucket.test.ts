import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalKey } from '../model/key.js';
import type { SqlSession, Store } from '../store/contract.js';
import { openDuckDbStore } from '../store/duckdb/store.js';
import { canaryBucket } from './bucket.js';

interface Vector {
  salt: string;
  key: string[];
  canonical_key: string;
  sha256_first_32_bits: number;
  bucket: number;
}

const file = new URL('../../docs/canary-buckets.json', import.meta.url);
const { vectors } = JSON.parse(await readFile(file, 'utf8')) as { vectors: Vector[] };

describe('canary buckets, published test vectors', () => {
  let store: Store;
  let session: SqlSession;
  beforeAll(async () => {
    store = await openDuckDbStore({ path: ':memory:', schemas: { batch: 'b', stream: 's', served: 'main' } });
    session = await store.session();
  });
  afterAll(() => store.close());

  it('has enough of them, all different', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(20);
    expect(new Set(vectors.map(({ bucket }) => bucket)).size).toBe(vectors.length);
  });

  it.each(vectors)('$salt $key', async ({ salt, key, canonical_key, sha256_first_32_bits, bucket }) => {
    expect(canonicalKey(key)).toBe(canonical_key);
    expect(Number((BigInt(sha256_first_32_bits) * 1_000_000n) >> 32n)).toBe(bucket);
    expect(canaryBucket(salt, key)).toBe(bucket);
    const { dialect } = store;
    const sql = dialect.canaryBucket(dialect.canonicalKey(key.map((part) => dialect.literal(part))), salt);
    const [row] = await session.query(`SELECT CAST(${sql} AS INTEGER) AS bucket`);
    expect(row?.['bucket']).toBe(bucket);
  });
});
