import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RegistryAway, registryDecoder } from '../../src/log/kafka/registry.js';
import type { Decode } from '../../src/log/kafka/record-fields.js';
import { CutoverError } from '../../src/model/errors.js';
import { avroBytes, avroLong, framed, protoField, TestRegistry, varint } from '../kafka/schema-registry.js';

let registry: TestRegistry;
let decode: Decode;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  registry.status = undefined;
  registry.silent = false;
  decode = await registryDecoder({ url: registry.url });
});

const BIG = 9_223_372_036_854_775_807n;

function avro(fields: readonly object[]): Promise<number> {
  return registry.register('t-value', { schema: JSON.stringify({ type: 'record', name: 'Order', fields }) });
}

async function misfit(value: Buffer): Promise<string> {
  const decoded = await decode(value);
  if (typeof decoded === 'string') throw new Error(`it fits: ${decoded}`);
  return decoded.misfit;
}

describe('values of Avro', () => {
  it('come whole: 64-bit numbers, bytes, unions, lists, maps', async () => {
    const id = await avro([
      { name: 'order_id', type: 'long' },
      { name: 'low', type: ['null', { type: 'long' }] },
      { name: 'none', type: ['null', 'string'], default: null },
      { name: 'raw', type: 'bytes' },
      { name: 'ratio', type: 'double' },
      { name: 'tags', type: { type: 'array', items: 'long' } },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'DONE'] } },
    ]);
    const double = Buffer.alloc(8);
    double.writeDoubleLE(0.1);
    const payload = Buffer.concat([
      avroLong(BIG),
      Buffer.concat([avroLong(1n), avroLong(-BIG - 1n)]),
      avroLong(0n),
      avroBytes(Uint8Array.of(0, 255)),
      double,
      Buffer.concat([avroLong(2n), avroLong(9_007_199_254_740_993n), avroLong(-1n), avroLong(0n)]),
      avroLong(1n),
    ]);
    expect(await decode(framed(id, payload))).toBe(
      `{"order_id":${BIG},"low":${-BIG - 1n},"none":null,"raw":"AP8=","ratio":0.1,"tags":[9007199254740993,-1],"state":"DONE"}`,
    );
  });

  it('of logical types come as the texts of the types that columns declare', async () => {
    const logical = (type: unknown, logicalType: string, more: object = {}): object => ({ type, logicalType, ...more });
    const id = await avro([
      { name: 'd', type: logical('int', 'date') },
      { name: 'ms', type: logical('long', 'timestamp-millis') },
      { name: 'us', type: ['null', logical('long', 'timestamp-micros')] },
      { name: 'before', type: logical('long', 'timestamp-micros') },
      { name: 'local', type: logical('long', 'local-timestamp-micros') },
      { name: 'ns', type: logical('long', 'timestamp-nanos') },
      { name: 'amount', type: logical('bytes', 'decimal', { precision: 30, scale: 2 }) },
      { name: 'minus', type: logical('bytes', 'decimal', { precision: 4, scale: 2 }) },
      { name: 'fixed', type: logical('fixed', 'decimal', { name: 'F', size: 2, precision: 4, scale: 1 }) },
    ]);
    const payload = Buffer.concat([
      avroLong(19_675n),
      avroLong(1_700_000_000_123n),
      avroLong(1n),
      avroLong(1_700_000_000_123_456n),
      avroLong(-1n),
      avroLong(1_700_000_000_123_456n),
      avroLong(1_700_000_000_123_456_789n),
      avroBytes(Buffer.from('03fd35eb6d797a91be38f34e', 'hex')),
      avroBytes(Uint8Array.of(0xfb)),
      Uint8Array.of(0xff, 0x9c),
    ]);
    const decoded = await decode(framed(id, payload));
    if (typeof decoded !== 'string') throw new Error(decoded.misfit);
    expect(decoded).toContain('"ns":1700000000123456789');
    expect(JSON.parse(decoded)).toMatchObject({
      d: '2023-11-14',
      ms: '2023-11-14T22:13:20.123Z',
      us: '2023-11-14T22:13:20.123456Z',
      before: '1969-12-31T23:59:59.999999Z',
      local: '2023-11-14T22:13:20.123456',
      amount: '12345678901234567890123456.78',
      minus: '-0.05',
      fixed: '-10.0',
    });
  });

  it('that are not what the schema says do not fit', async () => {
    const id = await avro([{ name: 's', type: 'string' }]);
    expect(await misfit(framed(id, Uint8Array.of(40, 65)))).toContain(`does not fit schema ${id} of the registry: `);
    expect(await misfit(framed(id, Buffer.concat([avroBytes('a'), Uint8Array.of(1)])))).toContain('trailing');
    expect(await misfit(framed(id, avroBytes(Uint8Array.of(0xff, 65))))).toContain('not valid UTF-8');
    expect(await decode(framed(id, avroBytes('\uFFFD')))).toBe('{"s":"\uFFFD"}');
    expect(await misfit(Buffer.from('{"s":1}'))).toBe('not a value of a schema registry: no schema id');
    expect(await misfit(Buffer.from([0, 0, 0]))).toBe('not a value of a schema registry: no schema id');
  });

  it('of another schema of the same name are read by theirs', async () => {
    const one = await avro([{ name: 'a', type: 'long' }]);
    const two = await avro([{ name: 'b', type: 'string' }]);
    expect(await decode(framed(one, avroLong(5n)))).toBe('{"a":5}');
    expect(await decode(framed(two, avroBytes('x')))).toBe('{"b":"x"}');
  });
});

describe('values of JSON Schema', () => {
  it('keep their text, and are held against their schema', async () => {
    const id = await registry.register('t-value', {
      schemaType: 'JSON',
      schema: JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        'connect.name': 'x',
        properties: { n: { type: 'integer' }, at: { type: 'string', format: 'date-time' } },
        required: ['n'],
      }),
    });
    const text = '{"n": 9007199254740993, "price": 1.10, "at":"2024-01-01T00:00:00Z"}';
    expect(await decode(framed(id, Buffer.from(text)))).toBe(text);
    expect(await misfit(framed(id, Buffer.from('{"n":"one"}')))).toContain('invalid payload');
    expect(await misfit(framed(id, Uint8Array.of(0xff)))).toContain('not valid UTF-8');
  });
});

describe('values of Protobuf', () => {
  const SCHEMA = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Order {
  int64 order_id = 1;
  optional int32 rank = 2;
  int32 amount = 3;
  bytes raw = 4;
  google.protobuf.Timestamp ordered_at = 5;
  repeated uint64 items = 6;
  State state = 7;
  google.protobuf.Int64Value total = 8;
  message Line { string text = 1; }
}
enum State { NEW = 0; DONE = 1; }
message Refund { sint64 refund_id = 1; }
`;

  it('come whole, by the names of the schema, with the defaults that are not sent', async () => {
    const id = await registry.register('t-value', { schemaType: 'PROTOBUF', schema: SCHEMA });
    const at = Buffer.concat([protoField(1, 1_700_000_000n), protoField(2, 123_456_000n)]);
    const items = Buffer.concat([varint(18_446_744_073_709_551_615n), varint(1n)]);
    const payload = Buffer.concat([
      protoField(1, -BIG - 1n),
      protoField(2, 0n),
      protoField(3, 7n),
      protoField(4, Uint8Array.of(0, 255)),
      protoField(5, at),
      protoField(6, items),
      protoField(7, 1n),
      protoField(8, protoField(1, BIG)),
    ]);
    const whole =
      `{"order_id":${-BIG - 1n},"rank":0,"amount":7,"raw":"AP8=","ordered_at":"2023-11-14T22:13:20.123456000Z",` +
      `"items":[18446744073709551615,1],"state":"DONE","total":${BIG}}`;
    const empty =
      '{"order_id":0,"rank":null,"amount":0,"raw":"","ordered_at":null,"items":[],"state":"NEW","total":null}';
    // The first type of a schema is written as one zero, or as its path.
    expect(await decode(framed(id, Buffer.concat([Uint8Array.of(0), payload])))).toBe(whole);
    expect(await decode(framed(id, Buffer.concat([Uint8Array.of(2, 0), payload])))).toBe(whole);
    expect(await decode(framed(id, Uint8Array.of(0)))).toBe(empty);
  });

  it('are read by the message type that they name', async () => {
    const id = await registry.register('t-value', { schemaType: 'PROTOBUF', schema: SCHEMA });
    expect(await decode(framed(id, Buffer.concat([Uint8Array.of(2, 2), protoField(1, 3n)])))).toBe('{"refund_id":-2}');
    const line = protoField(1, Buffer.from('a'));
    expect(await decode(framed(id, Buffer.concat([Uint8Array.of(4, 0, 0), line])))).toBe('{"text":"a"}');
    expect(await misfit(framed(id, Uint8Array.of(2, 4)))).toContain('no message type 2');
    expect(await misfit(framed(id, Buffer.alloc(0)))).toContain('ends before its message');
    expect(await misfit(framed(id, Uint8Array.of(0, 0x0a, 9, 1)))).toContain(`does not fit schema ${id}`);
    expect(
      await misfit(framed(id, Buffer.concat([Uint8Array.of(4, 0, 0), protoField(1, Uint8Array.of(255))]))),
    ).toMatch(/not valid UTF-8/);
  });
});

describe('a registry', () => {
  it('is asked once for each schema, with user and password', async () => {
    const id = await avro([{ name: 'a', type: 'long' }]);
    registry.requests = [];
    registry.authorizations = [];
    const known = await registryDecoder({ url: registry.url, username: 'reader', password: 'pass:word' });
    for (let n = 0n; n < 3n; n += 1n) expect(await known(framed(id, avroLong(n)))).toBe(`{"a":${n}}`);
    expect(registry.requests).toEqual([`GET /schemas/ids/${id}`]);
    expect(registry.authorizations).toEqual([`Basic ${Buffer.from('reader:pass:word').toString('base64')}`]);
  });

  it('that does not know the schema says something about the value; one that fails does not', async () => {
    const id = await avro([{ name: 'a', type: 'long' }]);
    const value = framed(id, avroLong(1n));
    expect(await misfit(framed(9999, avroLong(1n)))).toBe('the registry has no schema 9999');
    for (const status of [429, 500, 503]) {
      registry.status = status;
      await expect(decode(value)).rejects.toBeInstanceOf(RegistryAway);
    }
    registry.status = undefined;
    expect(await decode(value)).toBe('{"a":1}');
    const nobody = await registryDecoder({ url: 'http://127.0.0.1:1' });
    await expect(nobody(value)).rejects.toBeInstanceOf(RegistryAway);
  });

  it('that refuses the user is an error without the password', async () => {
    registry.status = 401;
    const url = registry.url.replace('//', '//someone:secret-1@');
    const refused = await registryDecoder({ url, username: 'reader', password: 'secret-2' });
    const error: unknown = await refused(framed(1, Buffer.alloc(1))).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CutoverError);
    expect(error).toMatchObject({
      code: 'LOG_UNREACHABLE',
      message: `the schema registry ${registry.url} refuses this user (status 401)`,
      remedy: expect.stringContaining('log.registry.username') as string,
    });
    expect(inspect(error, { depth: null })).not.toMatch(/secret-[12]/);
  });

  it('that takes a request and never answers is given up', async () => {
    const id = await avro([{ name: 'a', type: 'long' }]);
    registry.silent = true;
    await expect(decode(framed(id, avroLong(1n)))).rejects.toBeInstanceOf(RegistryAway);
  });
});
