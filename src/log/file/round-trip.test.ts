import { appendFile, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, RelationReader } from '../../../test/contracts/event-log.js';
import { silentLogger } from '../../model/ports.js';
import type { LogConfig } from '../../model/project.js';
import { openFileLog } from './open.js';
import { ndjsonFormat } from './text-format.js';
import { frameRecords } from './text-window.js';

let reader: RelationReader;
let root: string;
beforeAll(async () => {
  reader = await RelationReader.open();
  root = await mkdtemp(join(tmpdir(), 'round-trip-'));
});
afterAll(async () => {
  reader.close();
  await rm(root, { recursive: true });
});

const SCHEMA = [
  { name: 'text "1"', type: 'text' },
  { name: 'f0', type: 'decimal(38,6)' },
  { name: 'v0', type: 'bigint' },
  { name: 'e', type: 'boolean' },
  { name: 'j', type: 'json' },
];

interface Row {
  readonly text: string | null;
  readonly decimal: string | null;
  readonly integer: string | null;
  readonly flag: boolean | null;
  readonly json: string | null;
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\n', '\r', ',', '\\', '\0', ' ', '\ufeff', 'é', '😀', 'a', '#') }),
);
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 31n), max: 10n ** 31n }), fc.integer({ min: 0, max: 999_999 }))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(6, '0')}`);
const row: fc.Arbitrary<Row> = fc.record({
  text: fc.option(text),
  decimal: fc.option(decimal),
  integer: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  flag: fc.option(fc.boolean()),
  json: fc.option(
    fc
      .jsonValue()
      .filter((value) => value !== null)
      .map((value) => JSON.stringify(value)),
  ),
});

/** Numbers are written as tokens, so that nothing passes through a double. */
function ndjson(rows: readonly Row[], newline: string): string {
  const names = SCHEMA.map((column) => JSON.stringify(column.name));
  return rows
    .map((each) => {
      const values = [JSON.stringify(each.text), each.decimal, each.integer, each.flag, each.json];
      return `{${values.map((value, index) => `${names[index]}: ${value}`).join(', ')}}${newline}`;
    })
    .join('');
}

function csv(rows: readonly Row[], newline: string): string {
  const quote = (value: string | null): string => (value === null ? '' : `"${value.replaceAll('"', '""')}"`);
  return rows
    .map((each) => {
      const flag = each.flag === null ? '' : String(each.flag);
      return `${[quote(each.text), each.decimal ?? '', each.integer ?? '', flag, quote(each.json)].join(',')}${newline}`;
    })
    .join('');
}

const FORMATS = {
  ndjson: { head: '', write: ndjson },
  csv: { head: `${SCHEMA.map((column) => `"${column.name.replaceAll('"', '""')}"`).join(',')}\n`, write: csv },
};

describe.each(['ndjson', 'csv'] as const)('%s', (kind) => {
  const { head, write } = FORMATS[kind];

  it('gives back what was written, whatever the chunks, restarts and appends', async () => {
    let run = 0;
    const scenario = fc.record({
      parts: fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
      newline: fc.constantFrom('\n', '\r\n'),
      steps: fc.infiniteStream(
        fc.record({ max: fc.integer({ min: 1, max: 5 }), part: fc.integer({ min: 1, max: 5 }), restart: fc.boolean() }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ parts, newline, steps }) => {
        const path = join(root, `${run++}.${kind}`);
        const config: LogConfig = { kind: 'file', paths: [path], schema: SCHEMA };
        const reopen = (): ReturnType<typeof openFileLog> => openFileLog(config, root, join(root, 'tmp'), silentLogger);
        const consumer = new Consumer(reader);
        let log = await reopen();
        await writeFile(path, head);
        for (const rows of parts) {
          await appendFile(path, write(rows, newline));
          for (let more = true; more;) {
            const { max, part, restart } = steps.next().value;
            if (restart) {
              await log.close();
              log = await reopen();
            }
            more = await consumer.step(log, max, () => part);
          }
        }
        await log.close();
        expect(consumer.events.map((event) => event.error)).toEqual(parts.flat().map(() => null));
        expect(consumer.events.map((event) => SCHEMA.map((column) => event.values[column.name]))).toEqual(
          parts.flat().map((each) => [each.text, each.decimal, each.integer, each.flag?.toString() ?? null, each.json]),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('frameRecords', () => {
  it('finds the same records in windows of any size', async () => {
    const path = join(root, 'windows.ndjson');
    const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', '\r') }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 40 }), async (written, windowBytes) => {
        await writeFile(path, written.map((line) => `${line}\n`).join(''));
        const file = await open(path);
        try {
          const { size } = await file.stat();
          const start = { offset: 0, bytes: 0, line: 0, open: false };
          const found = [];
          for await (const records of frameRecords(file, 'x', ndjsonFormat([]), start, size, windowBytes).windows) {
            found.push(...records);
          }
          const kept = written.filter((line) => /[^ \r]/.test(line));
          expect(found.map((record) => record.text)).toEqual(kept.map((line) => line.replace(/\r$/, '')));
          expect(found.map((record) => record.utf8)).toEqual(kept.map(() => true));
          expect(found.map((record) => record.after.offset)).toEqual(kept.map((_, index) => index + 1));
        } finally {
          await file.close();
        }
      }),
      { numRuns: 200 },
    );
  });
});
