import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Consumer } from '../../../test/contracts/event-log.js';
import { fileLogs } from '../../../test/contracts/file-log.js';
import type { RawRecord } from '../contract.js';

const logs = fileLogs();
beforeEach(() => mkdir(join(logs.root, 'in')));

/** What a retry by the schema `now` gives of the records that do not fit `then`: offset, each column, the reason. */
async function retried(then: Record<string, string>, now: Record<string, string>): Promise<(string | null)[][]> {
  const consumer = new Consumer(logs.reader);
  await consumer.drain(await logs.open(then), 100);
  const records = consumer.events.flatMap(({ offset, error, raw }): RawRecord[] =>
    error === null ? [] : [{ offset, reason: error, raw }],
  );
  const log = await logs.open(now);
  const [state] = consumer.known;
  const reread = state === undefined ? undefined : await log.retry?.(state, records);
  if (reread?.source.kind !== 'relation') throw new Error('no relation');
  const values = Object.keys(now).map((name) => `CAST("${name}" AS VARCHAR)`);
  const rows = await logs.reader.rows(
    `SELECT CAST(_offset AS VARCHAR), ${values.join(', ')}, _error FROM ${reread.source.sql} ORDER BY _offset`,
  );
  await reread.release();
  expect(
    await readdir(join(logs.root, 'tmp')).then(
      async ([folder]) => (folder === undefined ? [] : readdir(join(logs.root, 'tmp', folder))),
      () => [],
    ),
  ).toEqual([]);
  return rows;
}

describe('records that are read again', () => {
  it('of NDJSON are exact, and those whose text is not that of the file never fit', async () => {
    await writeFile(
      join(logs.root, 'in/a.ndjson'),
      Buffer.concat([
        Buffer.from('{"a":1,"b":"x"}\n{"a":12345678901,"b":"y"}\n{"a":3000000000,"b":"\ufffd"}\nno JSON\n'),
        Buffer.from([...Buffer.from('{"a":2,"b":"'), 0xff, ...Buffer.from('"}\n')]),
      ]),
    );
    expect(await retried({ a: 'integer', b: 'text' }, { a: 'decimal(20,3)', b: 'text' })).toEqual([
      ['1', '12345678901.000', 'y', null],
      ['2', '3000000000.000', '\ufffd', null],
      ['3', null, null, 'not valid JSON'],
      ['4', null, null, 'not valid UTF-8'],
    ]);
  });

  it('of CSV are taken apart as the header of their file says', async () => {
    await writeFile(join(logs.root, 'in/a.csv'), 'b;skipped;a\nx;;1\n"two\nlines";;12345678901\ny;1\n');
    expect(await retried({ a: 'integer', b: 'text' }, { a: 'bigint', b: 'text' })).toEqual([
      ['1', '12345678901', 'two\nlines', null],
      ['2', null, null, '2 values where the header names 3 columns'],
    ]);
  });

  it('of Parquet come from the file: the text that was kept is not exact', async () => {
    await logs.reader.rows(
      `COPY (SELECT * FROM (VALUES (1::DOUBLE, 1.5::DECIMAL(38,10), '\\xAA'::BLOB), (1.5, 12345678901234567890.0123456789, '\\xBB'::BLOB), (2, 1, NULL)) t(d, n, x))
       TO '${join(logs.root, 'in/a.parquet')}' (FORMAT parquet)`,
    );
    const schema = { n: 'decimal(38,10)', x: 'bytes' };
    expect(await retried({ d: 'integer', ...schema }, { d: 'double', ...schema })).toEqual([
      ['1', '1.5', '12345678901234567890.0123456789', '\\xBB', null],
    ]);
  });

  it('need the file as it was', async () => {
    await writeFile(join(logs.root, 'in/a.ndjson'), '{"a":"x"}\n');
    const consumer = new Consumer(logs.reader);
    const log = await logs.open({ a: 'integer' });
    await consumer.drain(log, 10);
    await writeFile(join(logs.root, 'in/a.ndjson'), '{"a":"y"}\n');
    const [state] = consumer.known;
    if (state === undefined) throw new Error('nothing was read');
    await expect(log.retry?.(state, [{ offset: 0, reason: '', raw: '{"a":1}' }])).rejects.toMatchObject({
      code: 'LOG_FILE_REPLACED',
    });
  });
});
