import { rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Chunk } from '../contract.js';
import { PlainRows } from '../record/plain-rows.js';
import { rejected, type TextColumn, type TextRecord } from '../record/record.js';
import { ScratchFile, scratchRelation } from '../record/scratch.js';
import type { RowSource } from '../../model/row-source.js';
import { damaged } from './kafka-errors.js';
import type { PartitionReader } from './partition-reader.js';
import { recordsOf } from './record-batch.js';
import type { RecordFields } from './record-fields.js';

/** Text of one chunk: what stands in memory and in the scratch file at once. */
const CHUNK_BYTES = 16 * 1024 * 1024;

export interface ChunkRequest {
  readonly reader: PartitionReader;
  readonly fields: RecordFields;
  readonly columns: readonly TextColumn[];
  readonly eventTime: string | undefined;
  readonly maxEvents: number;
  readonly holdsNul: boolean;
  /** The store takes texts as they are rather than a relation: rows that need no SQL are given so. */
  readonly asTexts: boolean;
  /** Path of the scratch file to write. */
  readonly scratch: string;
}

/** The next run of a partition's events: what waits in its reader from the store's offset on. Errors: LOG_UNREADABLE. */
export async function takeChunk(request: ChunkRequest): Promise<Chunk> {
  const { columns, eventTime } = request;
  const rows = request.asTexts && request.reader.step === null ? PlainRows.of(columns, eventTime) : null;
  if (rows !== null) {
    const written = await writeRecords(request, (offset, raw, record) => rows.add(offset, raw, record));
    if (written !== null)
      return chunkOf(request, written, { kind: 'csv', parts: rows.parts() }, () => Promise.resolve());
  }
  return takeScratch(request);
}

/** By a scratch file and a relation over it. */
async function takeScratch(request: ChunkRequest): Promise<Chunk> {
  const { reader, columns, eventTime } = request;
  const scratch = await ScratchFile.create(request.scratch, request.holdsNul);
  try {
    const written =
      reader.step === null
        ? await writeRecords(request, (offset, raw, record) =>
            scratch.add(offset, raw, record) ? scratch.flush().then(() => true) : true,
          )
        : writeStep(request, scratch);
    const longest = await scratch.finish();
    if (written === null) throw new Error('a scratch file takes every record');
    const sql = scratchRelation(scratch.path, longest, columns, eventTime);
    return chunkOf(request, written, { kind: 'relation', sql }, () => rm(scratch.path, { force: true }));
  } catch (error) {
    await scratch.abandon().catch(() => undefined);
    await rm(scratch.path, { force: true });
    throw error;
  }
}

function chunkOf({ reader }: ChunkRequest, written: Written, source: RowSource, release: () => Promise<void>): Chunk {
  const { partition, name, committed: from, epoch, step } = reader;
  return { partition, name, from, ...written, source, epoch, lost: step !== null && step.lost !== null, release };
}

interface Written {
  readonly to: number;
  readonly events: number;
  readonly position: string;
}

function writeStep({ reader, columns }: ChunkRequest, scratch: ScratchFile): Written {
  const { step, committed, position } = reader;
  if (step === null) return { to: committed, events: 0, position };
  if (step.lost !== null) scratch.add(committed, '', rejected(columns, step.lost));
  return { to: step.to, events: step.lost === null ? 0 : 1, position: step.position };
}

/**
 * @param add takes one record in; false ends the work, which is then of no use
 * @returns null when `add` said so
 */
async function writeRecords(
  { reader, fields, maxEvents }: ChunkRequest,
  add: (offset: number, raw: string, record: TextRecord) => boolean | Promise<boolean>,
): Promise<Written | null> {
  const { committed, bound, position, source, name } = reader;
  let to = committed;
  let events = 0;
  let bytes = 0;
  for (const batch of reader.batches) {
    // Between the events before it and this one there is nothing any more.
    if (batch.firstOffset >= bound) return { to: bound, events, position };
    const records = await recordsOf(batch).catch((error: unknown) => {
      throw damaged(name, error);
    });
    for (const record of records) {
      if (record.offset < committed) continue;
      if (record.offset >= bound || events >= maxEvents || bytes >= CHUNK_BYTES) return { to, events, position };
      const read = fields.decoded ? await fields.of(record, source.topic) : fields.read(record, source.topic);
      const added = add(record.offset, read.raw, read.record);
      if (!(added === true || (await added))) return null;
      events += 1;
      bytes += record.value?.length ?? 0;
      to = record.offset + 1;
    }
    to = Math.max(to, Math.min(batch.lastOffset + 1, bound));
    // Heartbeats and fetches have their turn in between.
    await setImmediate();
  }
  return { to, events, position };
}
