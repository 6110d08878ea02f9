import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Consumer } from '../../../test/contracts/event-log.js';
import { fileLogs } from '../../../test/contracts/file-log.js';
import type { Logger } from '../../model/ports.js';
import { silentLogger } from '../../model/ports.js';

const logs = fileLogs();

describe('NDJSON', () => {
  it('hands numbers and json columns on exactly as they are written', async () => {
    await logs.put(
      'in/a.ndjson',
      '{"d":12345678901234567.89,"b":9223372036854775807,"t":1.10,"j":{"x": [1.10,12345678901234567890]},"l":[0.1,null]}\n',
    );
    const [event] = await logs.readAll(
      await logs.open({ d: 'decimal(30,2)', b: 'bigint', t: 'text', j: 'json', l: 'decimal(5,3)[]' }),
    );
    expect(event).toMatchObject({
      error: null,
      values: {
        d: '12345678901234567.89',
        b: '9223372036854775807',
        t: '1.10',
        j: '{"x": [1.10,12345678901234567890]}',
        l: '[0.100, NULL]',
      },
    });
  });

  it('quarantines what does not fit, with the reason and the line, and goes on', async () => {
    const lines = [
      '{"n":1}',
      '{"n":1.5}',
      'not json',
      '[1]',
      '{"n":{"a":1}}',
      '{"n":1,"n":2}',
      '{"n":1,}',
      '{"n":NaN}',
      '{"other":1}',
      '{"n":null}',
      '{"n":"7"}',
    ];
    await logs.put('in/a.ndjson', `${lines.join('\n')}\n`);
    const events = await logs.readAll(await logs.open({ n: 'integer' }));
    expect(events.map((event) => [event.values['n'], event.error])).toEqual([
      ['1', null],
      [null, `column "n": '1.5' does not fit integer`],
      [null, 'not valid JSON'],
      [null, 'not a JSON object'],
      [null, `column "n": '{"a":1}' does not fit integer (declare it as json)`],
      [null, 'column "n": stands twice in the object'],
      [null, 'not valid JSON'],
      [null, 'not valid JSON'],
      [null, null],
      [null, null],
      ['7', null],
    ]);
    expect(events.map((event) => event.raw)).toEqual(lines);
  });

  it('reads a byte order mark, CR LF, blank lines, NUL characters and bad bytes', async () => {
    const bad = Buffer.concat([Buffer.from('{"s":"'), Buffer.from([0xff]), Buffer.from('"}\n')]);
    const start = Buffer.from('\ufeff{"s":"é😀"}\r\n\n  \r\n{"s":"a\\u0000b"}\n{"s":"\\ud800"}\n');
    await logs.put('in/a.ndjson', Buffer.concat([start, bad, Buffer.from('{"s":"last"}')]));
    const events = await logs.readAll(await logs.open({ s: 'text' }), 2);
    expect(events.map((event) => event.values['s'])).toEqual(['é😀', 'a\0b', null, null, 'last']);
    expect(events.map((event) => event.error)).toEqual([
      null,
      null,
      'column "s": holds half of a surrogate pair, which is no character',
      'not valid UTF-8',
      null,
    ]);
  });

  it('reads lines of megabytes', async () => {
    const long = 'x"é'.repeat(1_200_000);
    await logs.put('in/a.ndjson', `{"s":"a"}\n${JSON.stringify({ s: long })}\n{"s":"b"}\n`);
    const events = await logs.readAll(await logs.open({ s: 'text' }));
    expect(events.map((event) => event.values['s']?.length)).toEqual([1, long.length, 1]);
    expect(events[1]?.values['s'] === long).toBe(true);
  });

  it('picks up appended lines, and leaves an unfinished one until it is whole', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
    const path = await logs.put('in/a.ndjson', '{"n":1}\n{"n":');
    const log = await logs.open({ n: 'integer' }, { logger });
    const consumer = new Consumer(logs.reader);
    expect((await consumer.drain(log, 10)).map((event) => event.values['n'])).toEqual(['1']);
    expect(await consumer.drain(log, 10)).toEqual([]);
    expect(warnings).toEqual(['the last record of in/a.ndjson is unfinished and left until the rest of it arrives']);
    await appendFile(path, '2}');
    expect((await consumer.drain(log, 10)).map((event) => event.values['n'])).toEqual(['2']);
    expect(await consumer.drain(log, 10)).toEqual([]);
    await appendFile(path, '\n{"n":3}\n');
    await logs.put('in/0.ndjson', '{"n":4}\n');
    const later = await consumer.drain(await logs.open({ n: 'integer' }), 10);
    expect(later.map((event) => [event.partition, event.values['n']])).toEqual([
      ['in/a.ndjson', '3'],
      ['in/0.ndjson', '4'],
    ]);
    expect(consumer.known.map((state) => [state.partition, state.name, state.nextOffset])).toEqual([
      [0, 'in/a.ndjson', 3],
      [1, 'in/0.ndjson', 1],
    ]);
  });

  it('refuses a last line that was continued after it was read', async () => {
    const path = await logs.put('in/a.ndjson', '{"n":1}');
    const log = await logs.open({ n: 'integer' });
    const consumer = new Consumer(logs.reader);
    await consumer.drain(log, 10);
    await appendFile(path, ' {"n":2}\n');
    await expect(consumer.drain(log, 10)).rejects.toMatchObject({ code: 'LOG_FILE_REPLACED' });
  });

  it('needs a schema, and files', async () => {
    await expect((await logs.open({ n: 'integer' })).columns()).rejects.toMatchObject({ code: 'LOG_NO_FILES' });
    expect(await (await logs.open({ n: 'integer' })).next([], 10)).toBeNull();
    await logs.put('in/a.ndjson', '{"n":1}\n');
    await expect((await logs.open(null)).columns()).rejects.toMatchObject({ code: 'LOG_SCHEMA_MISMATCH' });
    await logs.put('in/b.dat', '');
    await expect((await logs.open({ n: 'integer' })).columns()).rejects.toMatchObject({ code: 'LOG_FILE_UNREADABLE' });
  });

  it('quarantines a text that is no event time, and leaves no temporary files', async () => {
    await logs.put('in/a.ndjson', '{"at":"2024-01-01T00:00:00+01:00"}\n{"at":"soon"}\n');
    const log = await logs.open({ at: 'text' }, { eventTime: 'at' });
    const events = await logs.readAll(log);
    expect(events.map((event) => [event.eventTime, event.error])).toEqual([
      ['2023-12-31 23:00:00+00', null],
      [null, `column "at": 'soon' does not fit an event time`],
    ]);
    expect(await readdir(join(logs.root, 'tmp'), { recursive: true })).toHaveLength(1);
    await log.close();
    expect(await readdir(join(logs.root, 'tmp'))).toEqual([]);
  });
});

describe('CSV', () => {
  it('takes NULL, empty texts, quotes and line breaks apart, and quarantines records by their offset', async () => {
    const records = ['1,"",x', '2,,"a ""b""\r\nc"', '3,only two', '"4"x,,', '5,5" pipe,z', 'six,,'];
    await logs.put('in/a.csv', `n,t,u\r\n${records.join('\r\n')}\r\n\r\n`);
    const events = await logs.readAll(await logs.open({ u: 'text', t: 'text', n: 'integer' }), 2);
    expect(events.map(({ values, error }) => [values['n'], values['t'], values['u'], error])).toEqual([
      ['1', '', 'x', null],
      ['2', null, 'a "b"\r\nc', null],
      [null, null, null, '2 values where the header names 3 columns'],
      [null, null, null, 'text follows a closing quote'],
      ['5', '5" pipe', 'z', null],
      [null, null, null, `column "n": 'six' does not fit integer`],
    ]);
    expect(events.map((event) => event.raw)).toEqual(records);
  });

  it('finds the narrowest type that holds every value exactly', async () => {
    await logs.put(
      'in/a.csv',
      'i,d,long,zip,day,at,zoned,flag,none,mixed\n' +
        '1,1.5,12345678901234567.89,01234,2024-01-01,2024-01-01 10:00:00,2024-01-01T10:00:00+02:00,true,,1\n' +
        '-2,3,1.5,99999,2024-12-31,2024-01-01T11:00:00Z,2024-01-01T10:00:00Z,FALSE,,x\n',
    );
    const log = await logs.open(null, { eventTime: 'at' });
    expect((await log.columns()).map((column) => column.type)).toEqual([
      'bigint',
      'double',
      'text',
      'text',
      'date',
      'timestamp',
      'timestamptz',
      'boolean',
      'text',
      'text',
    ]);
    const [first] = await logs.readAll(log);
    expect(first).toMatchObject({
      eventTime: '2024-01-01 10:00:00+00',
      values: { long: '12345678901234567.89', zip: '01234' },
    });
  });

  it.each([
    ['a quote that is never closed', 'n\n1\n"2\n3\n', 3],
    ['bytes that are not UTF-8', Buffer.from([0x6e, 0x0a, 0x31, 0x0a, 0xff, 0x0a]), 3],
    ['UTF-16', Buffer.from([0xff, 0xfe, 0x6e, 0x00]), 1],
  ])('refuses %s, with its line', async (_, content, line) => {
    await logs.put('in/a.csv', content);
    const log = await logs.open({ n: 'text' });
    await expect(logs.readAll(log)).rejects.toMatchObject({
      code: 'LOG_FILE_UNREADABLE',
      place: { file: 'in/a.csv', line },
    });
  });

  it('refuses a header that lacks a declared column or names one twice', async () => {
    await logs.put('in/a.csv', 'n\n1\n');
    await expect(logs.readAll(await logs.open({ n: 'text', m: 'text' }))).rejects.toMatchObject({
      code: 'LOG_SCHEMA_MISMATCH',
    });
    await logs.put('in/a.csv', 'n,N\n1,2\n');
    await expect(logs.readAll(await logs.open(null))).rejects.toMatchObject({ code: 'LOG_SCHEMA_MISMATCH' });
  });
});
