/** The two stages of stopping, fed by the signals of the process. */
export interface Stopping {
  readonly signal: AbortSignal;
  readonly hardStop: AbortSignal;
  /** Asks for a graceful stop, as the first signal does. */
  stop(reason: string): void;
  /** Takes the handlers away. */
  release(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/**
 * The first SIGINT or SIGTERM aborts `signal`: what is in hand is finished. The second aborts `hardStop` and exits at once with 128 + its number.
 */
export function listenForStop(
  source: SignalSource,
  exit: (code: number) => void,
  say: (text: string) => void,
): Stopping {
  const graceful = new AbortController();
  const hard = new AbortController();
  const on = (name: StopSignal) => (): void => {
    if (graceful.signal.aborted) {
      hard.abort(name);
      exit(EXIT_CODES[name]);
      return;
    }
    graceful.abort(name);
    say('stopping after what is in hand; once more to stop at once\n');
  };
  const handlers = { SIGINT: on('SIGINT'), SIGTERM: on('SIGTERM') };
  source.on('SIGINT', handlers.SIGINT);
  source.on('SIGTERM', handlers.SIGTERM);
  return {
    signal: graceful.signal,
    hardStop: hard.signal,
    stop: (reason) => graceful.abort(reason),
    release: () => {
      source.off('SIGINT', handlers.SIGINT);
      source.off('SIGTERM', handlers.SIGTERM);
    },
  };
}
