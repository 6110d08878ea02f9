import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChunkRun, ChunksDone } from '../../src/diff/chunks.js';
import { compareInChunks } from '../../src/diff/compare-in-chunks.js';
import { compareTables } from '../../src/diff/compare.js';
import type { DiffInput, DiffOutcome } from '../../src/diff/input.js';
import { silentProgress, type Clock } from '../../src/model/ports.js';
import type { SqlSession, Store } from '../../src/store/contract.js';
import { createTable, storeForTables, randomTables } from './diff-tables.js';

const RUNS = Number(process.env['CUTOVER_PROPERTY_RUNS'] ?? 60);

let store: Store;
let session: SqlSession;
beforeAll(async () => {
  ({ store, session } = await storeForTables());
});
afterAll(() => store.close());

/** A clock on which every chunk takes as long as wanted: they stay as small as the first. */
let time = 0;
const clock: Clock = { now: () => new Date((time += 1)), sleep: () => Promise.resolve() };

function runOf(more: Partial<ChunkRun> = {}): ChunkRun {
  return {
    rowsInSlice: 1,
    firstRows: 1,
    target: 1,
    clock,
    progress: silentProgress,
    before: null,
    onChunk: () => Promise.resolve(),
    breathe: () => Promise.resolve(0),
    ...more,
  };
}

/** What has to be the same however the keys are cut. */
function findings(outcome: DiffOutcome): unknown {
  const { plan: _, discrepancies, ...rest } = outcome;
  // Two rows of one NULL key have no order.
  return { ...rest, discrepancies: discrepancies.map((one) => JSON.stringify(one)).sort() };
}

class Killed extends Error {}

/** Compares with a chunk after which everything is lost that was not kept, again and again; resumes from what was kept, as a file keeps it. */
async function byFits(
  input: DiffInput,
  fits: readonly number[],
  rowsInSlice: number,
): Promise<ChunksDone & { found: DiffOutcome }> {
  let kept: ChunksDone | null = null;
  for (const fit of fits) {
    let left = fit;
    const onChunk = (done: ChunksDone): Promise<void> => {
      kept = JSON.parse(JSON.stringify(done)) as ChunksDone;
      left -= 1;
      return left > 0 ? Promise.resolve() : Promise.reject(new Killed());
    };
    const done = await compareInChunks(
      session,
      store.dialect,
      input,
      runOf({ rowsInSlice, before: kept, onChunk }),
    ).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    if (done !== undefined) return done;
  }
  return compareInChunks(session, store.dialect, input, runOf({ rowsInSlice, before: kept }));
}

describe('compareInChunks', () => {
  it('finds what one comparison finds, however often it is interrupted, whatever the types, NULLs and duplicates of the keys', async () => {
    const kinds = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        randomTables(store.kind),
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom(1, 4, 8),
        async (tables, fits, limit, rowsInSlice) => {
          await createTable(session, 'left_table', 'batch', tables, tables.batch);
          await createTable(session, 'right_table', 'stream', tables, tables.stream);
          // Else the server takes an empty table for one of thousands of rows.
          if (store.kind === 'postgres') await session.script('ANALYZE left_table; ANALYZE right_table');
          const input: DiffInput = {
            batch: 'left_table',
            stream: 'right_table',
            key: tables.key.map((_, index) => `key ${index}`),
            rules: { columns: {} },
            today: '2026-01-01',
            unique: { batch: false, stream: false },
            limit: limit === 0 ? 1000 : limit,
          };
          const whole = await compareTables(session, store.dialect, input);
          const done = await byFits(input, fits, rowsInSlice);
          if (input.limit === 1000) expect(findings(done.found)).toEqual(findings(whole));
          else expect(done.found.discrepancies.length).toBe(whole.discrepancies.length);
          expect(done.next).toBe(done.slices.count);
          const { kind, count } = done.slices;
          if (count > 1) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        },
      ),
      { numRuns: RUNS },
    );
    // Both ways of cutting were taken.
    expect([...kinds.keys()].some((kind) => kind !== 'hash')).toBe(true);
    expect(kinds.has('hash')).toBe(true);
  }, 240_000);
});
