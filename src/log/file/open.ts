import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Chunk, EventLog, PartitionState, RawRecord, Reread } from '../contract.js';
import type { DeclaredColumn, FileLogConfig } from '../../model/project.js';
import type { Logger } from '../../model/ports.js';
import { CutoverError } from '../../model/errors.js';
import { inferCsvTypes } from './csv-types.js';
import { checkColumns, declaredTypeOf } from '../record/declared-type.js';
import type { FoundFile } from './discover.js';
import { discoverFiles, patternsOf } from './discover.js';
import { describeReadError, gone, schemaMismatch } from './file-errors.js';
import { Inspector } from './inspector.js';
import type { LogFile } from './log-file.js';
import { ParquetFile } from './parquet-file.js';
import { TextFile } from './text-file.js';

export { describeReadError };

/**
 * Opens the file log: Parquet, CSV and NDJSON files that match the configured globs, one partition for each. See
 * docs/file-log.md for what an offset is, what is quarantined, and what may happen to the files.
 *
 * @param config `paths` are absolute globs
 * @param root partitions are named relative to it (the configuration's directory)
 * @param tempDir where text files are copied chunk by chunk for DuckDB to read; made when it is not there
 * @param holdsNul whether the store can hold the character U+0000 in a text: otherwise records with it do not fit
 */
export function openFileLog(
  config: FileLogConfig,
  root: string,
  tempDir: string,
  logger: Logger,
  holdsNul = true,
): Promise<EventLog> {
  return Promise.resolve(new FileLog(config, root, tempDir, logger, holdsNul));
}

interface Shape {
  readonly columns: readonly DeclaredColumn[];
  /** DuckDB types of the first file, where the columns were taken from a Parquet file. */
  readonly source: ReadonlyMap<string, string> | undefined;
}

class FileLog implements EventLog {
  readonly kind = 'file';
  readonly identity: string;
  readonly #config: FileLogConfig;
  readonly #root: string;
  readonly #tempDir: string;
  readonly #logger: Logger;
  readonly #holdsNul: boolean;
  readonly #inspector = new Inspector();
  readonly #files = new Map<string, LogFile>();
  #shape: Shape | undefined;
  #scratchDir: string | undefined;
  #scratchCount = 0;

  constructor(config: FileLogConfig, root: string, tempDir: string, logger: Logger, holdsNul: boolean) {
    this.#config = config;
    this.#root = root;
    this.#tempDir = tempDir;
    this.#logger = logger;
    this.#holdsNul = holdsNul;
    this.identity = `file:${[...patternsOf(config, root), ...(config.format ? [config.format] : [])].join(',')}`;
  }

  async columns(known: readonly PartitionState[] = []): Promise<readonly DeclaredColumn[]> {
    const found = await discoverFiles(this.#config, this.#root);
    if (found.length === 0) {
      for (const { name } of known) {
        // One that is still there is no longer matched by the globs.
        const there = await stat(resolve(this.#root, name)).then(
          () => true,
          () => false,
        );
        if (!there) throw gone(name);
      }
    }
    return (await this.#shapeOf(found)).columns;
  }

  explain(error: unknown, chunk: Chunk): CutoverError | null {
    return describeReadError(error, chunk.name);
  }

  async next(known: readonly PartitionState[], maxEvents: number): Promise<Chunk | null> {
    const found = await discoverFiles(this.#config, this.#root);
    const byName = new Map(found.map((file) => [file.name, file]));
    const lost = known.find((state) => !byName.has(state.name));
    if (lost !== undefined) throw gone(lost.name);
    if (found.length === 0) return null;
    const shape = await this.#shapeOf(found);
    const states = [...known].sort((left, right) => left.partition - right.partition);
    for (const state of states) await this.#fileOf(byName.get(state.name), state.name, shape).verify(state);
    for (const state of states) {
      const file = this.#fileOf(byName.get(state.name), state.name, shape);
      const chunk = await file.next(state.partition, state, maxEvents);
      if (chunk !== null) return chunk;
    }
    const taken = new Set(known.map((state) => state.name));
    let partition = Math.max(-1, ...known.map((state) => state.partition));
    for (const file of found) {
      if (taken.has(file.name)) continue;
      partition++;
      const chunk = await this.#fileOf(file, file.name, shape).next(partition, null, maxEvents);
      if (chunk !== null) return chunk;
    }
    return null;
  }

  async mark(): Promise<string> {
    const found = await discoverFiles(this.#config, this.#root);
    const files = found.map(async ({ name, path }) => {
      const { size, mtimeMs } = await stat(path);
      return [name, size, mtimeMs];
    });
    return JSON.stringify(await Promise.all(files));
  }

  async retry(state: PartitionState, records: readonly RawRecord[]): Promise<Reread> {
    return (await this.#unchanged(state)).retry(records);
  }

  async *read(state: PartitionState, from: number, to: number, maxEvents: number): AsyncIterable<Chunk> {
    const file = await this.#unchanged(state);
    // Not read before: from its first record on.
    let position = '';
    for (let at = from; at < to;) {
      const chunk = await file.next(
        state.partition,
        { ...state, nextOffset: at, position },
        Math.min(maxEvents, to - at),
      );
      if (chunk === null) return;
      [at, position] = [chunk.to, chunk.position];
      yield chunk;
    }
  }

  /** The file of a partition, which still holds what was read from it. */
  async #unchanged(state: PartitionState): Promise<LogFile> {
    const found = await discoverFiles(this.#config, this.#root);
    const shape = await this.#shapeOf(found);
    const file = this.#fileOf(
      found.find(({ name }) => name === state.name),
      state.name,
      shape,
    );
    await file.verify(state);
    return file;
  }

  async close(): Promise<void> {
    this.#inspector.close();
    if (this.#scratchDir !== undefined) await rm(this.#scratchDir, { recursive: true, force: true });
    this.#scratchDir = undefined;
  }

  #fileOf(found: FoundFile | undefined, name: string, shape: Shape): LogFile {
    if (found === undefined) throw gone(name);
    const open = this.#files.get(name);
    if (open !== undefined) return open;
    const { eventTime, schema } = this.#config;
    const common = {
      path: found.path,
      name,
      columns: shape.columns,
      declared: schema !== undefined,
      eventTime,
      holdsNul: this.#holdsNul,
    };
    const file =
      found.format === 'parquet'
        ? new ParquetFile({ ...common, source: shape.source, inspector: this.#inspector })
        : new TextFile({
            ...common,
            format: found.format,
            scratchPath: () => this.#scratchPath(),
            logger: this.#logger,
          });
    this.#files.set(name, file);
    return file;
  }

  async #shapeOf(found: readonly FoundFile[]): Promise<Shape> {
    if (this.#shape !== undefined) return this.#shape;
    const first = found[0];
    if (first === undefined) {
      throw new CutoverError(
        'LOG_NO_FILES',
        `No file matches ${patternsOf(this.#config, this.#root).join(', ')}.`,
        'Correct log.path (relative to the configuration file), or put the first file there.',
      );
    }
    const shape = await this.#inferShape(first);
    checkColumns(shape.columns, this.#config.eventTime);
    this.#shape = shape;
    return shape;
  }

  async #inferShape(first: FoundFile): Promise<Shape> {
    const { schema } = this.#config;
    if (schema !== undefined) return { columns: schema, source: undefined };
    switch (first.format) {
      case 'ndjson':
        throw schemaMismatch(
          first.name,
          'the columns of an NDJSON file must be declared.',
          'Declare log.schema, for example { id: text, amount: "decimal(18,2)", at: timestamptz }.',
        );
      case 'csv':
        return {
          columns: await inferCsvTypes(first.path, first.name, this.#inspector, () => this.#scratchPath()),
          source: undefined,
        };
      case 'parquet': {
        const { types } = await this.#inspector.parquet(first.path, first.name);
        return { columns: [...types].map(([name, type]) => ({ name, type: declaredTypeOf(type) })), source: types };
      }
    }
  }

  async #scratchPath(): Promise<string> {
    if (this.#scratchDir === undefined) {
      await mkdir(this.#tempDir, { recursive: true });
      this.#scratchDir = await mkdtemp(join(this.#tempDir, 'log-'));
    }
    return join(this.#scratchDir, `${this.#scratchCount++}.csv`);
  }
}
