/** Time, randomness and logging are arguments, so that tests can fix them. */

export interface Clock {
  /** The present moment. */
  now(): Date;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts (never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The subset of pino's interface that is used: an object of facts, then a message. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Progress of long work, shown as a bar on a terminal. `total` is undefined where it is not known. */
export interface Progress {
  update(phase: string, done: number, total?: number): void;
}

export const silentProgress: Progress = { update() {} };
