import type { Socket } from 'node:net';
import type pg from 'pg';

/** The socket under a client. */
export function streamOf(client: pg.Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

/** Ends a connection, or the making of one, from this side alone. */
export function cutOff(client: pg.Client): void {
  streamOf(client).destroy(new Error('Connection terminated: no answer'));
}
