import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/**
 * Gives the bytes of a COPY ... TO STDOUT to whoever takes them, at their pace: what was not taken yet stays with the server. Where `take` gives up, the
 * server is told to stop, and the error of `take` is thrown.
 *
 * @param cancel tells the server to stop, by another connection
 * @param onPause told when the server is made to wait, and when no longer
 * @returns `rows`: how many the server says it sent; known after the next statement
 */
export async function takeCopied<T>(
  out: Readable & { readonly rowCount: number },
  take: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
  cancel: () => Promise<void>,
  onPause: (paused: boolean) => void,
): Promise<{ taken: T; rows: () => number }> {
  try {
    return { taken: await take(paced(out, onPause)), rows: () => out.rowCount };
  } catch (error) {
    onPause(false);
    if (out.readableEnded || out.destroyed) throw error;
    // A server that waits for its rows to be taken hears of no cancel. The connection is of use again when the last word of this statement was said.
    const over = finished(out.resume()).catch(() => undefined);
    await cancel().catch(() => undefined);
    await over;
    throw error;
  }
}

async function* paced(out: Readable, onPause: (paused: boolean) => void): AsyncIterable<Uint8Array> {
  // The rest of the answer has to be read, also when nobody wants it.
  for await (const piece of out.iterator({ destroyOnReturn: false })) {
    onPause(true);
    yield piece as Uint8Array;
    onPause(false);
  }
}
