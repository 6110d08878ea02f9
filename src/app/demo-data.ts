import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageRoot } from './package-root.js';
import { openDuckDbStore } from '../store/duckdb/store.js';

/** Rows per slice: each slice is one arrival of flights, and so one new cut. */
const SLICE_ROWS = 2500;

/** Where the demo keeps its log and its store. */
export interface DemoPlace {
  readonly store: 'duckdb' | 'postgres';
  /** The form in which slices of flights are written. */
  readonly slices: 'parquet' | 'json';
  readonly configuration: string;
  /** Variables that the configuration names. */
  readonly env: NodeJS.ProcessEnv;
  /** For the opening line; null: the folder tells all. */
  readonly shown: string | null;
  /** Lets a slice arrive. */
  arrive(slice: string, folder: string): Promise<void>;
  close(): Promise<void>;
}

/** The demo on files and the embedded store. */
export function filePlace(): DemoPlace {
  return {
    store: 'duckdb',
    slices: 'parquet',
    configuration: demoConfiguration(
      '{ kind: duckdb, path: .cutover/cutover.duckdb }',
      '{ kind: file, path: data/*.parquet, event_time: date }',
    ),
    env: {},
    shown: null,
    arrive: (slice, folder) => copyFile(slice, join(folder, 'data', basename(slice))),
    close: () => Promise.resolve(),
  };
}

/** The demo's folder: the flights template with a faster plan, and the flights cut into slices that arrive one by one. */
export class DemoData {
  readonly configFile: string;
  readonly #directory: string;
  readonly #place: DemoPlace;
  readonly #waiting: string[];
  readonly #flights: number;

  private constructor(directory: string, place: DemoPlace, waiting: string[], flights: number) {
    this.configFile = join(directory, 'cutover.yaml');
    this.#directory = directory;
    this.#place = place;
    this.#waiting = waiting;
    this.#flights = flights;
  }

  static async write(directory: string, place: DemoPlace): Promise<DemoData> {
    const template = join(packageRoot(), 'templates', 'flights');
    await mkdir(join(directory, 'data'), { recursive: true });
    await mkdir(join(directory, 'sql'), { recursive: true });
    await mkdir(join(directory, 'waiting'), { recursive: true });
    // What stands in the folder of a store takes the place of the file of that name.
    for (const folder of place.store === 'postgres' ? ['sql', join('postgres', 'sql')] : ['sql'])
      for (const name of await readdir(join(template, folder)))
        await copyFile(join(template, folder, name), join(directory, 'sql', name));
    await writeFile(join(directory, 'cutover.yaml'), place.configuration);
    const fixtures = join(packageRoot(), 'fixtures', 'flights');
    const files = (await readdir(fixtures)).filter((name) => name.endsWith('.parquet')).sort();
    const { slices, rows } = await slice(
      files.map((name) => join(fixtures, name)),
      join(directory, 'waiting'),
      place.slices,
    );
    return new DemoData(directory, place, slices, rows);
  }

  get flights(): number {
    return this.#flights;
  }

  /** Lets the next `n` slices arrive. */
  async arrive(n: number): Promise<void> {
    for (const slice of this.#waiting.splice(0, n))
      await this.#place.arrive(join(this.#directory, 'waiting', slice), this.#directory);
  }

  get left(): number {
    return this.#waiting.length;
  }

  /** Puts another version of the stream job in place, as a deployment would. */
  async deploy(variant: 'late-dropped' | 'double-count' | 'correct'): Promise<void> {
    const file = variant === 'correct' ? 'daily_delays.stream.sql' : `daily_delays.stream.${variant}.sql`;
    const text = await readFile(join(packageRoot(), 'templates', 'flights', 'sql', file));
    await writeFile(join(this.#directory, 'sql', 'daily_delays.stream.sql'), text);
  }
}

/** Cuts files into files of SLICE_ROWS rows, in order. */
async function slice(
  files: readonly string[],
  folder: string,
  format: DemoPlace['slices'],
): Promise<{ slices: string[]; rows: number }> {
  const store = await openDuckDbStore({
    path: ':memory:',
    schemas: { batch: 'cutover_batch', stream: 'cutover_stream', served: 'main' },
  });
  try {
    const session = await store.session();
    const { literal } = store.dialect;
    await session.run(
      `CREATE TABLE flights AS SELECT *, (row_number() OVER () - 1) // ${SLICE_ROWS} AS slice FROM read_parquet([${files.map(literal).join(', ')}])`,
    );
    const [row] = await session.query('SELECT count(*) AS n, max(slice) + 1 AS slices FROM flights');
    const slices: string[] = [];
    for (let i = 0; i < Number(row?.['slices']); i += 1) {
      const name = `arrival-${String(i + 1).padStart(3, '0')}.${format}`;
      await session.run(
        `COPY (SELECT * EXCLUDE slice FROM flights WHERE slice = ${i}) TO ${literal(join(folder, name))} (FORMAT ${format})`,
      );
      slices.push(name);
    }
    return { slices, rows: Number(row?.['n']) };
  } finally {
    await store.close();
  }
}

/** As in the flights template, but for a demo of seconds: one passing cycle at each step instead of three. */
export function demoConfiguration(store: string, log: string): string {
  return `version: 1
store: ${store}
log: ${log}
ingest: { max_events: 2500, max_wait: 1s }
pipelines:
  daily_delays:
    key: [flight_date, origin]
    batch: { sql: sql/daily_delays.batch.sql, every: 15m }
    stream: { sql: sql/daily_delays.stream.sql, setup: sql/daily_delays.setup.sql }
    gate: { max_mismatch_rate: 0, min_keys: 100, consecutive_passes: 2, max_age: 1h }
    canary: { steps: [1, 5, 10, 25, 50, 100], dwell: { cycles: 1 }, approve: [100], rollback_at: 0.001, auto: false }
`;
}
