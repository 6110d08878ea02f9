import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Up to this length every byte of a prefix is part of its fingerprint. */
const FULL_BYTES = 64 * 1024 * 1024;
/** Beyond it: the first and last MiB, and this many blocks of 64 KiB at even distances between. */
const SAMPLED_BLOCKS = 64;
const BLOCK_BYTES = 64 * 1024;
const EDGE_BYTES = 1024 * 1024;

/**
 * SHA-256 (hex) of the first `length` bytes of a file: of all of them up to 64 MiB. Beyond that of their number, the
 * first and last MiB, and 64 blocks of 64 KiB at even distances, so a change of a few bytes in the middle of a file larger
 * than 64 MiB may go unnoticed. Null when the file is shorter.
 */
export async function fingerprint(file: FileHandle, length: number): Promise<string | null> {
  const hash = createHash('sha256');
  hash.update(`${length}:`);
  for (const [from, to] of pieces(length)) {
    for (let position = from; position < to;) {
      const buffer = Buffer.allocUnsafe(Math.min(EDGE_BYTES, to - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return null;
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  }
  return hash.digest('hex');
}

function* pieces(length: number): Iterable<readonly [number, number]> {
  if (length <= FULL_BYTES) {
    yield [0, length];
    return;
  }
  yield [0, EDGE_BYTES];
  const middle = length - 2 * EDGE_BYTES - BLOCK_BYTES;
  for (let block = 0; block < SAMPLED_BLOCKS; block++) {
    const from = EDGE_BYTES + Math.floor((middle * block) / SAMPLED_BLOCKS);
    yield [from, from + BLOCK_BYTES];
  }
  yield [length - EDGE_BYTES, length];
}

/** Changes whenever a file was written to or replaced, as far as its directory entry tells. */
export function stampOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}
