import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyAction, canaryStatus } from './canary.js';
import type { AppContext } from './context.js';
import { DemoData, filePlace } from './demo-data.js';
import { DemoStory } from './demo-story.js';
import { askGate } from './gate.js';
import { withProject } from './open.js';
import { rebuild } from './rebuild.js';
import { canonicalParts } from './route.js';
import { runOnce } from './run.js';
import { stateOf } from './served.js';
import { route } from '../canary/route.js';
import { CutoverError } from '../model/errors.js';
import type { CanaryAction, Route } from '../model/canary.js';
import type { Comparison } from '../model/comparison.js';
import type { Clock, Logger, Progress } from '../model/ports.js';
import type { CanaryReport } from '../model/results.js';
import { exitCodeOf, type Verdict } from '../model/verdict.js';

export interface DemoOptions {
  /** Where to work; undefined: a temporary folder. */
  readonly directory?: string;
  /** On the Kafka and PostgreSQL that KAFKA_BROKERS and DATABASE_URL name, instead of files and the embedded store. */
  readonly kafka?: boolean;
  /** Leave the folder in place. */
  readonly keep: boolean;
  readonly out: (text: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly progress: Progress;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly color: boolean;
  readonly width: number;
}

const PIPELINE = 'daily_delays';

/** Keys whose reads are shown moving: one for each step from 5% on, by their buckets. */
const WATCHED = ['2001-01-01,SEA', '2001-01-01,STL', '2001-01-01,MSP', '2001-01-01,ORD', '2001-01-01,ATL'];

/**
 * The whole journey on real flights: a plausible bug is found, refused and repaired; readers move step by step; a fault rolls them back at 25%;
 * repaired, they move to 100%, and the batch job is retired. Every figure it prints comes from the product doing it.
 *
 * @returns `pass` when the journey went as it should
 */
export async function demo(options: DemoOptions): Promise<{ verdict: Verdict }> {
  const place =
    options.kafka === true
      ? await (await import('./demo-kafka.js')).kafkaPlace(options.env, options.keep)
      : filePlace();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'cutover-demo-')));
  try {
    const data = await DemoData.write(directory, place);
    const context: AppContext = {
      configFile: data.configFile,
      env: { ...options.env, ...place.env },
      clock: options.clock,
      logger: options.logger,
      progress: options.progress,
      actor: 'demo',
      signal: options.signal,
    };
    await new Journey(
      context,
      data,
      new DemoStory(options),
      place.shown === null ? directory : `${directory}, ${place.shown}`,
    ).run();
    return { verdict: 'pass' };
  } finally {
    await place.close();
    if (!options.keep && options.directory === undefined) await rm(directory, { recursive: true, force: true });
  }
}

class Journey {
  readonly #ctx: AppContext;
  readonly #data: DemoData;
  readonly #story: DemoStory;
  readonly #directory: string;

  constructor(ctx: AppContext, data: DemoData, story: DemoStory, directory: string) {
    this.#ctx = ctx;
    this.#data = data;
    this.#story = story;
    this.#directory = directory;
  }

  async run(): Promise<void> {
    const story = this.#story;
    story.opening(this.#data.flights, this.#directory);
    await this.#findTheBug();
    await this.#repair();
    await this.#moveUntil(25);
    await this.#faultAtAQuarter();
    await this.#moveUntil(100);
    await this.#retire();
    story.closing();
  }

  async #findTheBug(): Promise<void> {
    this.#story.scene('A stream job with a plausible bug: flights that arrive more than 3 hours late are dropped');
    await this.#data.deploy('late-dropped');
    await this.#data.arrive(16);
    const comparison = await this.#cycle('fail');
    this.#story.comparison(comparison, 3);
    await this.#gate('fail');
  }

  async #repair(): Promise<void> {
    this.#story.scene("The corrected job. Its table is the old job's output, so it is rebuilt from the landed events");
    await this.#data.deploy('correct');
    this.#story.command(`cutover rebuild ${PIPELINE}`);
    this.#story.rebuilt(await rebuild(this.#ctx, PIPELINE));
    await this.#pass();
    await this.#pass();
    await this.#gate('pass');
    this.#story.scene('Readers move, a step at a time, only while the sides agree');
    await this.#act('start');
    await this.#reads();
  }

  async #faultAtAQuarter(): Promise<void> {
    this.#story.scene(
      'At 25% somebody forces a new version of the stream job in: after a restart it counts some events twice',
    );
    await this.#data.deploy('double-count');
    this.#story.command(`cutover rebuild ${PIPELINE} --force`);
    this.#story.rebuilt(await rebuild(this.#ctx, PIPELINE, { force: true }));
    this.#story.comparison(await this.#cycle('fail'), 1);
    const status = await this.#status('history');
    const last = status.history[0];
    if (status.state.stage !== 'rolled_back' || last === undefined) throw unexpected('the canary was not rolled back');
    this.#story.rolledBack(last);
    await this.#reads();
    this.#story.scene('Repaired, and from the first step again');
    await this.#data.deploy('correct');
    this.#story.command(`cutover rebuild ${PIPELINE}`);
    this.#story.rebuilt(await rebuild(this.#ctx, PIPELINE));
    await this.#pass();
    await this.#pass();
    await this.#act('start');
  }

  /** Cycles and steps until `percent` of the keys read the stream. */
  async #moveUntil(percent: number): Promise<void> {
    while ((await this.#status('status')).state.share_ppm < percent * 10_000) {
      await this.#pass();
      const { state, plan } = await this.#status('status');
      const next = plan.steps[state.step + 1];
      if (next !== undefined && plan.approve.includes(next)) await this.#act('approve');
      await this.#act('advance');
      await this.#reads();
    }
  }

  async #retire(): Promise<void> {
    this.#story.scene('100%: the stream is primary. The batch job keeps validating behind it, then it is retired');
    await this.#pass();
    await this.#pass();
    await this.#act('complete');
    this.#story.status(await this.#status('status'));
  }

  /** New flights arrive, and one cycle. */
  async #cycle(expected: Verdict): Promise<Comparison> {
    await this.#data.arrive(1);
    this.#story.command('cutover run --once');
    const summary = await runOnce(this.#ctx, { limit: 100 });
    const [comparison] = summary.comparisons;
    if (comparison === undefined || comparison.verdict !== expected) {
      throw unexpected(
        `the comparison was ${comparison?.verdict ?? 'missing'} instead of ${expected}: ${comparison?.reasons.join('; ') ?? ''}`,
      );
    }
    return comparison;
  }

  async #pass(): Promise<void> {
    this.#story.passed(await this.#cycle('pass'));
  }

  async #gate(expected: Verdict): Promise<void> {
    this.#story.command(`cutover gate ${PIPELINE}; echo $?`);
    const gate = await askGate(this.#ctx, PIPELINE, 'advance');
    this.#story.gate(gate, exitCodeOf(gate.verdict));
    if (gate.verdict !== expected) throw unexpected(`the gate said ${gate.verdict} instead of ${expected}`);
  }

  async #act(action: CanaryAction): Promise<void> {
    this.#story.command(`cutover canary ${action} ${PIPELINE}`);
    const report = await withProject(this.#ctx, (open) =>
      applyAction(this.#ctx, open, open.pipeline(PIPELINE), action, { actor: this.#ctx.actor, reason: null }),
    );
    this.#story.acted(report);
    if (!report.applied) throw unexpected(`${action} was refused: ${report.message}`);
  }

  #status(action: 'status' | 'history'): Promise<CanaryReport> {
    return withProject(this.#ctx, (open) => canaryStatus(this.#ctx, open, open.pipeline(PIPELINE), action));
  }

  async #reads(): Promise<void> {
    const routes = await withProject(this.#ctx, async (open) => {
      const pipeline = open.pipeline(PIPELINE);
      const state = await stateOf(open.session, pipeline, this.#ctx.clock.now());
      const found: { readonly text: string; readonly route: Route }[] = [];
      for (const text of WATCHED) found.push({ text, route: route(state, await canonicalParts(open, pipeline, text)) });
      return found;
    });
    this.#story.reads(routes);
  }
}

function unexpected(what: string): CutoverError {
  return new CutoverError('INTERNAL', `the demo did not go as it should: ${what}`, 'Please report this defect.');
}
