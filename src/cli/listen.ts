import { InvalidArgumentError, Option } from 'commander';
import type { StateReader } from '../app/serve.js';
import type { ListenAddress } from '../server/server.js';
import type { Session } from './session.js';

/** Reached by programs of this machine alone. */
export const DEFAULT_ADDRESS: ListenAddress = { host: '127.0.0.1', port: 8080 };

export function listenOption(): Option {
  return new Option('--listen <host:port>', 'where to listen; default 127.0.0.1:8080, port 0 for a free one').argParser(
    addressOf,
  );
}

function addressOf(text: string): ListenAddress {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535)
    throw new InvalidArgumentError('Give HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080.');
  return { host, port };
}

/** Answers over HTTP for as long as `work` takes, from what `work` opens. Errors: LISTEN_FAILED, before anything else. */
export async function withServer<T>(
  { useCases, ctx, warn }: Session,
  address: ListenAddress,
  work: (state: StateReader) => Promise<T>,
): Promise<T> {
  const { StateReader, startServer } = await useCases.serve();
  const state = new StateReader(ctx.clock);
  const server = await startServer(address, { state, clock: ctx.clock, logger: ctx.logger });
  try {
    warn(`listening on ${server.url}\n`);
    if (!server.loopback)
      ctx.logger.warn({}, 'whoever reaches this address can read: the server asks nobody who they are');
    return await work(state);
  } finally {
    await server.close();
  }
}
