import path from 'node:path';
import type { Command } from 'commander';
import { formatOf } from '../report/options.js';
import type { Format } from '../report/options.js';
import type { Io } from './io.js';

export const DEFAULT_CONFIG = 'cutover.yaml';
export const DEFAULT_LIMIT = 100;
/** What a table shows unless `--limit` asks for more: about a screen. */
const TABLE_LIMIT = 10;
const DEFAULT_WIDTH = 100;
const LEAST_WIDTH = 60;

/** The options that every command has, as values. */
export interface GlobalOptions {
  /** Absolute path. */
  readonly configFile: string;
  readonly format: Format;
  /** Absolute path; undefined: standard output. */
  readonly output: string | undefined;
  /** Discrepancies listed in the result. */
  readonly limit: number;
  /** Discrepancies or entries shown in the format chosen. */
  readonly shown: number;
  /** Nobody said how many should be shown. */
  readonly shownByDefault: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** Colour on standard output; on standard error it is for the terminal there to say. */
  readonly color: boolean;
  readonly width: number;
}

export function globalOptions(command: Command, io: Io, tableLimit = TABLE_LIMIT): GlobalOptions {
  const values: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  const format = formatOf(values['format']) ?? 'table';
  const output = textOf(values['output']);
  const limit = typeof values['limit'] === 'number' ? values['limit'] : DEFAULT_LIMIT;
  const byDefault = command.getOptionValueSourceWithGlobals('limit') !== 'cli';
  return {
    configFile: path.resolve(io.cwd, textOf(values['config']) ?? DEFAULT_CONFIG),
    format,
    output: output === undefined ? undefined : path.resolve(io.cwd, output),
    limit,
    shown: format === 'table' && byDefault ? tableLimit : limit,
    shownByDefault: byDefault,
    verbose: values['verbose'] === true,
    quiet: values['quiet'] === true,
    color: output === undefined && colorWanted(values['color'] !== false, io.stdout.isTTY === true, io.env),
    width: output === undefined ? widthOf(io.stdout.columns) : DEFAULT_WIDTH,
  };
}

/** A terminal that does not know its width says 0; below a certain one a table is better broken by the terminal than by us. */
function widthOf(columns: number | undefined): number {
  return columns === undefined || columns <= 0 ? DEFAULT_WIDTH : Math.max(columns, LEAST_WIDTH);
}

/** Colour stands only on a terminal that can show it, and only where nobody objected (https://no-color.org). */
export function colorWanted(option: boolean, terminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return option && terminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** An option's or argument's value as text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
