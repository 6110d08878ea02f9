import { crc32c } from './crc32c.js';
import { decompress, type Codec } from './compression.js';
import { WireReader } from './wire.js';

/** A record of a topic. Offsets are below 2^53. */
export interface KafkaRecord {
  readonly offset: number;
  /** Milliseconds since the epoch; -1 for none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

/**
 * A record batch as it stands in a partition. Its last offset counts also when the record there was compacted away or is a marker: a reader goes on behind it.
 * Source: Apache Kafka documentation, "Implementation", "Record Batch" (format v2).
 */
export interface RecordBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: number;
  readonly producer: bigint;
  readonly transactional: boolean;
  /** Holds markers of the broker, no records. */
  readonly control: boolean;
  /** The size on the wire. */
  readonly bytes: number;
  readonly codec: Codec;
  readonly firstTimestamp: number;
  /** The broker's time for all records; undefined: each has the producer's. */
  readonly appendTime: number | undefined;
  readonly body: Buffer;
}

const OVERHEAD = 12;
const HEADER = 61;
const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/**
 * Takes the batches of a fetch response apart, without their records. The last one may be cut off and is then left.
 *
 * @throws Error when a batch is damaged, or older than Kafka 0.11
 */
export function recordBatches(bytes: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at + HEADER <= bytes.length;) {
    const length = OVERHEAD + bytes.readInt32BE(at + 8);
    if (at + length > bytes.length) break;
    batches.push(batchOf(bytes.subarray(at, at + length)));
    at += length;
  }
  return batches;
}

function batchOf(bytes: Buffer): RecordBatch {
  const firstOffset = Number(bytes.readBigInt64BE(0));
  const magic = bytes.readInt8(16);
  if (magic !== 2)
    throw new Error(`the batch at offset ${firstOffset} has the format ${magic}, which is older than Kafka 0.11`);
  if (crc32c(bytes.subarray(21)) !== bytes.readUInt32BE(17))
    throw new Error(`the batch at offset ${firstOffset} is damaged: its checksum does not fit`);
  const attributes = bytes.readInt16BE(21);
  const codec = CODECS[attributes & 7];
  if (codec === undefined) throw new Error(`the batch at offset ${firstOffset} has an unknown compression`);
  return {
    firstOffset,
    lastOffset: firstOffset + bytes.readInt32BE(23),
    firstTimestamp: Number(bytes.readBigInt64BE(27)),
    appendTime: (attributes & 8) === 0 ? undefined : Number(bytes.readBigInt64BE(35)),
    producer: bytes.readBigInt64BE(43),
    records: bytes.readInt32BE(57),
    transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0,
    bytes: bytes.length,
    codec,
    body: bytes.subarray(HEADER),
  };
}

/** A transaction that was aborted: the producer's records from that offset on, up to its marker. */
export interface AbortedTransaction {
  readonly producer: bigint;
  readonly firstOffset: number;
}

/**
 * Leaves out what a reader of committed records must not see: records of aborted transactions, and markers. A batch is of one producer and one transaction, so
 * whole batches go. `records` of such a batch becomes 0; its offsets still count.
 * Source: KIP-98, "Consumer", READ_COMMITTED (the list holds the transactions that overlap the fetched range, by first offset).
 */
export function committedOnly(batches: readonly RecordBatch[], aborted: readonly AbortedTransaction[]): RecordBatch[] {
  const begun = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<bigint>();
  return batches.map((batch) => {
    while (begun[0] !== undefined && begun[0].firstOffset <= batch.lastOffset) {
      open.add(begun[0].producer);
      begun.shift();
    }
    if (batch.control) {
      if (isAbortMarker(batch)) open.delete(batch.producer);
      return { ...batch, records: 0 };
    }
    return batch.transactional && open.has(batch.producer) ? { ...batch, records: 0 } : batch;
  });
}

/** A marker's key is a version and a type, 0 for an abort. Batches of markers are not compressed. */
function isAbortMarker(batch: RecordBatch): boolean {
  if (batch.records === 0) return false;
  const [marker] = readRecords(batch, batch.body);
  return marker !== undefined && marker.key?.readInt16BE(2) === 0;
}

/** The records of a batch in order of their offsets. Errors: those of a damaged batch, or of a compression that is not known here. */
export async function recordsOf(batch: RecordBatch): Promise<KafkaRecord[]> {
  if (batch.records === 0) return [];
  return readRecords(batch, await decompress(batch.codec, batch.body));
}

function readRecords(batch: RecordBatch, body: Buffer): KafkaRecord[] {
  const reader = new WireReader(body);
  const zigzag = (): number => {
    const value = reader.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const bytes = (): Buffer | null => {
    const length = zigzag();
    return length < 0 ? null : reader.bytes(length);
  };
  return Array.from({ length: batch.records }, () => {
    zigzag();
    reader.int8();
    const timestamp = batch.firstTimestamp + zigzag();
    const offset = batch.firstOffset + zigzag();
    const key = bytes();
    const value = bytes();
    const headers = Array.from({ length: zigzag() }, (): readonly [string, Buffer | null] => [
      bytes()?.toString('utf8') ?? '',
      bytes(),
    ]);
    return { offset, timestamp: batch.appendTime ?? timestamp, key, value, headers };
  });
}
