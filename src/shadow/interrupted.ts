import { CutoverError } from '../model/errors.js';

/** What a stop makes of the work in hand: it was rolled back, and nothing that was committed before is lost. */
export function interrupted(): CutoverError {
  return new CutoverError(
    'INTERRUPTED',
    'stopped before the work in hand was done',
    'Run again: it goes on where it stopped.',
  );
}

export function isInterruption(error: unknown): boolean {
  return error instanceof CutoverError && error.code === 'INTERRUPTED';
}

/** What another connection to the store may mend: the one at hand, or the server, is gone. */
export function isConnectionFault(error: unknown): boolean {
  return (
    error instanceof CutoverError && (error.code === 'STORE_CONNECTION_LOST' || error.code === 'STORE_UNREACHABLE')
  );
}
