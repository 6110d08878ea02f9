import { isUtf8 } from 'node:buffer';
import type { DeclaredColumn, KafkaColumn, KafkaLogConfig } from '../../model/project.js';
import { jsonRecord, rejected, type TextColumn, type TextRecord } from '../record/record.js';
import type { KafkaRecord } from './record-batch.js';

/** The record's own columns with their types. */
export const KAFKA_COLUMNS: Readonly<Record<KafkaColumn, string>> = {
  _topic: 'text',
  _key: 'text',
  _value: 'text',
  _headers: 'json',
  _timestamp: 'timestamptz',
};

/** The columns of an event: those of the schema, then the record's own. */
export function eventColumns(config: KafkaLogConfig): readonly DeclaredColumn[] {
  return [...config.schema, ...config.metadata.map((name) => ({ name, type: KAFKA_COLUMNS[name] }))];
}

/** Reads a value in another form as a JSON text; null stays null. */
export type Decode = (value: Buffer) => Promise<string>;

export interface Fields {
  readonly record: TextRecord;
  /** The value as it is shown in the quarantine, and read again from it. */
  readonly raw: string;
}

/** How records become events. */
export class RecordFields {
  readonly #schema: readonly TextColumn[];
  readonly #own: readonly TextColumn[];
  readonly #metadata: readonly KafkaColumn[];
  readonly #decode: Decode | undefined;

  /** @param columns of `eventColumns`, taken apart */
  constructor(config: KafkaLogConfig, columns: readonly TextColumn[], decode: Decode | undefined) {
    this.#schema = columns.slice(0, config.schema.length);
    this.#own = columns.slice(config.schema.length);
    this.#metadata = config.metadata;
    this.#decode = decode;
  }

  /** Values are decoded by another program: `of` instead of `read`. */
  get decoded(): boolean {
    return this.#decode !== undefined;
  }

  async of(record: KafkaRecord, topic: string): Promise<Fields> {
    const { value } = record;
    const decode = this.#decode;
    if (value === null || decode === undefined || this.#schema.length === 0) return this.read(record, topic);
    return this.#fields(record, topic, rawText(value), await this.#decodedBy(decode, value));
  }

  /** As `of`, without waiting for anything. */
  read(record: KafkaRecord, topic: string): Fields {
    const { value } = record;
    // A tombstone (a record without a value) is an event whose columns are all NULL.
    const nothing: TextRecord = { fields: this.#schema.map(() => null), error: null };
    if (value === null) return this.#fields(record, topic, '', nothing);
    const isText = isUtf8(value);
    const raw = isText ? value.toString('utf8') : `${BASE64}${value.toString('base64')}`;
    if (this.#schema.length === 0) return this.#fields(record, topic, raw, nothing);
    return this.#fields(
      record,
      topic,
      raw,
      isText ? jsonRecord(raw, this.#schema) : rejected(this.#schema, 'not valid UTF-8'),
    );
  }

  #fields(record: KafkaRecord, topic: string, raw: string, parsed: TextRecord): Fields {
    if (this.#metadata.length === 0) return { record: parsed, raw };
    const own = this.#metadata.map((name) => ownField(name, record, topic));
    const errors = [
      ...(parsed.error === null ? [] : [parsed.error]),
      ...own.flatMap((field, index) =>
        typeof field === 'object' && field !== null
          ? [`column "${this.#own[index]?.name ?? ''}": ${field.misfit}`]
          : [],
      ),
    ];
    return {
      record: {
        fields: [...parsed.fields, ...own.map((field) => (typeof field === 'string' ? field : null))],
        error: errors.length === 0 ? null : errors.join('; '),
      },
      raw,
    };
  }

  async #decodedBy(decode: Decode, value: Buffer): Promise<TextRecord> {
    try {
      return jsonRecord(await decode(value), this.#schema);
    } catch (error) {
      return rejected(this.#schema, error instanceof Error ? error.message : String(error));
    }
  }
}

const BASE64 = 'base64:';

/** Bytes that are no text are kept in base64. */
function rawText(value: Buffer): string {
  return isUtf8(value) ? value.toString('utf8') : `${BASE64}${value.toString('base64')}`;
}

/** The bytes behind a text of the quarantine. */
export function rawBytes(raw: string): Buffer {
  return raw.startsWith(BASE64) ? Buffer.from(raw.slice(BASE64.length), 'base64') : Buffer.from(raw, 'utf8');
}

type OwnField = string | null | { readonly misfit: string };

function ownField(name: KafkaColumn, record: KafkaRecord, topic: string): OwnField {
  switch (name) {
    case '_topic':
      return topic;
    case '_key':
      return textOf(record.key);
    case '_value':
      return textOf(record.value);
    case '_headers':
      return JSON.stringify(headersOf(record));
    case '_timestamp':
      return timeOf(record.timestamp);
  }
}

function textOf(bytes: Buffer | null): OwnField {
  if (bytes === null) return null;
  return isUtf8(bytes) ? bytes.toString('utf8') : { misfit: 'not valid UTF-8' };
}

/** Beyond these a JavaScript date has no text; -1 is Kafka's word for none. */
function timeOf(timestamp: number): string | null {
  if (timestamp < 0 || timestamp > 8.64e15) return null;
  return new Date(timestamp).toISOString();
}

type Header = string | null | { readonly base64: string };

/** By name; a name that stands more than once has a list. */
function headersOf({ headers }: KafkaRecord): Readonly<Record<string, Header | readonly Header[]>> {
  const values = new Map<string, Header[]>();
  for (const [name, value] of headers) {
    const shown = value === null ? null : isUtf8(value) ? value.toString('utf8') : { base64: value.toString('base64') };
    values.set(name, [...(values.get(name) ?? []), shown]);
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? null) : all]));
}
