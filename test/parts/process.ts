import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that a test may kill, stop for a while and start again on the same data. */
export interface Part {
  /** SIGKILL, to all of its processes. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, at the same address with the same data; resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

/**
 * Ends the process group of `child` when this process is gone, even by SIGKILL: a shell that reads from a pipe sees its end.
 */
function watched(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const guard = spawn('sh', ['-c', `cat >/dev/null; kill -9 -${child.pid} 2>/dev/null`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  guard.stdin.on('error', () => undefined);
  (guard.stdin as unknown as { unref?: () => void }).unref?.();
  child.once('exit', () => guard.stdin.end());
}

export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/** A server process with all that it starts, in a process group of its own. */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #output = '';

  /** Starts it; `ready` is asked every 100 ms until it is true. */
  async start(program: ServerProgram, ready: () => Promise<boolean>, ms = 60_000): Promise<void> {
    const { command, args, env, uid, gid } = program;
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-8000);
      });
    }
    let failed: Error | undefined;
    child.once('error', (error) => {
      failed = error;
    });
    watched(child);
    for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
      if (failed !== undefined || child.exitCode !== null || child.signalCode !== null) break;
      if (await ready()) return;
    }
    await this.signal('SIGKILL');
    throw failed ?? new Error(`${command} did not start:\n${this.#output}`);
  }

  get output(): string {
    return this.#output;
  }

  pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the server is not running');
    return pid;
  }

  /** Sends a signal to the whole group; with SIGKILL and SIGINT resolves when the process is gone. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, signal);
    if (signal === 'SIGKILL' || signal === 'SIGINT' || signal === 'SIGTERM') await gone;
  }
}
