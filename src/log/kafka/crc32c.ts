const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256 entries, one after the other; made once they are needed. */
let table: Uint32Array | undefined;

/** Tables of the slicing-by-8 method (Kounavis and Berry, 2008). */
function makeTable(): Uint32Array {
  const made = new Uint32Array(8 * 256);
  for (let index = 0; index < 256; index += 1) {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    made[index] = value;
  }
  for (let index = 256; index < made.length; index += 1) {
    const before = made[index - 256] ?? 0;
    made[index] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4) as an unsigned number. */
export function crc32c(bytes: Buffer): number {
  const of = (table ??= makeTable());
  let crc = 0xffffffff;
  let at = 0;
  for (const whole = bytes.length - (bytes.length % 8); at < whole; at += 8) {
    const low = crc ^ bytes.readInt32LE(at);
    const high = bytes.readInt32LE(at + 4);
    crc =
      (of[1792 + (low & 0xff)] ?? 0) ^
      (of[1536 + ((low >>> 8) & 0xff)] ?? 0) ^
      (of[1280 + ((low >>> 16) & 0xff)] ?? 0) ^
      (of[1024 + (low >>> 24)] ?? 0) ^
      (of[768 + (high & 0xff)] ?? 0) ^
      (of[512 + ((high >>> 8) & 0xff)] ?? 0) ^
      (of[256 + ((high >>> 16) & 0xff)] ?? 0) ^
      (of[high >>> 24] ?? 0);
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ (of[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
