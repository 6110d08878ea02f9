import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ServedState } from '../app/serve.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Clock, Logger } from '../model/ports.js';
import { problem, statusOf } from './problem.js';
import { route } from './routes.js';
import type { Answer } from './answer.js';

/** How long (ms) answers under way may take when the server stops. */
const LAST_ANSWERS_MS = 1000;

export interface ListenAddress {
  /** A name or an IP address; an IPv6 address without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface RunningServer {
  /** With the address and the port that it has. */
  readonly url: string;
  /** Only programs of this machine reach it. */
  readonly loopback: boolean;
  /** Ends what is under way, at once what takes longer than a second. */
  close(): Promise<void>;
}

export interface ServerParts {
  readonly state: ServedState;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Listens and answers until it is closed. Errors: LISTEN_FAILED. */
export async function startServer(address: ListenAddress, parts: ServerParts): Promise<RunningServer> {
  const noted = availabilityLog(parts.logger);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answerTo(request, parts, noted).then((answer) => send(request, response, answer));
  const server = createServer(onRequest);
  // Nobody is told to go on and send a body: it would not be read.
  server.on('checkContinue', onRequest);
  const { host, family, port } = await listening(server, address);
  server.on('error', (error) => parts.logger.error({ error: error.message }, 'the HTTP server failed'));
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`,
    loopback: /^(?:127\.|::1$|::ffff:127\.)/.test(host),
    close: () => closed(server, parts.clock),
  };
}

async function answerTo(request: IncomingMessage, { state, clock }: ServerParts, noted: Noted): Promise<Answer> {
  const { method = '', url = '' } = request;
  try {
    const answer = await route({ method, target: url }, state, () => clock.now());
    // These say nothing of the store.
    if (!/^\/(?:healthz|openapi)/.test(url)) noted(null);
    return answer;
  } catch (error) {
    noted(error);
    return problem(error);
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  // A body that was not read would be taken for the next request.
  const hasBody = length !== '0' || encoding !== undefined;
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    ...(hasBody ? { connection: 'close' } : {}),
  });
  response.end(body);
}

type Noted = (error: unknown) => void;

/** Logs when the store ceases to answer and when it does again, not each time that somebody asks; defects each time. */
function availabilityLog(logger: Logger): Noted {
  let down = false;
  return (error) => {
    if (error === null) {
      if (down) logger.info({}, 'requests are answered again');
      down = false;
      return;
    }
    const { code, status } = statusOf(error);
    if (status === 503) {
      if (!down) logger.warn({ code }, `requests cannot be answered: ${messageOf(error)}`);
      down = true;
    } else if (status >= 500) logger.error({ code }, `a request failed: ${messageOf(error)}`);
  };
}

async function listening(
  server: Server,
  { host, port }: ListenAddress,
): Promise<{ readonly host: string; readonly family: string; readonly port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailed(host, port, error)));
    server.listen({ host, port }, resolve);
  });
  server.removeAllListeners('error');
  const bound = server.address();
  if (bound === null || typeof bound === 'string')
    throw new CutoverError('INTERNAL', 'the server has no address', 'Please report this defect.');
  return { host: bound.address, family: bound.family, port: bound.port };
}

function listenFailed(host: string, port: number, error: NodeJS.ErrnoException): CutoverError {
  const [why, remedy] =
    error.code === 'EADDRINUSE'
      ? ['another program listens there', 'Stop it, or name another port with --listen (port 0 takes a free one).']
      : error.code === 'EACCES'
        ? ['this user may not use that port', 'Name a port from 1024 with --listen.']
        : [messageOf(error), 'Name an address of this machine with --listen, for example 127.0.0.1:8080.'];
  return new CutoverError('LISTEN_FAILED', `cannot listen on ${host}:${port}: ${why}`, remedy, { cause: error });
}

async function closed(server: Server, clock: Clock): Promise<void> {
  const done = new AbortController();
  const end = new Promise<void>((resolve) => server.close(() => resolve()));
  void clock.sleep(LAST_ANSWERS_MS, done.signal).then(() => server.closeAllConnections());
  await end;
  done.abort();
}
