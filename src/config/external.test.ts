import { describe, expect, it } from 'vitest';
import type { Pipeline, Project } from '../model/project.js';
import { configFile } from '../../test/integration/config-file.js';

const file = configFile();

const OWN = { batch: { sql: 'select 1' }, stream: { sql: 'select 1' } };

function side(align: object, table = 'flink.t'): object {
  return { external: { table, align } };
}

interface Input {
  readonly pipeline?: object;
  readonly log?: object | null;
  readonly more?: object;
}

function load({ pipeline = {}, log = { path: 'a.csv' }, more = {} }: Input): Promise<Project> {
  const p = { key: 'id', ...OWN, ...pipeline };
  return file.load(JSON.stringify({ version: 1, ...(log === null ? {} : { log }), pipelines: { p, ...more } }));
}

/** What is wrong, without places. */
async function problems(input: Input): Promise<string[]> {
  const error: unknown = await load(input).then(
    () => new Error('nothing is wrong'),
    (reason: unknown) => reason,
  );
  return String(error instanceof Error ? error.message : error)
    .split('\n')
    .map((line) => line.replace(/^.*?cutover\.yaml:\d+:\d+ (?:pipelines\.p\.)?/, ''));
}

const PROGRESS = { progress: { table: 'flink.progress' } };
const QUIESCENT = { quiescent: {} };
const WINDOW = { window: { column: 'w', watermark: { column: 'w' } } };
const SETTLE = { settle: {} };

async function pipelineOf(input: Input): Promise<Pipeline | undefined> {
  return (await load(input)).pipelines[0];
}

describe('an external side', () => {
  it('is loaded with its defaults', async () => {
    const one = await pipelineOf({ pipeline: { stream: side(PROGRESS, 'flink.t') } });
    expect(one?.stream).toEqual({
      kind: 'external',
      table: { schema: 'flink', name: 't' },
      align: {
        kind: 'progress',
        query: 'SELECT "partition" AS partition, "next_offset" AS next_offset FROM "flink"."progress"',
        wait: 10_000,
      },
    });
    expect(one?.batch).toMatchObject({ kind: 'sql', hold: 'snapshot' });
  });

  it('takes from the other side what it does not say, and of two times the longer one', async () => {
    const both = { batch: side({ settle: { delay: '2s', max_in_flux: 0.2, rounds: 5 } }, 'spark.t') };
    const one = await pipelineOf({
      pipeline: {
        ...both,
        stream: side({ settle: { delay: '1s', max_in_flux: 0.1 } }),
        gate: { max_mismatch_rate: 0.5 },
      },
      log: null,
    });
    const align = { kind: 'settle', delay: 2000, rounds: 5, maxInFlux: 0.1, maxDelay: 20_000, watermark: null };
    expect(one?.batch).toMatchObject({ kind: 'external', align });
    expect(one?.stream).toMatchObject({ align });
  });

  it('needs no log where both are external, but one for the end that must stand still', async () => {
    const both = (align: object): object => ({ batch: side(align, 'spark.t'), stream: side(align) });
    expect((await load({ pipeline: both(PROGRESS), log: null })).log).toBeNull();
    expect(await problems({ pipeline: { stream: side(PROGRESS) }, log: null })).toEqual(['log: is missing']);
    expect(await problems({ pipeline: both(QUIESCENT), log: null })).toEqual([
      'batch.external.align.quiescent: needs a `log`, whose end must stand still',
      'stream.external.align.quiescent: needs a `log`, whose end must stand still',
    ]);
  });
});

describe('a bad external side', () => {
  const REFUSED =
    "is refused: a consumer group's committed offsets are only a lower bound of what the table holds, never a cut; rows that were written since the last commit would differ. Name a table or query that the job itself writes in the same transaction as its rows, or align by quiescent, window or settle";

  it.each<[what: string, pipeline: object, ...expected: string[]]>([
    [
      'a consumer group as its progress',
      { stream: side({ progress: { consumer_group: 'flink-orders' } }) },
      `stream.external.align.progress.consumer_group: ${REFUSED}`,
    ],
    [
      'a consumer group that is to stand still',
      { stream: side({ quiescent: { consumer_group: 'flink-orders' } }) },
      `stream.external.align.quiescent.consumer_group: ${REFUSED}`,
    ],
    [
      'no alignment',
      { stream: side({}) },
      'stream.external.align: must have exactly one of progress, quiescent, window, settle; none is given',
    ],
    [
      'two alignments',
      { stream: side({ ...SETTLE, ...PROGRESS }) },
      'stream.external.align: must have exactly one of progress, quiescent, window, settle; progress and settle are given',
    ],
    [
      'no schema',
      { stream: side(SETTLE, 't') },
      'stream.external.table: must be schema.table: a table or view of the store, with its schema',
    ],
    [
      'progress from nowhere',
      { stream: side({ progress: {} }) },
      'stream.external.align.progress: must have exactly one of table, sql',
    ],
    [
      'a watermark from nowhere',
      { stream: side({ window: { column: 'w', watermark: {} } }) },
      'stream.external.align.window.watermark: must have exactly one of column, sql',
    ],
    [
      'a window without a column',
      { stream: side({ window: { watermark: { column: 'w' } } }) },
      'stream.external.align.window.column: is missing',
    ],
    [
      'a window beside a side without event time',
      { stream: side(WINDOW) },
      "stream.external.align.window: needs `log.event_time`: the other side is cutover's own, and its watermark is the newest event",
    ],
    [
      'other alignments on both sides',
      { batch: side(SETTLE, 'spark.t'), stream: side(PROGRESS) },
      'stream.external.align: the batch side is aligned by settle, the stream side by progress; both must be aligned by the same',
    ],
    [
      'one table on both sides',
      { batch: side(SETTLE), stream: side(SETTLE) },
      'stream.external.table: is the table of the batch side: a table always agrees with itself',
    ],
    [
      'a table of cutover',
      { stream: side(SETTLE, 'cutover_stream.p') },
      'stream.external.table: the schema cutover_stream belongs to cutover itself',
    ],
    [
      'its own served view',
      { stream: side(SETTLE, 'main.p') },
      'stream.external.table: main.p is the served view of the pipeline p',
    ],
    [
      'more in flux than may differ',
      { stream: side({ settle: { max_in_flux: 0.1 } }) },
      'stream.external.align.settle.max_in_flux: must not be above gate.max_mismatch_rate (0): what is in flux may differ for good',
    ],
    [
      'a replay of what is not known',
      { batch: { replay: true }, stream: side(SETTLE) },
      'batch.replay: runs the stream job again, which is not known: the stream side is external',
    ],
    [
      'a copy, partitions and a setup',
      {
        batch: { sql: 'select 1', hold: 'copy', partition_by: 'd' },
        stream: { ...side(SETTLE), setup: 'create table p (id int)' },
      },
      'stream.setup: is not for an external table, which somebody else creates',
      'batch.hold: is not for a pipeline with an external side',
      'batch.partition_by: is not for a pipeline with an external side, which is always compared whole',
    ],
  ])('%s', async (_, pipeline, ...expected) => {
    expect((await problems({ pipeline })).sort()).toEqual([...expected].sort());
  });

  it('that another pipeline reads, or that reads one', async () => {
    const more = { q: { key: 'id', ...OWN, after: ['p'] } };
    expect(await problems({ pipeline: { stream: side(SETTLE) }, more })).toEqual([
      'pipelines.q.after[0]: p has an external side, whose table stands at another cut',
    ]);
    const other = { q: { key: 'id', ...OWN } };
    expect(await problems({ pipeline: { stream: side(SETTLE), after: ['q'] }, more: other })).toEqual([
      'after: is not for a pipeline with an external side: what it reads stands at another cut',
    ]);
  });
});
