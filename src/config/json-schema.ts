import { z } from 'zod';
import { configSchema } from './schema.js';

type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

const VARIABLE: Json = { type: 'string', pattern: '\\$\\{' };

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Lets a variable (`${NAME}`) stand wherever a number, a truth value or a text of a certain form is expected: its value is
 * known only when the file is loaded. Names of keys cannot be variables.
 */
function allowVariables(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(allowVariables);
  if (!isMap(schema)) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'properties' && isMap(value)) {
        return [
          key,
          Object.fromEntries(Object.entries(value).map(([name, property]) => [name, allowVariables(property)])),
        ];
      }
      return [key, ['items', 'additionalProperties', 'anyOf', 'oneOf'].includes(key) ? allowVariables(value) : value];
    }),
  );
  const { type, description, default: standard, ...constraints } = inner;
  const scalar = type === 'number' || type === 'integer' || type === 'boolean';
  // The pattern of a text that must not be empty admits a variable by itself.
  const pattern = inner['pattern'] === '\\S' ? undefined : inner['pattern'];
  const formed = type === 'string' && (pattern !== undefined || inner['enum'] !== undefined);
  if (type === undefined || (!scalar && !formed)) return inner;
  return {
    ...(description !== undefined && { description }),
    ...(standard !== undefined && { default: standard }),
    anyOf: [{ type, ...constraints }, VARIABLE],
  };
}

/** The JSON Schema of `cutover.yaml`, for editors: what a user may write, with a description of every key. */
export function configJsonSchema(): { [key: string]: Json } {
  const generated: unknown = JSON.parse(
    JSON.stringify(z.toJSONSchema(configSchema, { io: 'input', reused: 'inline' })),
  );
  const allowed = allowVariables(z.json().parse(generated));
  const { $schema, ...rest } = isMap(allowed) ? allowed : {};
  return {
    ...($schema !== undefined && { $schema }),
    $id: 'urn:cutover:schema:configuration:1',
    title: 'cutover.yaml',
    description: 'Configuration of cutover: the events, the store, and the pipelines under migration.',
    ...rest,
  };
}
