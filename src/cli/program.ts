import { readFileSync } from 'node:fs';
import { Command, Help, InvalidArgumentError, Option } from 'commander';
import { ADVICE_FORMATS, ALL_FORMATS, FORMATS } from '../report/options.js';
import { addAdvise } from './commands/advise.js';
import { addCanary } from './commands/canary.js';
import { addCompare } from './commands/compare.js';
import { addCompletion } from './commands/completion.js';
import { addDemo } from './commands/demo.js';
import { addDiff } from './commands/diff.js';
import { addDoctor } from './commands/doctor.js';
import { addGate } from './commands/gate.js';
import { addInit } from './commands/init.js';
import { addQuarantine } from './commands/quarantine.js';
import { addRebuild } from './commands/rebuild.js';
import { addReport } from './commands/report.js';
import { addRoute } from './commands/route.js';
import { addRun } from './commands/run.js';
import { addServe } from './commands/serve.js';
import { addViews } from './commands/views.js';
import { DEFAULT_CONFIG, DEFAULT_LIMIT } from './options.js';
import type { Runtime } from './session.js';

/** The whole command line: every command with its options. Nothing is parsed or loaded yet. */
export function buildProgram(runtime: Runtime): Command {
  const { io } = runtime;
  const program = new Command('cutover')
    .description('Proves that a streaming pipeline can replace a batch job, then moves the readers over step by step.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .addOption(formatOption(ALL_FORMATS))
    .option('--output <file>', 'write the result to a file, as a whole or not at all')
    .addOption(
      new Option('--limit <count>', 'discrepancies or records listed at the most; counts are never capped')
        .argParser(countOf)
        .default(DEFAULT_LIMIT),
    )
    .addOption(new Option('--verbose', 'log details, and show the stack of an error').conflicts('quiet'))
    .option('--quiet', 'log errors only, no progress')
    .option('--no-color', 'no colour, even on a terminal (NO_COLOR does the same)')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: globalOptions })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // The error is printed once, by whoever catches it.
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 pass, 1 fail (diverged), 2 usage or runtime error, 3 inconclusive.');
  const add = [
    addInit,
    addDemo,
    addRun,
    addServe,
    addCompare,
    addDiff,
    addReport,
    addRebuild,
    addGate,
    addCanary,
    addRoute,
    addViews,
    addQuarantine,
    addAdvise,
    addDoctor,
    addCompletion,
  ];
  for (const one of add) one(program, runtime);
  return program;
}

function formatOption(formats: readonly string[]): Option {
  return new Option('--format <format>', 'how results are printed').choices(formats).default('table');
}

/** Of the formats, the help of a command lists those that it takes. */
function globalOptions(command: Command): Option[] {
  const formats = formatOption(command.name() === 'advise' ? ADVICE_FORMATS : FORMATS);
  const help = new Help();
  help.showGlobalOptions = true;
  return help.visibleGlobalOptions(command).map((option) => (option.attributeName() === 'format' ? formats : option));
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('Give a whole number, 0 or more.');
  return count;
}

/** The version of the package that this file stands in. */
function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
