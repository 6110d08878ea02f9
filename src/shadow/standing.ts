import type { Comparison, Evidence } from '../model/comparison.js';
import type { OffsetVector } from '../model/offset-vector.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import { insertUnderNextId } from '../store/state/comparisons.js';
import type { ShadowEnvironment } from './environment.js';
import { limitsOf, reuse, stillHolds } from './reuse.js';

/**
 * The newest comparison of each pipeline that this process made. Where no other process can write the store, they tell without a question to it that a
 * cycle has nothing to do: an idle pipeline costs one INSERT a cycle.
 */
export class Standing {
  readonly #env: ShadowEnvironment;
  readonly #evidence: ReadonlyMap<string, Evidence>;
  readonly #newest = new Map<string, Comparison>();

  constructor(env: ShadowEnvironment, evidence: ReadonlyMap<string, Evidence>) {
    this.#env = env;
    this.#evidence = evidence;
  }

  remember(comparisons: readonly Comparison[]): void {
    if (this.#env.store.capabilities.sharedByProcesses) return;
    for (const comparison of comparisons) this.#newest.set(comparison.pipeline, comparison);
  }

  /**
   * The comparisons of `pipelines` again, under new ids, when each still holds at `position` (what ingest committed last); null when one does not.
   */
  async repeat(
    session: SqlSession,
    pipelines: readonly Pipeline[],
    position: OffsetVector,
  ): Promise<Comparison[] | null> {
    const startedAt = this.#env.clock.now();
    const held: Comparison[] = [];
    for (const pipeline of pipelines) {
      const newest = this.#newest.get(pipeline.name);
      const evidence = this.#evidence.get(pipeline.name);
      // Quarantined events have offsets too: at the same position there are as many.
      const holds =
        newest !== undefined &&
        evidence !== undefined &&
        stillHolds(newest, evidence, position, newest.quarantined, startedAt, limitsOf(this.#env, pipeline));
      if (!holds) return null;
      held.push(newest);
    }
    const repeated: Comparison[] = [];
    for (const comparison of held) {
      const again = reuse(comparison, comparison.comparison_id, startedAt, this.#env.clock.now());
      repeated.push({ ...again, comparison_id: await insertUnderNextId(session, again) });
    }
    this.remember(repeated);
    return repeated;
  }
}
