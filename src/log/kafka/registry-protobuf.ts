import { isoText } from './registry-avro.js';

/** The part of `protobufjs` that is used here. It is a dependency of the registry's package, not ours. */
export interface Protobufjs {
  readonly parse: { readonly defaults: { keepCase?: boolean } };
  readonly common: { get(file: string): { readonly nested?: object } | null };
}

interface ProtoField {
  readonly name: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Truthy, not always true. */
  readonly hasPresence: unknown;
  readonly typeDefault: unknown;
  readonly resolvedType: ProtoType | ProtoEnum | null;
}

interface ProtoEnum {
  readonly valuesById: Readonly<Record<number, string>>;
}

export interface ProtoType {
  readonly fullName: string;
  readonly parent: ProtoScope | null;
  readonly root: { lookup(path: string): unknown; addJSON(nested: object): unknown; resolveAll(): unknown };
  readonly fieldsArray: readonly ProtoField[];
  readonly nestedArray: readonly object[];
  decode(bytes: Uint8Array): object;
}

export function isProtoType(value: unknown): value is ProtoType {
  return typeof value === 'object' && value !== null && 'fieldsArray' in value && 'decode' in value;
}

interface ProtoScope {
  readonly nestedArray: readonly object[];
}

const WELL_KNOWN = ['timestamp', 'duration', 'wrappers', 'struct', 'any', 'empty', 'field_mask'].map(
  (name) => `google/protobuf/${name}.proto`,
);

export function isProtobufjs(value: unknown): value is Protobufjs {
  return typeof value === 'object' && value !== null && 'parse' in value && 'common' in value;
}

/** Before any schema is parsed. Fields keep the names they have in the schema: protobufjs would make `order_id` an `orderId`. */
export function keepFieldNames(protobufjs: Protobufjs): void {
  protobufjs.parse.defaults.keepCase = true;
}

/** Schemas whose types are all resolved. */
const complete = new WeakSet<ProtoType>();

/**
 * Reads a Protobuf value behind the schema's id: the path of its message type within the schema, then the message.
 * Fields that are not there have their default where Protobuf cannot tell the two apart (proto3 without `optional`), else NULL.
 *
 * @param first the first message type of the schema
 * @throws Error when the bytes are none
 */
export function readProtobuf(first: ProtoType, bytes: Buffer, { common }: Protobufjs): unknown {
  if (!complete.has(first)) {
    for (const file of WELL_KNOWN) {
      const nested = common.get(file)?.nested;
      // What every Protobuf compiler brings along need not be registered as a reference.
      if (nested !== undefined && first.root.lookup(probeOf(file)) === null) first.root.addJSON(nested);
    }
    // Which fields track their presence is known only then.
    first.root.resolveAll();
    complete.add(first);
  }
  const { path, message } = taken(bytes);
  let type: ProtoType | undefined;
  for (const index of path) type = messagesOf(type ?? first.parent)[index];
  if (type === undefined) throw new Error(`the schema has no message type ${path.join('.')}`);
  return valueOf(type, type.decode(message));
}

/** A type by which a well-known file is recognized. */
function probeOf(file: string): string {
  const name = /(\w+)\.proto$/.exec(file)?.[1] ?? '';
  const type: Readonly<Record<string, string>> = { wrappers: 'Int64Value', field_mask: 'FieldMask' };
  return `google.protobuf.${type[name] ?? name.charAt(0).toUpperCase() + name.slice(1)}`;
}

/** Indexes in order of declaration, as zigzag numbers after their count; 0 alone is the first type. Source: Confluent, "Wire format". */
function taken(bytes: Buffer): { path: number[]; message: Buffer } {
  let at = 0;
  const zigzag = (): number => {
    for (let value = 0, factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new Error('the value ends before its message');
  };
  const count = zigzag();
  if (count < 0 || count > bytes.length) throw new Error('the value names no message type');
  const path = count === 0 ? [0] : Array.from({ length: count }, zigzag);
  return { path, message: bytes.subarray(at) };
}

function messagesOf(scope: ProtoScope | null): ProtoType[] {
  return (scope?.nestedArray ?? []).filter(isProtoType);
}

function valueOf(type: ProtoType, message: object): unknown {
  const members: Readonly<Record<string, unknown>> = { ...message };
  if (type.fullName === '.google.protobuf.Timestamp') return momentOf(members);
  // The wrappers are messages of one field, for values that may be absent.
  if (/^\.google\.protobuf\.\w+Value$/.test(type.fullName) && type.fieldsArray.length === 1)
    return fieldOf(type.fieldsArray[0], members);
  return Object.fromEntries(type.fieldsArray.map((field) => [field.name, fieldOf(field, members)]));
}

function fieldOf(field: ProtoField | undefined, members: Readonly<Record<string, unknown>>): unknown {
  if (field === undefined) return null;
  const given = Object.hasOwn(members, field.name) ? members[field.name] : undefined;
  const one = (value: unknown): unknown => {
    const type = field.resolvedType;
    if (type === null || value === null) return value;
    if ('valuesById' in type) return type.valuesById[Number(value)] ?? value;
    return typeof value === 'object' ? valueOf(type, value) : value;
  };
  if (field.repeated) return Array.isArray(given) ? given.map(one) : [];
  if (field.map)
    return Object.fromEntries(Object.entries({ ...(given ?? {}) }).map(([name, value]) => [name, one(value)]));
  if (given !== undefined) return one(given);
  return field.hasPresence ? null : defaultOf(field, one);
}

function defaultOf({ typeDefault }: ProtoField, one: (value: unknown) => unknown): unknown {
  // The only list among the defaults is the empty one of `bytes`: only proto3 has fields without presence, and no defaults but these.
  return Array.isArray(typeDefault) ? Buffer.alloc(0) : one(typeDefault);
}

/** Seconds and nanoseconds as a text; digits beyond microseconds stay, and do not fit a column of times. */
function momentOf({ seconds, nanos }: Readonly<Record<string, unknown>>): string {
  const fraction = Number(nanos ?? 0);
  if (fraction < 0 || fraction > 999_999_999) throw new Error('a moment with more than a second of nanoseconds');
  return `${isoText(Number(String(seconds ?? 0)) * 1000, 19)}.${String(fraction).padStart(9, '0')}Z`;
}
