import { rm } from 'node:fs/promises';
import type { PartitionState, RawRecord, Reread } from '../contract.js';
import { rejected, type TextColumn } from '../record/record.js';
import { ScratchFile, scratchRelation, withoutNul } from '../record/scratch.js';
import { Past, type PastOptions } from './past.js';
import { sourceOf } from './position.js';
import type { Fields, RecordFields } from './record-fields.js';

const GONE = 'the record is no longer in Kafka';
const CHANGED = 'what Kafka has at this offset is no longer the record that was read';

export interface RetryRequest extends PastOptions {
  readonly state: PartitionState;
  readonly records: readonly RawRecord[];
  readonly fields: RecordFields;
  readonly columns: readonly TextColumn[];
  readonly eventTime: string | undefined;
  readonly holdsNul: boolean;
  /** Path of the scratch file to write. */
  readonly scratch: string;
}

/**
 * Reads records in quarantine again, from Kafka: the quarantine has their values only, not their keys, headers and times.
 * Errors: LOG_UNREACHABLE, LOG_UNREADABLE.
 */
export async function rereadRecords(request: RetryRequest): Promise<Reread> {
  const { state, records, columns, eventTime } = request;
  const scratch = await ScratchFile.create(request.scratch, request.holdsNul);
  try {
    const first = records.find((record) => record.lost !== true);
    const past = first === undefined ? null : await Past.open(request, state, first.offset);
    for (const record of records) {
      const { record: parsed, raw } = await again(request, past, record);
      if (scratch.add(record.offset, raw, parsed)) await scratch.flush();
    }
    const longest = await scratch.finish();
    return {
      source: { kind: 'relation', sql: scratchRelation(scratch.path, longest, columns, eventTime) },
      release: () => rm(scratch.path, { force: true }),
    };
  } catch (error) {
    await scratch.abandon().catch(() => undefined);
    await rm(scratch.path, { force: true });
    throw error;
  }
}

async function again({ state, fields, columns }: RetryRequest, past: Past | null, kept: RawRecord): Promise<Fields> {
  const { offset, reason } = kept;
  const raw = kept.raw ?? '';
  // Nothing that could be read stands behind it, whatever Kafka has at its offset now.
  if (kept.lost === true) return { record: rejected(columns, reason), raw };
  const record = past === null ? null : await past.at(offset);
  if (record === null) return { record: rejected(columns, reason.endsWith(GONE) ? reason : `${reason}; ${GONE}`), raw };
  const found = await fields.of(record, sourceOf(state.name).topic);
  return kept.raw === null || asKept(found.raw) === asKept(raw) ? found : { record: rejected(columns, CHANGED), raw };
}

/** A text as a store gives it back: without a byte order mark at its start, and maybe with U+0000 in another form. */
function asKept(text: string): string {
  return withoutNul(text.replace(/^\uFEFF/, ''));
}
