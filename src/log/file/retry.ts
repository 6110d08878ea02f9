import { rm } from 'node:fs/promises';
import type { RawRecord, Reread } from '../contract.js';
import { rejected, NOT_UTF8 } from '../record/record.js';
import type { TextColumn } from '../record/record.js';
import { ScratchFile, scratchRelation } from '../record/scratch.js';
import type { TextFormat } from './text-format.js';

/** Parses records of a text file again, from the text that was kept of them. */
export async function rereadText(
  records: readonly RawRecord[],
  format: TextFormat,
  columns: readonly TextColumn[],
  eventTime: string | undefined,
  path: string,
): Promise<Reread> {
  const scratch = await ScratchFile.create(path);
  try {
    for (const { offset, raw, reason } of records) {
      // Bytes that are not UTF-8 were replaced when the text was kept: it is no longer what the file holds.
      const lossy = reason === NOT_UTF8;
      const record = lossy ? rejected(columns, NOT_UTF8) : raw === null ? rejected(columns, reason) : format.parse(raw);
      if (scratch.add(offset, raw ?? '', record)) await scratch.flush();
    }
    const longestLine = await scratch.finish();
    return {
      source: { kind: 'relation', sql: scratchRelation(path, longestLine, columns, eventTime) },
      release: () => rm(path, { force: true }),
    };
  } catch (error) {
    await scratch.abandon().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
}
