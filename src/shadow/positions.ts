import type { Checkpoints, ClaimedPartition, PartitionStart } from '../log/contract.js';
import type { PartitionState } from '../model/partition.js';
import type { Clock } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { claimPartition, keepStart, loadPartitions } from '../store/state/offsets.js';
import { retryingConflicts } from './retry.js';

/** Where the store stands in every partition, as far as this process knows: what it loaded, claimed and committed. */
export class Positions implements Checkpoints {
  readonly #session: SqlSession;
  readonly #clock: Clock;
  #known: ReadonlyMap<number, PartitionState>;

  private constructor(session: SqlSession, clock: Clock, known: readonly PartitionState[]) {
    this.#session = session;
    this.#clock = clock;
    this.#known = new Map(known.map((state) => [state.partition, state]));
  }

  /** @param session for claims alone: they come while the ingest's own session is in a transaction */
  static async load(session: SqlSession, clock: Clock): Promise<Positions> {
    return new Positions(session, clock, await loadPartitions(session));
  }

  /** What the store says now: another process may have moved on since. */
  async reload(): Promise<void> {
    this.#known = new Map((await loadPartitions(this.#session)).map((state) => [state.partition, state]));
  }

  /** In the order of their numbers. */
  get all(): readonly PartitionState[] {
    return [...this.#known.values()].sort((a, b) => a.partition - b.partition);
  }

  /** What was committed. */
  moved(state: PartitionState): void {
    this.#known = new Map(this.#known).set(state.partition, state);
  }

  stored(): Promise<readonly PartitionState[]> {
    return loadPartitions(this.#session);
  }

  async claim(names: readonly string[], starts: readonly PartitionStart[] = []): Promise<readonly ClaimedPartition[]> {
    const claimed = await retryingConflicts(this.#clock, () =>
      this.#session.transaction(async () => {
        await this.#session.lock('claim');
        for (const start of starts) await keepStart(this.#session, start);
        const made: ClaimedPartition[] = [];
        for (const name of [...names].sort()) {
          made.push(await claimPartition(this.#session, name, this.#clock.now().toISOString()));
        }
        return made;
      }, 'current'),
    );
    for (const { epoch: _, ...state } of claimed) this.moved(state);
    return claimed;
  }
}
