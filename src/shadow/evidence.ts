import { createHash } from 'node:crypto';
import type { Evidence } from '../model/comparison.js';
import type { Pipeline, SourceText } from '../model/project.js';

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Line endings and the white space around a text do not change what a job does. */
function code(source: SourceText | undefined): string | null {
  return source === undefined ? null : source.text.replaceAll('\r\n', '\n').trim();
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
    const streamHash = hash([
      stream.kind,
      code(stream.kind === 'sql' ? stream.sql : stream.module),
      code(stream.setup),
      pipeline.key,
      upstream.map((one) => one?.stream),
    ]);
    const batchCode =
      batch.kind === 'sql'
        ? code(batch.sql)
        : batch.kind === 'command'
          ? [batch.argv, batch.output, batch.code.map(code), ...(batch.events ? [] : ['no events'])]
          : ['replay', streamHash];
    evidence.set(pipeline.name, {
      stream: streamHash,
      batch: hash([
        batch.kind,
        batchCode,
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
