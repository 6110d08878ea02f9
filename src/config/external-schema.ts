import { z } from 'zod';
import * as value from './values.js';
import { strict } from './values.js';

/** What stands in the configuration for a side that somebody else writes. */

const table = z.string({ error: 'must be schema.table' }).regex(/^[^.\s"]+\.[^."]*[^.\s"]$/, {
  error: 'must be schema.table: a table or view of the store, with its schema',
});

/** Measured on a Flink job: its table was 0 to 105,000 events ahead of what its group had committed. */
const consumerGroup = z
  .never({
    error:
      "is refused: a consumer group's committed offsets are only a lower bound of what the table holds, never a cut; rows that were written since the last commit would differ. Name a table or query that the job itself writes in the same transaction as its rows, or align by quiescent, window or settle",
  })
  .optional()
  .describe('Refused: committed offsets of a consumer group say only what a table holds at least.');

const watermark = (what: string) =>
  strict({
    column: value.text.optional().describe("The largest value of this column of the side's table."),
    sql: value.sqlText.optional().describe('A query that gives the time, as one row with one value.'),
  }).describe(what);

const progress = strict({
  table: table.optional().describe('Table that names the offsets, written in the transaction that writes the rows.'),
  sql: value.sqlText
    .optional()
    .describe('A query instead of a table: columns partition and next_offset (see partition and offset).'),
  partition: value.text
    .default('partition')
    .describe('Column with the name of the partition as cutover names it: topic/0, or the path of a file.'),
  offset: value.text
    .default('next_offset')
    .describe('Column with the offset of the first event that the table does not reflect.'),
  wait: value.duration.optional().describe('Longest wait for both sides to stand at the same offsets. Default: 10s.'),
  consumer_group: consumerGroup,
});

const quiescent = strict({
  settle: value.duration
    .optional()
    .describe('How long log and table must not change; more than the job needs to apply what it read. Default: 10s.'),
  wait: value.duration.optional().describe('Longest wait for that to happen. Default: three times settle.'),
  consumer_group: consumerGroup,
});

const window = strict({
  column: value.text.describe('Column of both tables that names the window of a row: a date or a timestamp.'),
  size: value.duration
    .optional()
    .describe('Length of a window, whose begin the column holds. Default: the column holds its end.'),
  lateness: value.duration
    .optional()
    .describe('How long after its end a window may still change, in the time of the watermarks. Default: 0.'),
  watermark: watermark('Up to which event time the side has got.'),
  nulls: z
    .enum(['inconclusive', 'compare', 'leave_out'])
    .optional()
    .describe(
      'Rows without a window: the verdict is inconclusive, or they are compared, or left out. Default: inconclusive.',
    ),
});

const settle = strict({
  delay: value.duration
    .optional()
    .describe('Time before keys that differ are compared again: more than a side may lag behind. Default: 10s.'),
  rounds: value.count(1).max(20).optional().describe('How often at the most. Default: 3.'),
  max_in_flux: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe('Share of the keys that may keep moving; not above gate.max_mismatch_rate, which is the default.'),
  watermark: watermark('With it the delay is at least twice the lag between the two sides.').optional(),
  max_delay: value.duration.optional().describe('Longest delay that a lag leads to. Default: ten times delay.'),
});

export const external = strict({
  table: table.describe('The table or view that somebody else writes, as schema.table; it stands in the store.'),
  align: strict({
    progress: progress.optional().describe('A table or query names the offsets that the side reflects. Exact.'),
    quiescent: quiescent.optional().describe('The log and the table stand still.'),
    window: window.optional().describe('Only rows of closed windows are compared.'),
    settle: settle.optional().describe('What differs is compared again; what stays is a discrepancy.'),
  }).describe('How the side is brought to the same input as the other: exactly one.'),
});

export type ExternalInput = z.output<typeof external>;
export type AlignInput = ExternalInput['align'];
