/** Named locks among the sessions of one store, handed on in the order in which they were asked for. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Resolves with the function that gives the lock back, once all who asked before did so. */
  async acquire(name: string): Promise<() => void> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#tails.set(
      name,
      before.then(() => mine),
    );
    await before;
    return release;
  }
}
