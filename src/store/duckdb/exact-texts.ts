import * as accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/**
 * DuckDB's driver (1.5) reads texts with a decoder that takes U+FEFF at their beginning for a byte order mark, and drops it: two different texts come out alike. Its
 * decoder is exchanged for one that keeps it, once for the process. `diff-values.test.ts` sees whether a newer driver still takes it from there.
 */
export function keepEveryCharacter(): void {
  const { default: shared } = accessors as unknown as { default: { textDecoder: InstanceType<typeof TextDecoder> } };
  if (!shared.textDecoder.ignoreBOM) shared.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
}
