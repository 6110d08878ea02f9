import type { Clock } from '../model/ports.js';

/** A standard stream as far as it is used: `write` is synchronous, or keeps the order. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Standard input as far as it is used: only where a person sits at it. */
export interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

/** The outside world of one invocation; tests hand in their own. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Undefined: nobody can be asked. */
  readonly stdin?: Input;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute path. */
  readonly cwd: string;
  readonly clock: Clock;
  /** Name of the user who calls. */
  readonly user: string;
  /** Graceful stop (first SIGINT or SIGTERM, or nobody reads standard output any more). */
  readonly signal: AbortSignal;
  /** Stop at once (second signal). */
  readonly hardStop: AbortSignal;
}
