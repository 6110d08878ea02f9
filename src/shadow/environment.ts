import type { EventLog } from '../log/contract.js';
import type { Clock, Logger, Progress } from '../model/ports.js';
import type { IngestConfig, Pipeline, SchemaNames } from '../model/project.js';
import type { View } from '../model/view.js';
import type { Store } from '../store/contract.js';

/** The points between which a process may die; tests of faults stop it there. */
export const POINTS = [
  'chunk staged',
  'micro-batch begun',
  'events landed',
  'stream jobs applied',
  'offsets saved',
  'micro-batch committed',
  'cut taken',
  'batch job done',
  'batch side published',
  'sides compared',
  'comparison stored',
  'cycle committed',
  'rebuild replayed',
  'rebuild swapped',
  'retry staged',
  'retry applied',
  'retry committed',
  'view computed',
  'view written',
  'view stored',
] as const;

export type Point = (typeof POINTS)[number];

/** What every part of the shadow run needs. */
export interface ShadowEnvironment {
  readonly store: Store;
  readonly schemas: SchemaNames;
  /** In dependency order. */
  readonly pipelines: readonly Pipeline[];
  readonly views: readonly View[];
  readonly ingest: IngestConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly progress: Progress;
  /** The folder of the configuration file. */
  readonly root: string;
  /** A folder for files that live as long as one job. */
  readonly workDir: string;
  /** The log, to read again what was pruned from the landing; closed with the project. */
  readonly openLog: () => Promise<EventLog>;
  /** The log, to be asked where it ends: one for the whole time that the project is open. */
  readonly watchLog: () => Promise<EventLog>;
  /** Called at each point; does nothing outside tests of faults. */
  readonly reached: (point: Point) => Promise<void>;
}

/** `names` and everything they read, in dependency order: a pipeline is only comparable when what it reads stands at the same cut. */
export function withAncestors(pipelines: readonly Pipeline[], names: Iterable<string>): Pipeline[] {
  const wanted = new Set(names);
  for (const pipeline of pipelines.toReversed()) {
    if (wanted.has(pipeline.name)) for (const name of pipeline.after) wanted.add(name);
  }
  return pipelines.filter(({ name }) => wanted.has(name));
}

/** `names`, everything they read and everything that reads them: what a rebuild must replay together. */
export function connected(pipelines: readonly Pipeline[], names: Iterable<string>): Pipeline[] {
  const wanted = new Set(names);
  for (let before = -1; before !== wanted.size;) {
    before = wanted.size;
    for (const pipeline of pipelines) {
      if (wanted.has(pipeline.name)) for (const name of pipeline.after) wanted.add(name);
      if (pipeline.after.some((name) => wanted.has(name))) wanted.add(pipeline.name);
    }
  }
  return pipelines.filter(({ name }) => wanted.has(name));
}
