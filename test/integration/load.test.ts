import { appendFileSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runForever } from '../../src/app/run.js';
import { systemClock } from '../../src/cli/clock.js';
import { discrepancyCount } from '../../src/model/comparison.js';
import type { Comparison } from '../../src/model/comparison.js';
import { silentLogger, silentProgress } from '../../src/model/ports.js';
import { broken, makeWorld } from '../crash/world.js';
import type { Manner, World } from '../crash/world.js';

const SECONDS = Number(process.env['CUTOVER_LOAD_SECONDS'] ?? 5);

const worlds: World[] = [];
afterEach(() => {
  for (const { root } of worlds.splice(0)) rmSync(root, { recursive: true, force: true });
});

async function made(manner: Pick<Manner, 'template' | 'hold'>): Promise<World> {
  const small = manner.template === 'flights' ? { files: 2, maxEvents: 150 } : { files: 2, lines: 300, maxEvents: 25 };
  const world = await makeWorld({ ...manner, ...small, every: '1ms' });
  worlds.push(world);
  return world;
}

type Producer = (turn: number) => void;

/** New Parquet files; each appears whole, by its rename. */
function flights(world: World): Producer {
  const data = join(world.root, 'data');
  const source = join(data, 'flights-01.parquet');
  return (turn) => {
    if (turn % 10 !== 0) return;
    const name = `flights-x${String(turn).padStart(6, '0')}.parquet`;
    copyFileSync(source, join(world.root, name));
    renameSync(join(world.root, name), join(data, name));
  };
}

/** Lines at the end of files, sometimes half a line whose rest follows with the next turn, and new files. Some events are repeated, some no JSON. */
function medallion(world: World): Producer {
  const data = join(world.root, 'data');
  let pending = '';
  const event = (turn: number, nth: number): string => {
    if (nth === 7 && turn % 9 === 0) return 'no JSON at all';
    const id = nth % 5 === 0 ? `again-${turn % 7}-${nth}` : `load-${turn}-${nth}`;
    const day = String(1 + ((turn + nth) % 20)).padStart(2, '0');
    return JSON.stringify({
      payload: JSON.stringify({
        event_id: id,
        user_id: `u${(turn * 31 + nth) % 40}`,
        event_type: ['view', 'cart', 'purchase'][(turn + nth) % 3],
        amount: ((turn * 37 + nth * 101) % 10_000) / 100,
        timestamp: `2024-01-${day}T10:${String(nth % 60).padStart(2, '0')}:00Z`,
      }),
    });
  };
  return (turn) => {
    const lines = `${Array.from({ length: 40 }, (_, nth) => event(turn, nth)).join('\n')}\n`;
    if (turn % 25 === 24) {
      writeFileSync(join(data, `events-x${String(turn).padStart(6, '0')}.ndjson`), lines);
      return;
    }
    const half = turn % 2 === 0 ? lines.length : lines.length - 30;
    appendFileSync(join(data, 'events-01.ndjson'), pending + lines.slice(0, half));
    pending = lines.slice(half);
  };
}

interface Load {
  readonly comparisons: readonly Comparison[];
  readonly events: number;
  /** Different cuts among the comparisons. */
  readonly cuts: number;
}

/** However slow the machine is: after so long the test says what is missing. */
const MOST_SECONDS = 45;

function cutsOf(comparisons: readonly Comparison[]): number {
  return new Set(comparisons.map(({ cut }) => JSON.stringify(cut))).size;
}

/** Ingest as fast as it goes, fed by a producer, and cycles back to back, for some seconds and until there are enough comparisons. */
async function underLoad(
  world: World,
  producer: Producer,
  seconds: number,
  enough: (comparisons: readonly Comparison[]) => boolean,
): Promise<Load> {
  const stop = new AbortController();
  const comparisons: Comparison[] = [];
  let turn = 0;
  const feeding = setInterval(() => {
    producer(turn++);
  }, 40);
  const started = Date.now();
  const ending = setInterval(() => {
    const elapsed = (Date.now() - started) / 1000;
    if ((elapsed >= seconds && enough(comparisons)) || elapsed >= MOST_SECONDS) stop.abort();
  }, 50);
  try {
    const { events } = await runForever(
      {
        configFile: world.config,
        env: {},
        clock: systemClock,
        logger: silentLogger,
        progress: silentProgress,
        actor: 'load',
        signal: stop.signal,
      },
      { limit: 3, onComparison: (comparison) => comparisons.push(comparison), onCanary: () => undefined },
    );
    return { comparisons, events, cuts: cutsOf(comparisons) };
  } finally {
    clearInterval(feeding);
    clearInterval(ending);
  }
}

const differing = (comparisons: readonly Comparison[]): Comparison[] =>
  comparisons.filter((one) => discrepancyCount(one) > 0);
const different = ({ comparisons }: Load): Comparison[] => differing(comparisons);
const someDiffer = (comparisons: readonly Comparison[]): boolean => differing(comparisons).length > 0;

describe('the invariant under load: stream at a cut equals batch at that cut', () => {
  it.each([
    { template: 'flights', hold: 'snapshot' },
    { template: 'flights', hold: 'copy' },
    { template: 'medallion', hold: 'snapshot' },
    { template: 'medallion', hold: 'copy' },
  ] as const)('$template, $hold: not one discrepancy', async ({ template, hold }) => {
    const world = await made({ template, hold });
    const load = await underLoad(
      world,
      template === 'flights' ? flights(world) : medallion(world),
      SECONDS,
      (found) => cutsOf(found) > 5,
    );
    console.log(
      `${template}, ${hold}: ${load.comparisons.length} comparisons at ${load.cuts} cuts while ${load.events} events were ingested, ` +
        `${different(load).length} with discrepancies`,
    );
    expect(different(load).map(({ pipeline, discrepancies }) => ({ pipeline, discrepancies }))).toEqual([]);
    // A cycle that is due before the first event finds nothing, and rightly says so; from the first event on, all must pass.
    const withEvents = load.comparisons.filter(({ cut }) => Object.keys(cut).length > 0);
    expect(withEvents.filter(({ verdict }) => verdict !== 'pass').map(({ reasons }) => reasons)).toEqual([]);
    // It says nothing unless cycles ran at many different cuts while events came.
    expect(load.cuts).toBeGreaterThan(5);
    expect(await broken(world.store, world, false)).toEqual([]);
  });
});

describe('the same load finds a fault', () => {
  it('in a stream job that drops late events', async () => {
    const world = await made({ template: 'flights', hold: 'snapshot' });
    const sql = join(world.root, 'sql');
    copyFileSync(join(sql, 'daily_delays.stream.late-dropped.sql'), join(sql, 'daily_delays.stream.sql'));
    expect(different(await underLoad(world, flights(world), 3, someDiffer)).length).toBeGreaterThan(0);
  });

  it('in a batch job that reads past the cut, so that the two sides are not taken at one moment', async () => {
    const world = await made({ template: 'medallion', hold: 'copy' });
    const sql = join(world.root, 'sql');
    let changed = 0;
    for (const name of readdirSync(sql).filter((file) => file.endsWith('.batch.sql'))) {
      const text = readFileSync(join(sql, name), 'utf8');
      // The files of the log as they are when the job runs, instead of the events up to the cut.
      const files = `read_csv('${join(world.root, 'data', '*.ndjson')}', columns = {'line': 'VARCHAR'}, header = false, delim = '\\x01', quote = '', escape = '', auto_detect = false)`;
      const log = `(SELECT TRY_CAST(line AS JSON) ->> 'payload' AS payload, 0 AS _partition, row_number() OVER () AS _offset, now() AS _ingested_at FROM ${files})`;
      const past = text.replace(/\bFROM events\b/g, `FROM ${log}`);
      if (past !== text) changed++;
      writeFileSync(join(sql, name), past);
    }
    expect(changed).toBeGreaterThan(0);
    expect(different(await underLoad(world, medallion(world), 4, someDiffer)).length).toBeGreaterThan(0);
  });
});
