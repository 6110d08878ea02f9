import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/** The simple query `COMMIT` as it goes over the wire: type, length, text, zero. */
const COMMIT = Buffer.from([0x51, 0, 0, 0, 11, ...Buffer.from('COMMIT'), 0]);

/**
 * A TCP proxy before a PostgreSQL server that spoils connections when it is told to: cuts one after its COMMIT was passed on and before the answer comes back,
 * or lets them go silent, so that nothing is passed on in either direction and nothing is closed.
 */
export class PostgresProxy {
  readonly #target: URL;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  /** For each COMMIT to be cut: the number of those to be let through before it. */
  #cuts: number[] = [];
  #refusing = false;
  cut = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#listener = createServer((client) => this.#join(client));
  }

  static async before(url: string): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(new URL(url));
    await new Promise<void>((resolve) => proxy.#listener.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The URL of the database behind the proxy. */
  get url(): string {
    const address = this.#listener.address();
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    return url.href;
  }

  /** Cuts the connection of the COMMIT after the next `passed` ones, and again for each further number. */
  cutAfterCommits(...passed: readonly number[]): void {
    this.#cuts = [...passed];
  }

  /** Lets every connection that is open now go silent; new ones work, unless `all`. */
  silence(all = false): void {
    for (const pair of this.#pairs) pair.silent = true;
    this.#refusing = all;
  }

  /** New connections work again. Those that are silent stay so. */
  speak(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const pair: Pair = { client, server, silent: this.#refusing };
    this.#pairs.add(pair);
    let cutNow = false;
    client.on('data', (data) => {
      if (pair.silent) return;
      if (data.includes(COMMIT)) cutNow = this.#cutThis();
      server.write(data);
    });
    server.on('data', (data) => {
      if (pair.silent) return;
      if (!cutNow) {
        client.write(data);
        return;
      }
      // The server has answered, so it has committed; the answer is lost.
      this.cut += 1;
      client.resetAndDestroy();
      server.destroy();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => {
        // A network that went silent does not tell of an end either.
        if (pair.silent && one === server) return;
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }

  #cutThis(): boolean {
    const [passed] = this.#cuts;
    if (passed === undefined) return false;
    if (passed > 0) {
      this.#cuts[0] = passed - 1;
      return false;
    }
    this.#cuts.shift();
    return true;
  }
}
