import type { Route, RoutingState } from '../model/canary.js';
import { messageOf } from '../model/errors.js';
import { silentLogger, type Clock, type Logger } from '../model/ports.js';
import { route } from './route.js';

/** A key's parts as canonical text, in key order; null: the read names no key. */
export type RouterKey = readonly string[] | null;

export interface RouterOptions<T> {
  /** Where the canary's state comes from: `state` of `cutover canary status --format json`. */
  readonly state: () => Promise<RoutingState>;
  readonly readBatch: (key: RouterKey) => Promise<T>;
  readonly readStream: (key: RouterKey) => Promise<T>;
  readonly clock: Pick<Clock, 'now'>;
  /** A state older than this is asked for anew, by the next read: no timer runs. Milliseconds, default 1000. */
  readonly refreshInterval?: number;
  readonly logger?: Logger;
}

export interface RouterCounters {
  /** Reads answered by each side; a read that fell back counts as batch. */
  readonly batch: number;
  readonly stream: number;
  /** Stream reads that failed and were answered by batch. */
  readonly fallbacks: number;
  /** Reads that named no key. */
  readonly missing_keys: number;
  /** Times the state could not be had: the last one known was used, or batch when none was. */
  readonly state_errors: number;
}

export interface RoutedRead<T> {
  readonly value: T;
  /** The side that answered. */
  readonly side: 'batch' | 'stream';
  readonly fell_back: boolean;
  /** Null while no state was ever known: such reads are batch reads. */
  readonly route: Route | null;
}

export interface Router<T> {
  /** Reads a key from its side. Rejects only when batch fails, or when the stream does after the batch job was retired. */
  read(key: RouterKey): Promise<RoutedRead<T>>;
  /** Which side a key would read now; null while no state is known. */
  route(key: RouterKey): Promise<Route | null>;
  counters(): RouterCounters;
}

const REFRESH_INTERVAL = 1000;

/** Sends each read of a service to the side its key belongs to. Holds no timer and no connection: there is nothing to close. */
export function createRouter<T>(options: RouterOptions<T>): Router<T> {
  const { clock, logger = silentLogger } = options;
  const counters = { batch: 0, stream: 0, fallbacks: 0, missing_keys: 0, state_errors: 0 };
  const current = cachedState(options, (error) => {
    counters.state_errors += 1;
    logger.warn({ error: messageOf(error) }, 'the canary state could not be read: the last one known is used');
  });

  async function routeOf(key: RouterKey): Promise<Route | null> {
    const state = await current(clock.now().getTime());
    return state === null ? null : route(state, key);
  }

  async function read(key: RouterKey): Promise<RoutedRead<T>> {
    const found = await routeOf(key);
    if (key === null || key.length === 0) counters.missing_keys += 1;
    if (found?.side !== 'stream') return fromBatch(key, found, false);
    try {
      const value = await options.readStream(key);
      counters.stream += 1;
      return { value, side: 'stream', fell_back: false, route: found };
    } catch (error) {
      // The batch side of a completed migration stands still: its rows would be old without anybody seeing it.
      if (found.stage === 'complete') throw error;
      counters.fallbacks += 1;
      logger.warn(
        { pipeline: found.pipeline, error: messageOf(error) },
        'a stream read failed and was answered by batch',
      );
      return fromBatch(key, found, true);
    }
  }

  async function fromBatch(key: RouterKey, found: Route | null, fellBack: boolean): Promise<RoutedRead<T>> {
    const value = await options.readBatch(key);
    counters.batch += 1;
    return { value, side: 'batch', fell_back: fellBack, route: found };
  }

  return { read, route: routeOf, counters: () => ({ ...counters }) };
}

/** The state, at most `refreshInterval` old; while it cannot be had, the last one known, asked for once an interval. */
function cachedState<T>(
  options: RouterOptions<T>,
  onError: (error: unknown) => void,
): (now: number) => Promise<RoutingState | null> {
  const interval = options.refreshInterval ?? REFRESH_INTERVAL;
  let known: RoutingState | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | null = null;

  async function refresh(): Promise<void> {
    try {
      known = await options.state();
    } catch (error) {
      onError(error);
    } finally {
      pending = null;
    }
  }

  return async (now) => {
    // A clock that was set back must not keep an old share alive.
    if (pending === null && (now - askedAt >= interval || now < askedAt)) {
      askedAt = now;
      pending = refresh();
    }
    // Waiting (instead of reading by the old share meanwhile) is what makes a rollback reach every read within an interval.
    if (pending !== null) await pending;
    return known;
  };
}
