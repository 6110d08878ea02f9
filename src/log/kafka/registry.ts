import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { CutoverError, messageOf } from '../../model/errors.js';
import type { KafkaLogConfig } from '../../model/project.js';
import { jsonText } from './json-text.js';
import type { Decode } from './record-fields.js';
import { avroOptions, isAvsc, type Avsc } from './registry-avro.js';
import { isProtobufjs, isProtoType, keepFieldNames, readProtobuf, type Protobufjs } from './registry-protobuf.js';

const PACKAGE = '@kafkajs/confluent-schema-registry';
const REQUEST_TIMEOUT = 10_000;
/** A zero, then the schema's id. */
const HEADER = 5;

type RegistrySettings = NonNullable<KafkaLogConfig['registry']>;

/** The registry does not answer, or not with what was asked for: nothing is known about the value, and it is decoded later. */
export class RegistryAway extends Error {
  override readonly name = 'RegistryAway';
}

/** Errors: LOG_UNREACHABLE. */
export function registryUnreachable({ url }: RegistrySettings, error: unknown): CutoverError {
  return new CutoverError(
    'LOG_UNREACHABLE',
    `the schema registry ${shown(url)} cannot be reached: ${messageOf(error)}`,
    'Check log.registry.url, and that the registry can be reached from here. Nothing was skipped: the next run goes on at the same place.',
  );
}

/**
 * Reads values that a schema registry describes (Avro, JSON Schema, Protobuf) as JSON texts. The package that does it is optional.
 * The decoder throws `RegistryAway`, and LOG_UNREACHABLE when the registry refuses this user.
 * Errors: LOG_REGISTRY when the package is not installed.
 */
export async function registryDecoder(settings: RegistrySettings): Promise<Decode> {
  const { SchemaRegistry } = await import('@kafkajs/confluent-schema-registry').catch((error: unknown) => {
    throw new CutoverError(
      'LOG_REGISTRY',
      `the package ${PACKAGE} cannot be loaded: ${messageOf(error)}`,
      'Install it beside cutover: it is needed only for log.format: registry.',
      { cause: error },
    );
  });
  const { avsc, protobufjs } = decodersOf();
  keepFieldNames(protobufjs);
  const options: object = {
    AVRO: avroOptions(avsc),
    // The columns decide what fits; keywords and formats that ajv does not know are no reason to refuse a value.
    JSON: { strict: false, validateFormats: false, validateSchema: false, logger: false },
  };
  const { url, username, password } = settings;
  const client = new SchemaRegistry(
    {
      host: url,
      ...(username !== undefined && { auth: { username, password: password ?? '' } }),
      middlewares: [
        () => ({
          prepareRequest: async (next) => (await next()).enhance({ timeout: REQUEST_TIMEOUT }),
        }),
      ],
    },
    options,
  );
  return async (value) => {
    if (value.length < HEADER || value[0] !== 0) return { misfit: 'not a value of a schema registry: no schema id' };
    const id = value.readInt32BE(1);
    const schema = await schemaOf(client, id, settings);
    if ('misfit' in schema) return schema;
    try {
      return jsonOf(schema, value.subarray(HEADER), protobufjs);
    } catch (error) {
      return { misfit: `does not fit schema ${id} of the registry: ${messageOf(error)}` };
    }
  };
}

/** The copies that the registry's package itself uses. */
function decodersOf(): { readonly avsc: Avsc; readonly protobufjs: Protobufjs } {
  const own = createRequire(createRequire(import.meta.url).resolve(PACKAGE));
  const avsc: unknown = own('avsc');
  const protobufjs: unknown = own('protobufjs');
  if (isAvsc(avsc) && isProtobufjs(protobufjs)) return { avsc, protobufjs };
  throw new CutoverError(
    'LOG_REGISTRY',
    `the decoders of the package ${PACKAGE} are not those that cutover knows`,
    'Install version 3.9 of it beside cutover.',
  );
}

type Schema = Awaited<ReturnType<SchemaRegistry['getSchema']>>;

async function schemaOf(
  client: SchemaRegistry,
  id: number,
  settings: RegistrySettings,
): Promise<Schema | { readonly misfit: string }> {
  try {
    return await client.getSchema(id);
  } catch (error) {
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    if (status === undefined) return { misfit: `schema ${id} of the registry cannot be used: ${messageOf(error)}` };
    if (status === 404) return { misfit: `the registry has no schema ${id}` };
    if (status === 401 || status === 403)
      throw new CutoverError(
        'LOG_UNREACHABLE',
        `the schema registry ${shown(settings.url)} refuses this user (status ${status})`,
        'Check log.registry.username and log.registry.password, and the right of that user to read schemas.',
      );
    throw new RegistryAway(messageOf(error).replace(/^.*? - /, ''));
  }
}

/** @throws Error when the value is not one of this schema */
function jsonOf(schema: Schema, payload: Buffer, protobufjs: Protobufjs): string {
  if ('validate' in schema) {
    if (!isUtf8(payload)) throw new Error('not valid UTF-8');
    schema.fromBuffer(payload);
    // The text itself: what was parsed has its numbers rounded.
    return payload.toString('utf8');
  }
  // The message type of a Protobuf schema is private to the package; Avro schemas have none.
  const type = 'message' in schema && isProtoType(schema.message) ? schema.message : undefined;
  const text = jsonText(type === undefined ? schema.fromBuffer(payload) : readProtobuf(type, payload, protobufjs));
  // The decoders put this character where bytes are no UTF-8.
  if (text.includes('\uFFFD') && !payload.includes('\uFFFD')) throw new Error('a text that is not valid UTF-8');
  return text;
}

/** Without what may stand in it as user and password. */
function shown(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
