/** The part of `avsc` that is used here. It is a dependency of the registry's package, not ours. */
export interface Avsc {
  readonly types: {
    readonly LongType: { __with(methods: LongMethods): unknown };
    readonly LogicalType: new (schema: AvroSchema, options: unknown) => object;
  };
}

export function isAvsc(value: unknown): value is Avsc {
  return typeof value === 'object' && value !== null && 'types' in value;
}

interface LongMethods {
  fromBuffer(bytes: Buffer): bigint;
  toBuffer(value: bigint): Buffer;
  fromJSON(value: number): bigint;
  toJSON(value: bigint): number;
  isValid(value: unknown): boolean;
  compare(one: bigint, other: bigint): number;
}

interface AvroSchema {
  readonly type?: unknown;
  readonly logicalType?: unknown;
  readonly scale?: unknown;
}

/** How a logical type's value is read: what Avro stores, as the text of the type that a column declares. */
type FromStored = (stored: unknown, schema: AvroSchema) => unknown;

const LOGICAL: Readonly<Record<string, FromStored>> = {
  date: (days) => isoText(Number(days) * 86_400_000, 10),
  'timestamp-millis': (ms) => isoText(Number(ms), 23, 'Z'),
  'timestamp-micros': (us) => microsText(Number(us), 'Z'),
  'local-timestamp-millis': (ms) => isoText(Number(ms), 23),
  'local-timestamp-micros': (us) => microsText(Number(us), ''),
  decimal: (bytes, { scale }) => decimalText(bytes, Number(scale ?? 0)),
};

/**
 * Options of the registry's package that read Avro without loss: `long` as a 64-bit integer (by default values above 2^53 are refused), and
 * logical types as texts (by default they come as the numbers and bytes that stand for them).
 */
export function avroOptions({ types }: Avsc): { readonly typeHook: unknown; readonly logicalTypes: unknown } {
  const long = types.LongType.__with({
    fromBuffer: (bytes) => bytes.readBigInt64LE(),
    toBuffer: (value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(value);
      return bytes;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value) => typeof value === 'bigint',
    compare: (one, other) => (one === other ? 0 : one < other ? -1 : 1),
  });
  const logicalTypes = Object.fromEntries(
    Object.entries(LOGICAL).map(([name, read]) => [
      name,
      class extends types.LogicalType {
        readonly #schema: AvroSchema;
        constructor(schema: AvroSchema, options: unknown) {
          super(schema, options);
          this.#schema = schema;
        }
        _fromValue(stored: unknown): unknown {
          return read(stored, this.#schema);
        }
      },
    ]),
  );
  return {
    logicalTypes,
    typeHook: (schema: string | AvroSchema) =>
      schema === 'long' ||
      (typeof schema === 'object' && schema.type === 'long' && !Object.hasOwn(LOGICAL, String(schema.logicalType)))
        ? long
        : undefined,
  };
}

/** @throws Error for a moment that has no such text: the value is then refused, not guessed */
export function isoText(ms: number, digits: number, zone = ''): string {
  const text = new Date(ms).toISOString();
  if (!/^\d{4}-/.test(text)) throw new Error(`the moment ${text} is outside the years 0 to 9999`);
  return `${text.slice(0, digits)}${zone}`;
}

function microsText(us: number, zone: string): string {
  const ms = Math.floor(us / 1000);
  return `${isoText(ms, 23)}${String(us - ms * 1000).padStart(3, '0')}${zone}`;
}

/** Two's complement, the highest byte first. */
function decimalText(bytes: unknown, scale: number): unknown {
  if (!Buffer.isBuffer(bytes)) throw new Error('a decimal that is not stored as bytes');
  const unscaled = bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}
