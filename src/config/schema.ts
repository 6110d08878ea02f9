import { z } from 'zod';
import { compare } from './compare-schema.js';
import { external } from './external-schema.js';
import { kafkaLog } from './kafka-schema.js';
import * as value from './values.js';
import { strict } from './values.js';
import { viewSchema } from './view-schema.js';

/** The shape of `cutover.yaml`. Every key has a description: they are shown by editors through the published JSON Schema. */

const schemas = (served: string) =>
  strict({
    batch: value.schemaName.default('cutover_batch').describe('Schema of the tables that batch jobs write.'),
    stream: value.schemaName.default('cutover_stream').describe('Schema of the tables that stream jobs write.'),
    served: value.schemaName.default(served).describe('Schema of the served views that readers use.'),
  }).superRefine((names, context) => {
    const given = [names.batch, names.stream, names.served];
    if (new Set(given).size < given.length) {
      context.addIssue({ code: 'custom', message: 'batch, stream and served must be three different schemas' });
    }
  });

const store = z.discriminatedUnion('kind', [
  strict({
    kind: z.literal('duckdb').describe('An embedded DuckDB file: nothing to install, one process at a time.'),
    path: value.text.default('.cutover/cutover.duckdb').describe('Database file; relative to this file.'),
    schemas: schemas('main').prefault({}).describe('Names of the schemas in the store.'),
    memory_limit: value.memoryLimit
      .optional()
      .describe("Most memory the database may use, such as 4GB. Default: DuckDB's own."),
  }),
  strict({
    kind: z.literal('postgres').describe('A PostgreSQL server (14 or newer), shared by several processes.'),
    url: value.text.describe(
      'Connection URL, best from a variable: ${DATABASE_URL}. What it leaves out comes from PGPASSWORD, .pgpass and the other PG* variables.',
    ),
    schemas: schemas('public').prefault({}).describe('Names of the schemas in the store.'),
  }),
]);

const fileFormat = z.enum(['parquet', 'csv', 'ndjson']);

const log = z.discriminatedUnion('kind', [
  strict({
    kind: z.literal('file').optional().describe('Files: one partition per file, offset = row number. The default.'),
    path: value.textOrList('a path or glob').describe('Path, glob, or list of them; relative to this file.'),
    format: fileFormat.optional().describe("Format of the files. Default: by each file's ending."),
    schema: z
      .record(value.eventColumn, value.columnType)
      .refine((columns) => Object.keys(columns).length > 0, { error: 'must name at least one column' })
      .optional()
      .describe(
        'Columns in order, name to type: text, boolean, integer, bigint, double, decimal(p,s), date, timestamp, timestamptz, json, bytes, or one with []. Needed for NDJSON.',
      ),
    event_time: value.text.optional().describe('Column that holds the time at which an event happened.'),
  }),
  kafkaLog,
]);

const ingest = strict({
  max_events: value.count(1).default(10_000).describe('Most events in a micro-batch.'),
  max_wait: value.duration.prefault('1s').describe('Longest time that a micro-batch waits to be filled.'),
  max_quarantined: value.count(0).default(0).describe('Quarantined events past which a comparison is inconclusive.'),
});

const landing = strict({
  keep: value.duration
    .optional()
    .describe('Events that arrived longer ago are pruned once no batch job needs them. Default: all are kept.'),
});

const partitionBy = z.union(
  [
    value.text,
    strict({
      column: value.text.describe('Column of the output whose values are the partitions.'),
      from: value.text
        .optional()
        .describe("SQL expression over events that gives an event's partition. Default: the column of the same name."),
      lookback: value
        .count(0)
        .default(0)
        .describe('How many of the newest partitions are recomputed and compared besides, touched or not.'),
      full_every: value.duration
        .prefault('24h')
        .describe('How often everything is recomputed and compared all the same.'),
    }),
  ],
  { error: 'must be a column, or a map with column, from, lookback and full_every' },
);

/** A stream job of cutover's own. */
const streamJob = {
  sql: value.sql
    .optional()
    .describe(
      'Statements for each micro-batch, which they see as `batch_events`: the path of a .sql file, or the SQL itself.',
    ),
  module: value.modulePath.optional().describe('JavaScript or TypeScript file that exports a reducer.'),
  setup: value.sql
    .optional()
    .describe("SQL that creates the job's tables, instead of one made from the batch query's columns."),
};

const batch = strict({
  sql: value.sql.optional().describe('One query over the view `events`: the path of a .sql file, or the SQL itself.'),
  command: z
    .array(value.text, { error: 'must be a list of the program and its arguments, such as [python, job.py]' })
    .min(1, { error: 'must name a program' })
    .optional()
    .describe('Program and arguments, as a list.'),
  replay: z
    .literal(true, { error: 'must be true, or be left out' })
    .optional()
    .describe('The stream job itself, run again from the first event.'),
  stream: strict(streamJob)
    .optional()
    .describe('Another version of the stream job, fed by the same micro-batches: see docs/patterns.md.'),
  external: external.optional().describe('Somebody else writes the table: see docs/external.md.'),
  output: fileFormat.optional().describe('Command only: format of the file it writes. Default: parquet.'),
  timeout: value.duration.optional().describe('Command only: time after which it is stopped. Default: 1h.'),
  events: z
    .boolean()
    .optional()
    .describe(
      'Command only: whether it is given the events as a file. false: it reads its input elsewhere. Default: true.',
    ),
  code: z.array(value.text).optional().describe("Command only: files whose content is part of the job's code."),
  every: value.duration.optional().describe('Time between two cycles. Default: 15m.'),
  cron: value.cron.optional().describe('Schedule of the cycles in five cron fields, instead of `every`.'),
  hold: z
    .enum(['snapshot', 'copy'])
    .optional()
    .describe('How the stream side is held still during a cycle. Default: snapshot; copy for a command.'),
  hold_limit: value.duration.prefault('10m').describe('A job whose last run took longer is held by copy.'),
  partition_by: partitionBy
    .optional()
    .describe('SQL only: recompute and compare only the partitions that new events touched.'),
});

const stream = strict({
  ...streamJob,
  external: external.optional().describe('Somebody else writes the table: see docs/external.md.'),
});

const serve = strict({
  merge: z
    .union(
      [
        value.text,
        strict({
          window: value.text.describe('Column of the key that names the window of a row, such as an hour.'),
          from: value.text
            .optional()
            .describe(
              "SQL expression over events that gives an event's window. Default: that of partition_by for this column, or the column of the same name.",
            ),
        }),
      ],
      { error: 'must be the window column, or a map with window and from' },
    )
    .describe(
      "Keys that are not on the stream yet are read from batch where their window is closed, and from the stream where events came after the batch side's cut.",
    ),
});

const gate = strict({
  max_mismatch_rate: z.number().min(0).lt(1).default(0).describe('Largest share of keys that may differ.'),
  min_keys: value.count(1).default(1).describe('Least number of keys that must have been compared.'),
  consecutive_passes: value.count(1).default(3).describe('How many comparisons in a row must have passed.'),
  max_age: value.duration.prefault('1h').describe('Greatest age of the newest comparison.'),
});

const canary = strict({
  steps: z
    .array(z.number().gt(0).max(100))
    .min(1)
    .default([1, 5, 10, 25, 50, 100])
    .describe('Percent of keys that read the stream, ascending; the last one is 100.'),
  dwell: strict({
    cycles: value.count(0).default(3).describe('Completed cycles on a step before the next one.'),
  })
    .prefault({})
    .describe('How long a step lasts at least.'),
  approve: z.array(z.number()).default([]).describe('Steps that need an approval before they are taken.'),
  rollback_at: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe(
      'Mismatch rate above which the canary is rolled back; not below gate.max_mismatch_rate. Default: 0.001, or that rate if it is higher.',
    ),
  auto: z.boolean().default(false).describe('`cutover run` takes the steps by itself.'),
  salt: value.text.optional().describe("Text that decides which keys come first. Default: the pipeline's name."),
});

export const pipelineSchema = strict({
  key: value.textOrList('a column').describe('Column or columns that identify a row.'),
  after: value.textOrList('the name of a pipeline', 0).optional().describe('Pipelines whose tables this one reads.'),
  batch: batch.describe('The batch job: exactly one of sql, command, replay, stream, external.'),
  stream: stream.describe('The stream job: exactly one of sql, module, external.'),
  compare: compare.prefault({}).describe('How the two sides are compared.'),
  serve: serve.optional().describe('What readers get before the cutover. Default: batch rows alone.'),
  gate: gate.prefault({}).describe('What must be proven before a step.'),
  canary: canary.prefault({}).describe('How readers are moved.'),
});

export const configSchema = strict({
  version: z.literal(1, { error: 'must be 1' }).describe('Version of this format.'),
  store: store.prefault({ kind: 'duckdb' }).describe('Where events, tables and results are kept.'),
  log: log.optional().describe('The events. Needed unless both sides of every pipeline are external.'),
  ingest: ingest.prefault({}).describe('How events are taken in.'),
  landing: landing.prefault({}).describe('How long events are kept.'),
  pipelines: z
    .record(value.pipelineName, pipelineSchema)
    .refine((pipelines) => Object.keys(pipelines).length > 0, { error: 'must name at least one pipeline' })
    .describe('The tables under migration, by name.'),
  views: z
    .record(value.viewName, viewSchema)
    .default({})
    .describe('Queries over the served names whose rows are kept and refreshed, by name.'),
});

export type ConfigInput = z.output<typeof configSchema>;
export type PipelineInput = z.output<typeof pipelineSchema>;
export type BatchInput = z.output<typeof batch>;
export type LogInput = z.output<typeof log>;
