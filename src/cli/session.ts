import type { Command } from 'commander';
import type { AppContext } from '../app/context.js';
import { discrepancyCount } from '../model/comparison.js';
import { silentProgress } from '../model/ports.js';
import { FORMATS } from '../report/options.js';
import type { Result } from '../report/result.js';
import type { Io } from './io.js';
import { createLogger } from './logger.js';
import type { LogLevel } from './logger.js';
import { colorWanted, globalOptions } from './options.js';
import type { GlobalOptions } from './options.js';
import { checkFormat, checkOutput, writeAtomically } from './output.js';
import { createProgress } from './progress.js';
import type { TerminalProgress } from './progress.js';
import type { UseCases } from './use-cases.js';

/** What all commands of one invocation share. */
export interface Runtime {
  readonly io: Io;
  readonly useCases: UseCases;
  /** Set by the command that ran. */
  exitCode: number;
}

/** What one command works with. */
export interface Session {
  readonly io: Io;
  readonly useCases: UseCases;
  readonly options: GlobalOptions;
  readonly ctx: AppContext;
  /** Renders a result to standard output, or to the file of `--output`; `brief` where its parts were printed already. */
  print(result: Result, brief?: boolean): Promise<void>;
  /** The same for a text that is the result itself, whatever the format. */
  printText(text: string): Promise<void>;
  /** Writes text to standard output while the work goes on. */
  write(text: string): void;
  /** The same to standard error. */
  warn(text: string): void;
}

export interface Manner {
  /** Of the logs, unless `--verbose` or `--quiet` say otherwise. */
  readonly level?: LogLevel;
  /** Entries that the table shows, unless `--limit` says otherwise. */
  readonly tableLimit?: number;
  /** Formats that the command has; by default those of every result. */
  readonly formats?: readonly string[];
}

/** Runs the work of a command and keeps its exit code. */
export async function perform(
  runtime: Runtime,
  command: Command,
  work: (session: Session) => Promise<number>,
  manner: Manner = {},
): Promise<void> {
  const { io } = runtime;
  const options = globalOptions(command, io, manner.tableLimit);
  checkFormat(command, manner.formats ?? FORMATS);
  if (options.output !== undefined) await checkOutput(options.output);
  const progress = await progressFor(io, options);
  const logger = createLogger(progress?.sink ?? io.stderr, {
    level: options.quiet ? 'error' : options.verbose ? 'debug' : (manner.level ?? 'warn'),
    color: colorWanted(command.optsWithGlobals()['color'] !== false, io.stderr.isTTY === true, io.env),
    now: () => io.clock.now(),
  });
  const ctx: AppContext = {
    configFile: options.configFile,
    env: io.env,
    clock: io.clock,
    logger,
    progress: progress ?? silentProgress,
    actor: io.user,
    signal: io.signal,
    hardStop: io.hardStop,
  };
  const write = (text: string): void => {
    progress?.stop();
    io.stdout.write(text);
  };
  const warn = (text: string): void => {
    progress?.stop();
    io.stderr.write(text);
  };
  const printText = async (text: string): Promise<void> => {
    if (options.output === undefined) write(text);
    else await writeAtomically(options.output, text);
  };
  const print = async (result: Result, brief = false): Promise<void> => {
    const { render } = await import('../report/render.js');
    const text = render(result, options.format, {
      color: options.color,
      width: options.width,
      limit: options.shown,
      brief: brief && options.output === undefined,
    });
    await printText(text);
    // The other formats say how many there are in what they print; of a list of rows nobody would know.
    if (options.format === 'csv' && options.shownByDefault && result.schema === 'cutover.comparison/v1') {
      const [listed, all] = [Math.min(result.discrepancies.length, options.shown), discrepancyCount(result)];
      if (listed < all)
        logger.warn({}, `only ${listed} of ${all} discrepancies are listed: give --limit ${all} for all of them`);
    }
  };
  try {
    runtime.exitCode = await work({ io, useCases: runtime.useCases, options, ctx, print, printText, write, warn });
  } finally {
    progress?.stop();
  }
}

/** Bars only where a person watches. */
async function progressFor(io: Io, options: GlobalOptions): Promise<TerminalProgress | undefined> {
  const { stderr } = io;
  if (stderr.isTTY !== true || options.quiet || !isStream(stderr)) return undefined;
  return createProgress(stderr, () => io.clock.now());
}

function isStream(sink: object): sink is NodeJS.WritableStream {
  return 'end' in sink && 'on' in sink;
}
