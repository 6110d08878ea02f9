#!/usr/bin/env node
import { userInfo } from 'node:os';
import { runCli } from './cli.js';
import { systemClock } from './clock.js';
import { listenForStop } from './signals.js';
import { useCases } from './use-cases.js';

/** The account's name; an account without an entry (in a container, for example) is told by its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

const stopping = listenForStop(
  process,
  (code) => process.exit(code),
  (text) => void (process.stderr.isTTY && process.stderr.write(text)),
);

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Nobody reads any more (`cutover run | head`): nothing is left to be done.
    stopping.stop('EPIPE');
  });
}

const code = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    user: userName(),
    signal: stopping.signal,
    hardStop: stopping.hardStop,
  },
  useCases,
);

// Waits until what was written has left the process; a library's open handle must not hold the process after that.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit(code);
