import type { RecordBatch } from '../../src/log/kafka/record-batch.js';

/** Stands for offsets that hold nothing. */
export function emptyBatch(firstOffset: number, lastOffset: number): RecordBatch {
  return {
    firstOffset,
    lastOffset,
    records: 0,
    producer: -1n,
    transactional: false,
    control: false,
    bytes: 0,
    codec: 'none',
    firstTimestamp: -1,
    appendTime: undefined,
    body: Buffer.alloc(0),
  };
}
