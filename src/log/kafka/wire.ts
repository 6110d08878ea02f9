/** Reads the primitive types of Kafka's protocol. Source: Apache Kafka, "Protocol Guide", "Protocol Primitive Types". */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  int8(): number {
    return this.#bytes.readInt8((this.#at += 1) - 1);
  }

  int16(): number {
    return this.#bytes.readInt16BE((this.#at += 2) - 2);
  }

  int32(): number {
    return this.#bytes.readInt32BE((this.#at += 4) - 4);
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE((this.#at += 8) - 8);
  }

  /** An offset, or another number that is below 2^53. */
  offset(): number {
    return Number(this.int64());
  }

  uvarint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  /** A topic id as 32 hexadecimal digits. */
  uuid(): string {
    return this.#take(16).toString('hex');
  }

  /** A nullable text whose length stands before it as int16. */
  text(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#take(length).toString('utf8');
  }

  compactText(): string | null {
    const length = this.uvarint() - 1;
    return length < 0 ? null : this.#take(length).toString('utf8');
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    return length <= 0 ? this.#bytes.subarray(0, 0) : this.#take(length);
  }

  compactBytes(): Buffer {
    return this.bytes(this.uvarint() - 1);
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, item);
  }

  compactArray<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.uvarint() - 1) }, item);
  }

  /** Passes over tagged fields. */
  tags(): void {
    for (let n = this.uvarint(); n > 0; n -= 1) {
      this.uvarint();
      this.#take(this.uvarint());
    }
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error('a response of the broker ends too early');
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }
}

/** Writes them. */
export class WireWriter {
  readonly #parts: Buffer[] = [];

  int8(value: number): this {
    return this.#fixed(1, (bytes) => bytes.writeInt8(value));
  }

  int16(value: number): this {
    return this.#fixed(2, (bytes) => bytes.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.#fixed(4, (bytes) => bytes.writeInt32BE(value));
  }

  int64(value: number): this {
    return this.#fixed(8, (bytes) => bytes.writeBigInt64BE(BigInt(value)));
  }

  uvarint(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  uuid(hex: string): this {
    this.#parts.push(Buffer.from(hex, 'hex'));
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.from(value, 'utf8');
    this.int16(bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  compactText(value: string): this {
    const bytes = Buffer.from(value, 'utf8');
    this.uvarint(bytes.length + 1);
    this.#parts.push(bytes);
    return this;
  }

  array<T>(items: readonly T[], write: (writer: this, item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  compactArray<T>(items: readonly T[], write: (writer: this, item: T) => void): this {
    this.uvarint(items.length + 1);
    for (const item of items) write(this, item);
    return this;
  }

  /** No tagged fields. */
  tags(): this {
    return this.uvarint(0);
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #fixed(size: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.allocUnsafe(size);
    write(bytes);
    this.#parts.push(bytes);
    return this;
  }
}
