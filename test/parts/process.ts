import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const PORTS = { first: 20_000, count: 12_000 };

/**
 * A port of 127.0.0.1 that nothing listens on, and that no other call gets while this process lives, in whatever process it is made: test files
 * run beside each other, and a server listens only some time after its port was chosen.
 *
 * The ports lie below those that systems give to outgoing connections: one of these could otherwise take the port of a server that a test stopped.
 */
export async function freePort(): Promise<number> {
  const reserved = join(tmpdir(), 'cutover-test-ports');
  mkdirSync(reserved, { recursive: true });
  const from = randomInt(PORTS.count);
  for (let i = 0; i < PORTS.count; i += 1) {
    const port = PORTS.first + ((from + i) % PORTS.count);
    if (reserve(join(reserved, String(port))) && (await isFree(port))) return port;
  }
  throw new Error(`no port of ${PORTS.first} to ${PORTS.first + PORTS.count - 1} is free`);
}

/** Writes this process's number into `file` if it is not there, or there from a process that is gone. */
function reserve(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isAlive(Number(textOf(file)))) rmSync(file, { force: true });
    // A later call may have it: to take it at once would be a race with another process that found the same.
    return false;
  }
}

/** Whether there is a process of this number; yes as well where the number is 0, of a file that is being written. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
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

  /** Sends a signal to all of its processes; with SIGKILL and SIGINT resolves when the first of them is gone. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Those that made a group of their own (each server process of PostgreSQL does) are reached one by one.
    const others = signal === 'SIGTERM' || signal === 'SIGINT' ? [] : descendants(child.pid);
    for (const pid of [-child.pid, ...others]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended meanwhile.
      }
    }
    if (signal === 'SIGKILL' || signal === 'SIGINT' || signal === 'SIGTERM') await gone;
  }
}

/** The processes that a process started, and those that they started. Only Linux tells; elsewhere none. */
function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of existsSync('/proc') ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    // The name in brackets may hold anything; the parent is the second field after it.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (Number.isInteger(parent)) parents.set(Number(name), parent);
  }
  const found = new Set([root]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(root);
  return [...found];
}

function statOf(pid: string): string {
  return textOf(`/proc/${pid}/stat`);
}

/** The text of a file; empty where it is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
