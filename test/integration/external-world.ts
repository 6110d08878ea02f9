import { setTimeout as sleep } from 'node:timers/promises';
import { withProject, type OpenProject } from '../../src/app/open.js';
import { systemClock } from '../../src/cli/clock.js';
import type { Comparison } from '../../src/model/comparison.js';
import { runCycle } from '../../src/shadow/cycle.js';
import type { SqlSession } from '../../src/store/contract.js';
import type { TestProject } from './project.js';

/** An event of a log that is no part of cutover: two jobs of somebody else read it. */
interface Event {
  readonly k: string;
  readonly amount: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Length of the windows in the tables of `WINDOWED`. */
export const WINDOW_MS = 100;

const SIDES = ['batch', 'stream'] as const;
type Side = (typeof SIDES)[number];

export interface Lags {
  /** A side has applied an event no sooner than so long after it. */
  readonly lag: number;
  /** Events in a transaction. */
  readonly most: number;
}

/** The jobs of both sides, each with a connection of its own: two real writers that lag differently. */
export class Writers {
  readonly events: Event[] = [];
  readonly #open: OpenProject;
  readonly #applied = { batch: 0, stream: 0 };
  readonly #loops: Promise<void>[] = [];
  readonly #backlog: number;
  #stopped = false;
  #failed: Error | undefined;

  /** @param backlog events that a side may be behind; more are not produced */
  constructor(open: OpenProject, backlog: number) {
    this.#open = open;
    this.#backlog = backlog;
  }

  /** Tables `ext.batch` and `ext.stream` by key and window, their progress and watermarks. */
  async create(): Promise<void> {
    await this.#open.session.script(`CREATE SCHEMA ext;
      ${SIDES.map(
        (side) => `CREATE TABLE ext.${side} (k TEXT, w TIMESTAMPTZ, n BIGINT, total BIGINT, PRIMARY KEY (k, w));
        CREATE TABLE ext.${side}_progress (part TEXT PRIMARY KEY, upto BIGINT);
        CREATE TABLE ext.${side}_watermark (reached TIMESTAMPTZ);
        INSERT INTO ext.${side}_progress VALUES ('p/0', 0), ('p/1', 0);
        INSERT INTO ext.${side}_watermark VALUES (NULL);`,
      ).join('\n')}`);
  }

  start(lags: Readonly<Record<Side, Lags>>, windowed: boolean): void {
    for (const side of SIDES) {
      const loop = this.#write(side, lags[side], windowed).catch((error: unknown) => {
        this.#failed = error instanceof Error ? error : new Error(String(error));
      });
      this.#loops.push(loop);
    }
  }

  /** Events come until `until` resolves; in bursts, where a pause is given. */
  async produce(until: () => boolean, keys: number, pause = 0): Promise<void> {
    let rng = 1;
    for (let turn = 0; !until() && this.#failed === undefined; turn += 1) {
      // However slow the machine is: what a side has still to apply is not much.
      while (Math.min(this.#applied.batch, this.#applied.stream) < this.events.length - this.#backlog) {
        this.#raise();
        await sleep(3);
      }
      for (let i = 0; i < 4; i += 1) {
        rng = (rng * 48_271) % 2_147_483_647;
        // A clock that is set back gives no event an earlier time than those before it.
        const at = Math.max(Date.now(), this.events.at(-1)?.at ?? 0);
        this.events.push({ k: `k${rng % keys}`, amount: rng % 100, at });
      }
      await sleep(pause > 0 && turn % 8 === 7 ? pause : 4);
    }
    this.#raise();
  }

  /** Waits until both sides have applied all. */
  async caughtUp(): Promise<void> {
    while (SIDES.some((side) => this.#applied[side] < this.events.length)) {
      this.#raise();
      await sleep(5);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#raise();
  }

  #raise(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  async #write(side: Side, { lag, most }: Lags, windowed: boolean): Promise<void> {
    const session = await this.#open.store.session();
    while (!this.#stopped) {
      const from = this.#applied[side];
      const next = this.events.slice(from, from + most);
      const until = Date.now() - lag;
      const late = next.findIndex(({ at }) => at > until);
      const due = late === -1 ? next : next.slice(0, late);
      if (due.length === 0) await sleep(3);
      else {
        await this.#apply(session, side, due, from + due.length, windowed);
        this.#applied[side] = from + due.length;
      }
    }
    await session.close();
  }

  /** Rows, progress and watermark change in one transaction. */
  async #apply(session: SqlSession, side: Side, due: readonly Event[], upto: number, windowed: boolean): Promise<void> {
    const values = due.map(({ k, amount, at }) => {
      const w = windowed ? Math.floor(at / WINDOW_MS) * WINDOW_MS : 0;
      return `('${k}', CAST('${new Date(w).toISOString()}' AS TIMESTAMPTZ), ${amount})`;
    });
    // Other events of the newest one's millisecond may still come.
    const newest = new Date(Math.max(...due.map(({ at }) => at)) - 1).toISOString();
    await session.transaction(async () => {
      await session.run(`INSERT INTO ext.${side} AS t
        SELECT k, w, count(*), sum(amount) FROM (VALUES ${values.join(', ')}) v (k, w, amount) GROUP BY k, w
        ON CONFLICT (k, w) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total`);
      await session.run(`UPDATE ext.${side}_progress SET upto = ${Math.ceil(upto / 2)} WHERE part = 'p/0'`);
      await session.run(`UPDATE ext.${side}_progress SET upto = ${Math.floor(upto / 2)} WHERE part = 'p/1'`);
      await session.run(`UPDATE ext.${side}_watermark SET reached = CAST('${newest}' AS TIMESTAMPTZ)`);
    });
  }
}

/** Both sides external, each aligned as `align` says. */
export function bothExternal(align: (side: Side) => object, parts: object = {}): { pipelines: Record<string, object> } {
  const side = (name: Side): object => ({ external: { table: `ext.${name}`, align: align(name) } });
  return {
    pipelines: {
      totals: {
        key: ['k', 'w'],
        batch: side('batch'),
        stream: side('stream'),
        gate: { consecutive_passes: 1, max_age: '1h' },
        ...parts,
      },
    },
  };
}

/** The store of a project, with writers beside it and cycles on request, in real time. */
export function withWriters<T>(
  project: TestProject,
  backlog: number,
  work: (writers: Writers, compare: () => Promise<Comparison>, open: OpenProject) => Promise<T>,
): Promise<T> {
  return withProject(project.context({ clock: systemClock }), async (open) => {
    const writers = new Writers(open, backlog);
    await writers.create();
    const compare = async (): Promise<Comparison> => {
      const options = { limit: 100, force: false, onReshaped: () => Promise.resolve() };
      const [made] = await runCycle(open.env, open.session, [open.pipeline('totals')], open.evidence, options);
      if (made === undefined) throw new Error('no comparison was made');
      return made;
    };
    return work(writers, compare, open);
  });
}
