import { CutoverError } from '../model/errors.js';
import type { Clock } from '../model/ports.js';

const TRIES = 8;
const FIRST_PAUSE_MS = 20;

/**
 * Runs a transaction again when the store rolled it back because of another one (a deadlock, a serialization failure): after 20, 40, 80, ... ms.
 * Errors: those of `work`; STORE_CONFLICT when eight tries were not enough.
 */
export async function retryingConflicts<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CutoverError && error.code === 'STORE_CONFLICT') || attempt === TRIES) throw error;
      await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}
