import { z } from 'zod';
import * as value from './values.js';
import { strict } from './values.js';

const partitionBy = z.union(
  [
    value.text,
    strict({
      column: value.text.describe('Column of the view whose values are the partitions.'),
      from: value.text
        .optional()
        .describe(
          'SQL expression over events that gives the partition of the rows that an event changes. Default: the column of the same name.',
        ),
      lookback: value.duration
        .optional()
        .describe('Partitions (dates or times) no older than this, counted back from the newest, are always computed.'),
      full_every: value.duration.prefault('24h').describe('How often all rows are computed all the same.'),
    }),
  ],
  { error: 'must be a column, or a map with column, from, lookback and full_every' },
);

export const viewSchema = strict({
  sql: value.sql.describe('One query over the names that readers read: the path of a .sql file, or the SQL itself.'),
  description: value.text.optional().describe('What the view shows, for people.'),
  every: value.duration.optional().describe('Time between two refreshes. Default: 15m.'),
  cron: value.cron.optional().describe('Schedule of the refreshes in five cron fields, instead of `every`.'),
  partition_by: partitionBy.optional().describe('Compute only the partitions that new events touched.'),
});

export type ViewInput = z.output<typeof viewSchema>;
