import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Consumer } from '../../../test/contracts/event-log.js';
import { fileLogs } from '../../../test/contracts/file-log.js';
import { describeReadError } from './open.js';

const logs = fileLogs();

describe('Parquet', () => {
  it('quarantines values that would change in the declared type', async () => {
    const path = await logs.put("in/k=1/it's [a]*.parquet", '');
    await logs.reader.rows(
      `COPY (SELECT * FROM (VALUES (1.5::DOUBLE, 'x'), (2, '3'), (NULL, NULL)) AS t(s0, "v1""")) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`,
    );
    const log = await logs.open({ s0: 'integer', 'v1"': 'integer' });
    const events = await logs.readAll(log);
    expect(events.map(({ values, error }) => [values['s0'], values['v1"'], error])).toEqual([
      [null, null, `column "s0": '1.5' does not fit integer; column "v1"": 'x' does not fit integer`],
      ['2', '3', null],
      [null, null, null],
    ]);
    expect(events[0]?.raw).toBe('{"s0":1.5,"v1\\"":"x"}');
  });

  it('refuses a file with other columns or types, or that is no Parquet file', async () => {
    await logs.reader.rows(`COPY (SELECT 1::INTEGER AS a) TO '${await logs.put('in/a.parquet', '')}' (FORMAT parquet)`);
    await logs.reader.rows(`COPY (SELECT 1::BIGINT AS a) TO '${await logs.put('in/b.parquet', '')}' (FORMAT parquet)`);
    await expect(logs.readAll(await logs.open(null))).rejects.toMatchObject({
      code: 'LOG_SCHEMA_MISMATCH',
      message: 'in/b.parquet: column "a" has the type BIGINT, in the first file INTEGER.',
    });
    expect(await logs.readAll(await logs.open({ a: 'bigint' }))).toHaveLength(2);
    await logs.put('in/c.parquet', 'PAR1 but no more');
    await expect(logs.readAll(await logs.open({ a: 'bigint' }))).rejects.toMatchObject({
      code: 'LOG_FILE_UNREADABLE',
      place: { file: 'in/c.parquet' },
    });
  });

  it('names the file when its middle is corrupted', async () => {
    const path = await logs.put('in/a.parquet', '');
    await logs.reader.rows(
      `COPY (SELECT range AS a, md5(range::VARCHAR) AS b FROM range(50000)) TO '${path}' (FORMAT parquet)`,
    );
    const bytes = await readFile(path);
    bytes.fill(0xa5, 20_000, 400_000);
    await writeFile(path, bytes);
    const chunk = await (await logs.open(null)).next([], 100_000);
    expect(chunk).not.toBeNull();
    if (chunk === null) return;
    const error: unknown = await logs.reader.read(chunk, ['a', 'b']).catch((thrown: unknown) => thrown);
    expect(describeReadError(error, chunk.name)).toMatchObject({
      code: 'LOG_FILE_UNREADABLE',
      place: { file: 'in/a.parquet' },
    });
    expect(describeReadError(new Error('Constraint Error: Duplicate key'), chunk.name)).toBeNull();
  });
});

describe.each(['parquet', 'csv', 'ndjson'] as const)('a %s file that was read', (format) => {
  const schema = { n: 'integer' };
  async function write(values: readonly number[]): Promise<string> {
    if (format === 'csv') return logs.put('in/a.csv', `n\n${values.map((n) => `${n}\n`).join('')}`);
    if (format === 'ndjson') return logs.put('in/a.ndjson', values.map((n) => `{"n":${n}}\n`).join(''));
    const path = await logs.put('in/a.parquet', '');
    const rows = values.map((n) => `(${n}::INTEGER)`).join(', ');
    await logs.reader.rows(`COPY (FROM (VALUES ${rows}) AS t(n)) TO '${path}' (FORMAT parquet)`);
    return path;
  }

  it.each([
    [
      'shorter',
      () => write([11, 12]).then(() => undefined),
      format === 'parquet' ? 'LOG_FILE_REPLACED' : 'LOG_FILE_SHRUNK',
    ],
    ['other values', () => write([11, 12, 14, 15]).then(() => undefined), 'LOG_FILE_REPLACED'],
    ['gone', () => rm(join(logs.root, `in/a.${format}`)), 'LOG_FILE_GONE'],
  ])('must stay: %s', async (_, change, code) => {
    await write([11, 12, 13]);
    const log = await logs.open(schema);
    const consumer = new Consumer(logs.reader);
    await consumer.drain(log, 2);
    await change();
    await expect(log.next(consumer.known, 10)).rejects.toMatchObject({ code });
    await expect((await logs.open(schema)).next(consumer.known, 10)).rejects.toMatchObject({ code });
  });

  it('may be touched', async () => {
    const path = await write([11, 12, 13]);
    const log = await logs.open(schema);
    const consumer = new Consumer(logs.reader);
    await consumer.drain(log, 2);
    await utimes(path, new Date(0), new Date(0));
    expect(await log.next(consumer.known, 10)).toBeNull();
  });
});
