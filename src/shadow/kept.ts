import type { DiffOutcome } from '../diff/input.js';
import { keptPairOf } from '../diff/kept.js';
import type { KeptInput, KeptOutcome } from '../diff/input.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { SqlSession } from '../store/contract.js';
import type { ShadowEnvironment } from './environment.js';
import { tableName } from './tables.js';

/** The digests that a store keeps for pipelines, over one cycle: comparisons use them, and when they were stored what is due is done. */
export class KeptUpkeep {
  readonly #env: ShadowEnvironment;
  readonly #check: boolean;
  readonly #outcomes = new Map<Pipeline, KeptOutcome>();
  readonly #disagreed = new Map<Pipeline, string>();

  /** @param check reads all rows, whenever that was done before; and builds digests anew that were found wrong */
  constructor(env: ShadowEnvironment, check: boolean) {
    this.#env = env;
    this.#check = check;
  }

  /** What a comparison of the pipeline's tables themselves may use; undefined: all rows are read. */
  input(pipeline: Pipeline): KeptInput | undefined {
    const digests = this.#env.store.dialect.kept;
    if (digests === null || pipeline.incremental === undefined) return undefined;
    const { fullEvery } = pipeline.incremental;
    return { digests, name: nameOf(pipeline), now: this.#env.clock.now(), fullEvery, check: this.#check };
  }

  /** Remembers what a comparison of the pipeline says of its digests. */
  async watch(pipeline: Pipeline, compare: () => Promise<DiffOutcome>): Promise<Omit<DiffOutcome, 'kept'>> {
    try {
      const { kept, ...outcome } = await compare();
      if (kept !== undefined) this.#outcomes.set(pipeline, kept);
      return outcome;
    } catch (error) {
      if (error instanceof CutoverError && error.code === 'DIGESTS_DISAGREE')
        this.#disagreed.set(pipeline, error.message);
      throw error;
    }
  }

  /** When the comparisons were stored. A failure here leaves comparisons slower, never wrong: it is logged. */
  async committed(session: SqlSession, chain: readonly Pipeline[]): Promise<void> {
    const digests = this.#env.store.dialect.kept;
    if (digests === null) return;
    for (const pipeline of chain) {
      try {
        const outcome = this.#outcomes.get(pipeline);
        if (pipeline.incremental === undefined) await digests.drop(session, nameOf(pipeline));
        else if (outcome?.outdated === true) await this.#build(session, pipeline);
        else if (outcome !== undefined && outcome.how !== 'unusable') {
          const record = await digests.find(session, nameOf(pipeline));
          if (record === null) continue;
          if (outcome.how === 'checked') await digests.save(session, record, { checkedAt: this.#env.clock.now() });
          await digests.compact(session, record);
        }
      } catch (error) {
        this.#env.logger.warn({ pipeline: pipeline.name }, `digests are not kept: ${messageOf(error)}`);
      }
    }
  }

  /** When the cycle failed: digests that disagreed are used no more. */
  async failed(session: SqlSession): Promise<void> {
    for (const [pipeline, what] of this.#disagreed) {
      const digests = this.#env.store.dialect.kept;
      const record = (await digests?.find(session, nameOf(pipeline))) ?? null;
      if (digests !== null && record !== null) await digests.save(session, record, { disagreed: what });
    }
  }

  async #build(session: SqlSession, pipeline: Pipeline): Promise<void> {
    const { store, schemas, clock, progress } = this.#env;
    progress.update(`${pipeline.name}: building digests`, 0);
    const now = clock.now();
    const pair = await keptPairOf(session, store.dialect, nameOf(pipeline), {
      batch: tableName(store.dialect, schemas.batch, pipeline.name),
      stream: tableName(store.dialect, schemas.stream, pipeline.name),
      key: pipeline.key,
      rules: pipeline.compare,
      today: now.toISOString().slice(0, 10),
    });
    await store.dialect.kept?.install(session, pair, now);
  }
}

function nameOf({ name }: Pipeline): string {
  return `pipeline:${name}`;
}
