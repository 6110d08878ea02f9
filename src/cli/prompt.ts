import { createInterface } from 'node:readline/promises';
import { CutoverError } from '../model/errors.js';
import type { Io } from './io.js';

/** Asks on standard error, so that standard output holds the result alone, and reads lines of standard input. */
export interface Prompt {
  /** A line, without white space at its ends. Errors: INTERRUPTED, when the input ends or a stop is asked for first. */
  ask(question: string): Promise<string>;
  close(): void;
}

/** Whether a person can be asked: standard input and standard error are terminals. */
export function canAsk({ stdin, stderr }: Io): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}

/** The terminal itself edits the line, in the way its user is used to. Lines that come early wait for their questions. */
export function openPrompt({ stdin, stderr, signal }: Io): Prompt {
  if (stdin === undefined) throw new Error('there is no standard input');
  const reader = createInterface({ input: stdin, terminal: false, crlfDelay: Infinity });
  const lines: string[] = [];
  let ended = false;
  let wake = (): void => undefined;
  const end = (): void => {
    ended = true;
    wake();
  };
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  reader.on('close', end);
  signal.addEventListener('abort', end, { once: true });
  return {
    async ask(question) {
      stderr.write(question);
      while (lines.length === 0 && !ended && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      const line = signal.aborted ? undefined : lines.shift();
      if (line !== undefined) return line.trim();
      stderr.write('\n');
      throw new CutoverError(
        'INTERRUPTED',
        'the questions were not answered to their end',
        'Answer them again, or name a file: `cutover advise FILE`.',
      );
    },
    close() {
      signal.removeEventListener('abort', end);
      reader.close();
    },
  };
}
