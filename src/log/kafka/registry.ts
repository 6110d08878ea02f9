import { CutoverError, messageOf } from '../../model/errors.js';
import type { KafkaLogConfig } from '../../model/project.js';
import type { Decode } from './record-fields.js';

/**
 * Reads values that a schema registry describes (Avro, JSON Schema, Protobuf) as JSON texts. The package that does it is optional.
 * Errors: LOG_REGISTRY when it is not installed.
 */
export async function registryDecoder(registry: NonNullable<KafkaLogConfig['registry']>): Promise<Decode> {
  const { url, username, password } = registry;
  const { SchemaRegistry } = await import('@kafkajs/confluent-schema-registry').catch((error: unknown) => {
    throw new CutoverError(
      'LOG_REGISTRY',
      `the package @kafkajs/confluent-schema-registry cannot be loaded: ${messageOf(error)}`,
      'Install it beside cutover: it is needed only for log.format: registry.',
      { cause: error },
    );
  });
  const client = new SchemaRegistry({
    host: url,
    ...(username !== undefined && { auth: { username, password: password ?? '' } }),
  });
  return async (value) => jsonText(await client.decode(value));
}

/**
 * JSON with every digit: 64-bit integers as they are, bytes in base64.
 * A number that is not finite has no JSON; it becomes a text, which the types double and decimal read or refuse.
 */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    default:
      break;
  }
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (isLong(value)) return value.toString();
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`);
  return `{${members.join(',')}}`;
}

/** The 64-bit integers of protobufjs. */
function isLong(value: object): boolean {
  return 'low' in value && 'high' in value && 'unsigned' in value;
}
