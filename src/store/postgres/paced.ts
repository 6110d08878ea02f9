import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** The rows of a COPY ... TO STDOUT as the driver gives them. */
export type CopiedOut = Readable & { readonly rowCount: number };

/** Gives the bytes of a COPY to whoever takes them, at their pace: what was not taken yet stays with the server. */
export class Pace {
  /** The server waits for this process to take more: its silence says nothing. */
  paused = false;
  /** When this process last asked for more (milliseconds of the process). */
  askedAt = 0;

  /**
   * Where `take` gives up, the server is told to stop, and the error of `take` is thrown.
   *
   * @param cancel tells the server to stop, by another connection
   * @returns `rows`: how many the server says it sent; known after the next statement
   */
  async give<T>(
    out: CopiedOut,
    take: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
    cancel: () => Promise<void>,
  ): Promise<{ taken: T; rows: () => number }> {
    try {
      return { taken: await take(this.#bytes(out)), rows: () => out.rowCount };
    } catch (error) {
      if (out.readableEnded || out.destroyed) throw error;
      this.paused = false;
      // A server that waits for its rows to be taken hears of no cancel. The connection is of use again when the last word of this statement was said.
      const over = finished(out.resume()).catch(() => undefined);
      await cancel().catch(() => undefined);
      await over;
      throw error;
    } finally {
      this.paused = false;
    }
  }

  async *#bytes(out: Readable): AsyncIterable<Uint8Array> {
    // The rest of the answer has to be read, also when nobody wants it.
    for await (const piece of out.iterator({ destroyOnReturn: false })) {
      this.paused = true;
      yield piece as Uint8Array;
      this.paused = false;
      this.askedAt = performance.now();
    }
  }
}
