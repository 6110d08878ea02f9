/** The two stages of stopping, fed by the signals of the process. */
export interface Stopping {
  readonly signal: AbortSignal;
  readonly hardStop: AbortSignal;
  /** Asks for a graceful stop, as the first signal does. */
  stop(reason: string): void;
  /** Takes the handlers away. */
  release(): void;
}

type StopSignal = 'SIGINT' | 'SIGTERM';

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/**
 * The first SIGINT or SIGTERM aborts `signal`: what is in hand is finished. The second aborts `hardStop`, takes the handlers away
 * and sends itself the signal again: the process ends at once, and the shell sees 128 + its number.
 */
export function listenForStop(
  source: SignalSource,
  kill: (signal: StopSignal) => void,
  say: (text: string) => void,
): Stopping {
  const graceful = new AbortController();
  const hard = new AbortController();
  const on = (name: StopSignal) => (): void => {
    if (graceful.signal.aborted) {
      hard.abort(name);
      release();
      kill(name);
      return;
    }
    graceful.abort(name);
    say('stopping after what is in hand; once more to stop at once\n');
  };
  const release = (): void => {
    source.off('SIGINT', handlers.SIGINT);
    source.off('SIGTERM', handlers.SIGTERM);
  };
  const handlers = { SIGINT: on('SIGINT'), SIGTERM: on('SIGTERM') };
  source.on('SIGINT', handlers.SIGINT);
  source.on('SIGTERM', handlers.SIGTERM);
  return {
    signal: graceful.signal,
    hardStop: hard.signal,
    stop: (reason) => graceful.abort(reason),
    release,
  };
}
