import { rm } from 'node:fs/promises';
import type { RawRecord, Reread } from '../contract.js';
import { HOLDS_NUL, NOT_UTF8, rejected } from '../record/record.js';
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
  holdsNul: boolean,
): Promise<Reread> {
  const scratch = await ScratchFile.create(path, holdsNul);
  try {
    for (const { offset, raw, reason } of records) {
      // What is no UTF-8, or no text to the store, was replaced when the text was kept: it is no longer what the file holds.
      const lossy = reason === NOT_UTF8 || reason === HOLDS_NUL;
      const record = lossy ? rejected(columns, reason) : raw === null ? rejected(columns, reason) : format.parse(raw);
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
