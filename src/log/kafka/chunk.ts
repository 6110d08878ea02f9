import { rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Chunk } from '../contract.js';
import { rejected, type TextColumn } from '../record/record.js';
import { ScratchFile, scratchRelation } from '../record/scratch.js';
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
  /** Path of the scratch file to write. */
  readonly scratch: string;
}

/** The next run of a partition's events: what waits in its reader from the store's offset on. Errors: LOG_UNREADABLE. */
export async function takeChunk(request: ChunkRequest): Promise<Chunk> {
  const { reader, columns, eventTime } = request;
  const scratch = await ScratchFile.create(request.scratch, request.holdsNul);
  try {
    const { to, events, position } =
      reader.step === null ? await writeRecords(request, scratch) : writeStep(request, scratch);
    const longest = await scratch.finish();
    return {
      partition: reader.partition,
      name: reader.name,
      from: reader.committed,
      to,
      events,
      source: { kind: 'relation', sql: scratchRelation(scratch.path, longest, columns, eventTime) },
      position,
      epoch: reader.epoch,
      release: () => rm(scratch.path, { force: true }),
    };
  } catch (error) {
    await scratch.abandon().catch(() => undefined);
    await rm(scratch.path, { force: true });
    throw error;
  }
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

async function writeRecords({ reader, fields, maxEvents }: ChunkRequest, scratch: ScratchFile): Promise<Written> {
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
      const { record: parsed, raw } = await fields.of(record, source.topic);
      if (scratch.add(record.offset, raw, parsed)) await scratch.flush();
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
