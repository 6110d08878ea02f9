import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CutoverError } from '../model/errors.js';
import { configFile } from '../../test/integration/config-file.js';

const VALID = `version: 1
store: { kind: duckdb, path: "\${DIR:-.cutover}/x.duckdb", memory_limit: 4GB }
log:
  path: [a/*.csv, b.csv]
  schema: { id: text, amount: "decimal(18,2)", at: timestamptz, tags: "text[]" }
  event_time: at
ingest: { max_events: \${N}, max_wait: 1s }
pipelines:
  silver: &silver
    key: [day, kind]
    batch: { sql: "select 1", every: 15m, partition_by: { column: day, from: at::date } }
    stream: { sql: "select 1", setup: "select 1" }
    compare:
      columns:
        amount: { absolute: 0.01, relative: 1e-9, because: sums, until: 2027-01-31 }
        tags: { set: true, null_equals: empty }
    gate: { max_mismatch_rate: 0, min_keys: 100, consecutive_passes: 3, max_age: 1h }
    canary: { steps: [0.5, 25, 100], dwell: { cycles: 3 }, approve: [25], rollback_at: 0.001, auto: false, salt: s }
  gold:
    <<: *silver
    after: silver
    batch: { command: [python, job.py], cron: "*/5 * * * *" }
`;

const ENV = { N: '100' };
const file = configFile();

async function outcome(text: string, env: NodeJS.ProcessEnv = ENV): Promise<'loaded' | 'refused'> {
  try {
    await file.load(text, env);
    return 'loaded';
  } catch (error) {
    if (!(error instanceof CutoverError)) throw error;
    expect(error.message).not.toBe('');
    expect(error.place?.line).toBeGreaterThanOrEqual(1);
    expect(error.place?.column).toBeGreaterThanOrEqual(1);
    return 'refused';
  }
}

it('the file that is mutated is valid', async () => expect(await outcome(VALID)).toBe('loaded'));

const FRAGMENTS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '*silver',
  '&x ',
  '<<: ',
  '${',
  '${N}',
  '$${',
  '"',
  "'",
  '\n',
  '\n  ',
  '\t',
  '#',
  '!!int ',
  '? ',
  '|',
  '.nan',
  '-1',
  '1e400',
  'null',
  '~',
  '__proto__: 1',
  'constructor: {}',
  'toString',
  '\u0000',
  '\uE001',
  '😀',
  'true',
];

it('random insertions, deletions and swaps are loaded or refused with a place, never anything else', async () => {
  const edit = fc.tuple(
    fc.nat(VALID.length),
    fc.nat(12),
    fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 5, unit: 'binary' }), fc.constant('')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      let text = VALID;
      for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length);
      await outcome(text);
    }),
    { numRuns: 400 },
  );
});

it('whole lines may be lost, doubled or moved', async () => {
  const lines = VALID.split('\n');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(lines.length - 1), { minLength: 1, maxLength: lines.length }), async (order) => {
      await outcome(order.map((index) => lines[index]).join('\n'));
    }),
    { numRuns: 300 },
  );
});

it('any value may stand in a scalar, and a variable never breaks out of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (value) => {
      fc.pre(!value.includes('\u0000'));
      const text = VALID.replace('salt: s', 'salt: ${SALT}');
      expect(await outcome(text, { ...ENV, SALT: value })).toBe(/\S/.test(value) ? 'loaded' : 'refused');
      await outcome(VALID, { N: value });
    }),
    { numRuns: 300 },
  );
});
