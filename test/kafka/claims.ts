import type { Checkpoints, ClaimedPartition, PartitionStart, PartitionState } from '../../src/log/contract.js';

/** The store's part in a claim, in memory: what was committed, and how often each partition was claimed. */
export class Claims implements Checkpoints {
  readonly states = new Map<string, ClaimedPartition>();

  claim(names: readonly string[], starts: readonly PartitionStart[] = []): Promise<readonly ClaimedPartition[]> {
    for (const start of starts) {
      const before = this.states.get(start.name);
      if (before === undefined || before.position === '')
        this.states.set(start.name, { partition: this.states.size, epoch: 0, ...before, ...start });
    }
    return Promise.resolve(
      [...names].sort().map((name) => {
        const before = this.states.get(name);
        const state = {
          partition: before?.partition ?? this.states.size,
          name,
          nextOffset: before?.nextOffset ?? 0,
          position: before?.position ?? '',
          epoch: (before?.epoch ?? 0) + 1,
        };
        this.states.set(name, state);
        return state;
      }),
    );
  }

  stored(): Promise<readonly PartitionState[]> {
    return Promise.resolve([...this.states.values()]);
  }

  commit(name: string, nextOffset: number, position: string): void {
    const before = this.states.get(name);
    if (before === undefined) throw new Error(`${name} was never claimed`);
    this.states.set(name, { ...before, nextOffset, position });
  }
}
