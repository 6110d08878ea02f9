import { isUtf8 } from 'node:buffer';
import type { DeclaredColumn, KafkaColumn, KafkaLogConfig } from '../../model/project.js';
import { flaw, jsonRecord, NOT_UTF8, rejected, type TextColumn, type TextRecord } from '../record/record.js';
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

/** Reads a value in another form as a JSON text, or says why it is none. What is thrown says nothing about the value: it is not taken yet. */
export type Decode = (value: Buffer) => Promise<string | { readonly misfit: string }>;

export interface Fields {
  readonly record: TextRecord;
  /** The value as it is shown in the quarantine. */
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

  /** Errors: those of the decoder. */
  async of(record: KafkaRecord, topic: string): Promise<Fields> {
    const { value } = record;
    const decode = this.#decode;
    if (value === null || decode === undefined || this.#schema.length === 0) return this.read(record, topic);
    const decoded = await decode(value);
    const parsed =
      typeof decoded === 'string' ? jsonRecord(decoded, this.#schema) : rejected(this.#schema, decoded.misfit);
    return this.#fields(
      record,
      topic,
      rawText(value, isUtf8(value) && !value.includes(0) ? value.toString('utf8') : null),
      parsed,
    );
  }

  /** As `of`, without waiting for anything. */
  read(record: KafkaRecord, topic: string): Fields {
    const { value } = record;
    // A tombstone (a record without a value) is an event whose columns are all NULL.
    const nothing: TextRecord = { fields: this.#schema.map(() => null), error: null };
    if (value === null) return this.#fields(record, topic, '', nothing);
    const text = isUtf8(value) ? value.toString('utf8') : null;
    const raw = rawText(value, text);
    if (this.#schema.length === 0) return this.#fields(record, topic, raw, nothing);
    const parsed = text === null ? rejected(this.#schema, NOT_UTF8) : jsonRecord(text, this.#schema);
    return this.#fields(record, topic, raw, parsed);
  }

  #fields(record: KafkaRecord, topic: string, raw: string, parsed: TextRecord): Fields {
    if (this.#metadata.length === 0) return { record: parsed, raw };
    const own = this.#own.map((column, index) => sound(ownField(this.#metadata[index], record, topic), column));
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
}

const BASE64 = 'base64:';

/** Bytes that are no text are kept in base64. */
function rawText(value: Buffer, text: string | null): string {
  return text ?? `${BASE64}${value.toString('base64')}`;
}

type OwnField = string | null | { readonly misfit: string };

function ownField(name: KafkaColumn | undefined, record: KafkaRecord, topic: string): OwnField {
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
    case undefined:
      return null;
  }
}

/** A text that cannot be stored as it is does not fit. */
function sound(field: OwnField, column: TextColumn): OwnField {
  const misfit = typeof field === 'string' ? flaw(field, column) : null;
  return misfit === null ? field : { misfit };
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
