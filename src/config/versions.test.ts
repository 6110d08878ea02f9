import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CutoverError } from '../model/errors.js';
import type { Project } from '../model/project.js';
import { loadProject } from './load.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function load(pipelines: string): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-versions-'));
  folders.push(folder);
  const file = join(folder, 'cutover.yaml');
  writeFileSync(file, `version: 1\nlog: { path: a.csv }\npipelines:\n${pipelines}`);
  return loadProject(file, {});
}

async function problem(pipelines: string): Promise<string> {
  try {
    await load(pipelines);
  } catch (error) {
    if (error instanceof CutoverError) return error.message;
    throw error;
  }
  return '';
}

const job = (sql: string): string => `{ sql: ${sql}, setup: create table p (a int) }`;
const pipeline = (name: string, batch: string, stream = job('insert 2'), rest = ''): string =>
  `  ${name}: { key: a, ${rest}batch: { ${batch} }, stream: ${stream} }\n`;
const one = (batch: string, stream?: string): string => pipeline('p', batch, stream);

describe('a batch side that is another version of the stream job', () => {
  it('is read as a stream job with a schedule', async () => {
    const { pipelines } = await load(one(`stream: ${job('insert 1')}, every: 1h`));
    expect(pipelines[0]?.batch).toMatchObject({
      kind: 'stream',
      job: { kind: 'sql', sql: { text: 'insert 1' }, setup: { text: 'create table p (a int)' } },
      schedule: { every: 3_600_000 },
      hold: 'snapshot',
    });
  });

  it.each([
    ['no job', one('stream: { setup: create table p }'), 'p.batch.stream: must have exactly one of sql, module; none'],
    ['no tables', one('stream: { sql: insert 1 }'), 'p.batch.stream.setup: is missing'],
    [
      'no tables on the other side',
      one(`stream: ${job('insert 1')}`, '{ sql: insert 2 }'),
      'p.stream.setup: is missing',
    ],
    ['partitions', one(`stream: ${job('insert 1')}, partition_by: a`), 'partition_by: is only for sql, not for stream'],
    [
      'a copy',
      one(`stream: ${job('insert 1')}, hold: copy`),
      'p.batch.hold: copy is for a batch job that runs by itself',
    ],
    ['a timeout', one(`stream: ${job('insert 1')}, timeout: 1h`), 'timeout: is only for a command, not for stream'],
    [
      'two kinds',
      one(`stream: ${job('insert 1')}, replay: true`),
      'exactly one of sql, command, replay, stream, external',
    ],
    [
      'an external stream side',
      one(`stream: ${job('insert 1')}`, '{ external: { table: x.p, align: { settle: { delay: 1s } } } }'),
      'p.batch.stream: is fed by the same micro-batches as the stream side, and that one is external',
    ],
    [
      'connected pipelines of which only one has it',
      one(`stream: ${job('insert 1')}`) + pipeline('q', 'sql: select 1', job('insert 3'), 'after: p, '),
      'q.after[0]: the batch side of p is a version of its stream job, that of q is not; connected pipelines must have it alike',
    ],
  ])('is refused with %s', async (_, pipelines, expected) => {
    expect(await problem(pipelines)).toContain(expected);
  });
});
