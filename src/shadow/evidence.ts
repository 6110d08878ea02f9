import { createHash } from 'node:crypto';
import type { Evidence } from '../model/comparison.js';
import type { BatchJob, OwnStreamJob, Pipeline, SourceText } from '../model/project.js';

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Line endings and the white space around a text do not change what a job does. */
function code(source: SourceText | undefined): string | null {
  return source === undefined ? null : source.text.replaceAll('\r\n', '\n').trim();
}

function batchCode(batch: Exclude<BatchJob, { kind: 'stream' }>, streamHash: string): unknown {
  switch (batch.kind) {
    case 'sql':
      return code(batch.sql);
    case 'command':
      return [batch.argv, batch.output, batch.code.map(code), ...(batch.events ? [] : ['no events'])];
    case 'external':
      return [batch.table, batch.align];
    case 'replay':
      return ['replay', streamHash];
  }
}

/** @param upstream the code of the pipelines that it reads, on its own side */
function streamCode(job: OwnStreamJob, key: readonly string[], upstream: readonly (string | undefined)[]): string {
  return hash([job.kind, code(job.kind === 'sql' ? job.sql : job.module), code(job.setup), key, upstream]);
}

/**
 * Hashes of what is deployed, by pipeline: the code of both jobs (with that of every pipeline they read) and the rules.
 * Two comparisons are evidence of the same thing only when all three agree.
 *
 * @param pipelines in dependency order
 */
export function deployedEvidence(pipelines: readonly Pipeline[]): ReadonlyMap<string, Evidence> {
  const evidence = new Map<string, Evidence>();
  for (const pipeline of pipelines) {
    const upstream = pipeline.after.map((name) => evidence.get(name));
    const { batch, stream } = pipeline;
    // Of a side that somebody else writes, all that is known is what is configured.
    const streamHash =
      stream.kind === 'external'
        ? hash(['external', stream.table, stream.align, pipeline.key])
        : streamCode(
            stream,
            pipeline.key,
            upstream.map((one) => one?.stream),
          );
    evidence.set(pipeline.name, {
      stream: streamHash,
      // As on the stream side: a version keeps its hash when it moves from one side to the other.
      batch:
        batch.kind === 'stream'
          ? streamCode(
              batch.job,
              pipeline.key,
              upstream.map((one) => one?.batch),
            )
          : hash([
              batch.kind,
              batchCode(batch, streamHash),
              batch.partitionBy?.column,
              batch.partitionBy?.from,
              pipeline.key,
              upstream.map((one) => one?.batch),
            ]),
      rules: hash([
        Object.entries(pipeline.compare.columns).sort(([a], [b]) => (a < b ? -1 : 1)),
        pipeline.key,
        ...(pipeline.compare.where === undefined ? [] : ['where', pipeline.compare.where]),
        ...(pipeline.compare.map === undefined ? [] : ['map', Object.entries(pipeline.compare.map).sort()]),
      ]),
    });
  }
  return evidence;
}
