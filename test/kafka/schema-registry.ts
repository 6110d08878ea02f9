import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface RegisteredSchema {
  readonly schema: string;
  readonly schemaType?: 'JSON' | 'PROTOBUF';
}

/** A schema registry that speaks the two calls that matter: a schema by its id, and registering one. */
export class TestRegistry {
  readonly #schemas: RegisteredSchema[] = [];
  readonly #server: Server;
  /** Each answer's status instead of what was asked for; undefined: it works. */
  status: number | undefined;
  /** Takes the request and never answers. */
  silent = false;
  requests: string[] = [];
  authorizations: (string | undefined)[] = [];

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(port = 0): Promise<TestRegistry> {
    const registry = new TestRegistry();
    await registry.listen(port);
    return registry;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Registers as a producer does; returns the id. */
  async register(subject: string, schema: RegisteredSchema): Promise<number> {
    const answer = await fetch(`${this.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(schema),
    });
    return ((await answer.json()) as { id: number }).id;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'Content-Type': 'application/vnd.schemaregistry.v1+json' });
      response.end(JSON.stringify(body));
    };
    let body = '';
    for await (const part of request) body += String(part);
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    this.authorizations.push(request.headers.authorization);
    if (this.silent) return;
    if (this.status !== undefined) {
      say(this.status, { error_code: this.status, message: 'told to' });
      return;
    }
    if (request.method === 'POST') {
      this.#schemas.push(JSON.parse(body) as RegisteredSchema);
      say(200, { id: this.#schemas.length });
      return;
    }
    const id = Number(/^\/schemas\/ids\/(\d+)/.exec(request.url ?? '')?.[1]);
    const found = this.#schemas[id - 1];
    if (found === undefined) say(404, { error_code: 40403, message: `Schema ${id} not found` });
    else say(200, found);
  }
}

/** A value as producers write it: a zero, the schema's id, the payload. */
export function framed(id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, payload]);
}

/** A number of unsigned LEB128, as Protobuf has it; Avro after zigzag. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

export function avroLong(value: bigint): Buffer {
  return varint((value << 1n) ^ (value >> 63n));
}

/** Bytes or text of Avro: the length first. */
export function avroBytes(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([avroLong(BigInt(bytes.length)), bytes]);
}

/** A field of Protobuf with a number, or with bytes behind their length. */
export function protoField(number: number, value: bigint | Uint8Array): Buffer {
  const numeric = typeof value === 'bigint';
  const tag = varint(BigInt(number * 8 + (numeric ? 0 : 2)));
  return numeric
    ? Buffer.concat([tag, varint(value)])
    : Buffer.concat([tag, varint(BigInt(value.length)), Buffer.from(value)]);
}
