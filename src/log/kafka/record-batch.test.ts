import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.js';
import { emptyBatch } from '../../../test/kafka/empty-batch.js';
import { committedOnly, recordBatches, type RecordBatch } from './record-batch.js';

describe('crc32c', () => {
  // RFC 3720, B.4.
  it.each([
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ])('%#', (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

/** A batch without records, as a broker sends it. */
function wire(firstOffset: number): Buffer {
  const bytes = Buffer.alloc(61);
  bytes.writeBigInt64BE(BigInt(firstOffset), 0);
  bytes.writeInt32BE(49, 8);
  bytes.writeInt8(2, 16);
  bytes.writeInt32BE(3, 23);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

describe('record batches', () => {
  it('end with the last whole one', () => {
    const bytes = Buffer.concat([wire(5), wire(9), wire(13).subarray(0, 60)]);
    expect(recordBatches(bytes).map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
      [5, 8],
      [9, 12],
    ]);
  });

  it('that are damaged are refused, and so are those of other formats', () => {
    const damaged = wire(5);
    damaged.writeInt16BE(1, 21);
    expect(() => recordBatches(damaged)).toThrow('the batch at offset 5 is damaged');
    const old = wire(5);
    old.writeInt8(1, 16);
    expect(() => recordBatches(old)).toThrow('older than Kafka 0.11');
  });

  it('of transactions that were open at once and aborted are left out from the first on', () => {
    const of = (offset: number, producer: bigint): RecordBatch => ({
      ...emptyBatch(offset, offset),
      records: 1,
      producer,
      transactional: true,
    });
    const left = committedOnly(
      [of(10, 2n), of(11, 1n), of(12, 3n)],
      [
        { producer: 2n, firstOffset: 4 },
        { producer: 1n, firstOffset: 3 },
      ],
    );
    expect(left.map(({ records }) => records)).toEqual([0, 0, 1]);
  });
});
