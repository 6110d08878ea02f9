import { CutoverError } from '../../model/errors.js';
import { formatDuration } from '../../model/duration.js';

/** DuckDB forgets an interrupt that comes before it has begun to work: it is asked again so often (milliseconds). */
const AGAIN = 50;

/** The most time that a statement may take: DuckDB has no setting for it, so that it is interrupted from outside. */
export class StatementLimit {
  readonly #most: number;
  readonly #interrupt: () => void;

  /** @param most milliseconds */
  constructor(most: number, interrupt: () => void) {
    this.#most = most;
    this.#interrupt = interrupt;
  }

  /**
   * Does the work of a statement. Errors: STORE_TIMEOUT, also where the work ended well but too late.
   *
   * @param before milliseconds that the statement has had already
   */
  async during<T>(work: () => Promise<T>, before = 0): Promise<T> {
    let over = before >= this.#most;
    const end = (): void => {
      over = true;
      this.#interrupt();
    };
    let again: NodeJS.Timeout | undefined;
    const first = setTimeout(
      () => {
        end();
        again = setInterval(end, AGAIN);
      },
      Math.max(0, this.#most - before),
    );
    try {
      if (over) throw this.#error();
      const value = await work();
      // What was interrupted may look as if it had ended.
      if (over) throw this.#error();
      return value;
    } catch (error) {
      throw over ? this.#error() : error;
    } finally {
      clearTimeout(first);
      clearInterval(again);
    }
  }

  /** The parts of a result, as they are made; the time in which nobody asks for one does not count. */
  async *over<T>(parts: AsyncIterable<T>, before: number): AsyncIterable<T> {
    const iterator = parts[Symbol.asyncIterator]();
    let spent = before;
    try {
      for (;;) {
        const began = performance.now();
        const part = await this.during(() => iterator.next(), spent);
        spent += performance.now() - began;
        if (part.done === true) return;
        yield part.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Without a cause: it would say no more than that the statement was interrupted. */
  #error(): CutoverError {
    return new CutoverError(
      'STORE_TIMEOUT',
      `a statement in DuckDB took longer than its time limit of ${formatDuration(this.#most)}`,
      'Allow more time, or let it compare fewer rows.',
    );
  }
}
