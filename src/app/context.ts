import type { Clock, Logger, Progress } from '../model/ports.js';
import type { Point } from '../shadow/environment.js';

/** What a use case is given by whoever calls it. */
export interface AppContext {
  /** Absolute path. */
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly progress: Progress;
  /** Who acts, for the audit. */
  readonly actor: string;
  /** Graceful stop: finish what is in hand. */
  readonly signal: AbortSignal;
  /** Stop at once. */
  readonly hardStop?: AbortSignal;
  /** How long, in milliseconds, a process that does not say that it lives keeps its role in a shared store; tests shorten the default of 30 s. */
  readonly lease?: number;
  /** Tests of faults stop the process at these points. */
  readonly reached?: (point: Point) => Promise<void>;
}
