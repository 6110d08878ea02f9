import pg from 'pg';
import type { Row } from '../contract.js';
import { streamOf } from './socket.js';

/** Rows, and bytes that came over the connection, after which the server has to wait until they are taken. */
const MOST_ROWS = 10_000;
const MOST_BYTES = 4 << 20;

/** A statement whose rows are taken while they come. */
export interface RowStream {
  /** Resolves when the server has answered all of it. */
  readonly finished: Promise<void>;
  /** The next rows; null: there are no more, or the statement failed. */
  next(): Promise<Row[] | null>;
  /** Lets the rest of the rows go by. */
  discard(): void;
}

/**
 * Runs a statement and hands its rows over as they arrive, in bounded memory. Unlike a cursor's, the statement is run to its end in one go, so that the server
 * uses its workers for it; and it changes nothing, so that a read-only transaction allows it.
 *
 * @param onPause told when the server is made to wait, and when no longer
 */
export function streamRows(
  client: pg.Client,
  query: pg.QueryConfig & { readonly types: pg.CustomTypesConfig },
  onPause: (paused: boolean) => void,
): RowStream {
  const socket = streamOf(client);
  let rows: Row[] = [];
  let taken = socket.bytesRead;
  let discarding = false;
  let paused = false;
  let over = false;
  let wake: () => void = () => undefined;
  const pause = (value: boolean): void => {
    if (paused === value) return;
    paused = value;
    onPause(value);
    if (value) socket.pause();
    else socket.resume();
  };
  const submitted = new pg.Query<Row>(query);
  submitted.on('row', (row: Row) => {
    if (discarding) return;
    rows.push(row);
    if (rows.length < MOST_ROWS && socket.bytesRead - taken < MOST_BYTES) return;
    pause(true);
    wake();
  });
  const finished = new Promise<void>((resolve, reject) => {
    submitted.on('error', reject);
    submitted.on('end', () => {
      resolve();
    });
  }).finally(() => {
    over = true;
    pause(false);
    wake();
  });
  client.query(submitted);
  return {
    finished,
    next: async () => {
      if (!paused && !over)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const given = rows;
      rows = [];
      taken = socket.bytesRead;
      pause(false);
      return given.length === 0 ? null : given;
    },
    discard: () => {
      discarding = true;
      rows = [];
      pause(false);
    },
  };
}

/**
 * Yields the rows of a statement that starts when its turn comes. A consumer that stops early waits until the server has sent the rest: to cancel the
 * statement would end its transaction, and a request to cancel that comes late hits the next statement.
 *
 * @param start resolves when the statement has ended; errors come from it
 */
export async function* takeRows(start: (begun: (stream: RowStream) => void) => Promise<void>): AsyncIterable<Row[]> {
  let begun: (stream: RowStream) => void = () => undefined;
  const begins = new Promise<RowStream>((resolve) => {
    begun = resolve;
  });
  const done = start(begun);
  done.catch(() => undefined);
  const stream = await Promise.race([begins, done.then(() => begins)]);
  let all = false;
  try {
    for (let rows = await stream.next(); rows !== null; rows = await stream.next()) yield rows;
    all = true;
  } finally {
    stream.discard();
    if (!all) await done.catch(() => undefined);
  }
  await done;
}
