#!/usr/bin/env node
import { userInfo } from 'node:os';
import { CutoverError } from '../model/errors.js';
import { runCli } from './cli.js';
import { systemClock } from './clock.js';
import { errorText } from './errors.js';
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
  // Not process.exit: that waits for a statement which a thread of the store still runs.
  (name) => process.kill(process.pid, name),
  (text) => void (process.stderr.isTTY && process.stderr.write(text)),
);

/** What nobody caught is a defect or a broken output: never the code 1, which says that the sides differ. */
function giveUp(error: unknown): never {
  process.stderr.write(errorText(error, { json: false, verbose: process.argv.includes('--verbose'), color: false }));
  process.exit(2);
}

process.on('uncaughtException', giveUp);

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads any more (`cutover run | head`): nothing is left to be done.
    if (error.code === 'EPIPE') stopping.stop('EPIPE');
    else
      giveUp(
        new CutoverError('USAGE', `the output cannot be written: ${error.message}`, 'Make room, or send it elsewhere.'),
      );
  });
}

const code = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    // Opened only by who asks for it.
    get stdin() {
      return process.stdin;
    },
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
