import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { CutoverError } from '../model/errors.js';
import { errorText } from './errors.js';
import type { Io } from './io.js';
import { colorWanted } from './options.js';
import { buildProgram } from './program.js';
import type { Runtime } from './session.js';
import type { UseCases } from './use-cases.js';

/**
 * One invocation: parse, run, print. Never throws.
 *
 * @param args the arguments after the program's name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], io: Io, useCases: UseCases): Promise<number> {
  const runtime: Runtime = { io, useCases, exitCode: 0 };
  const program = buildProgram(runtime);
  try {
    await program.parseAsync(args, { from: 'user' });
    return runtime.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    // Without a command the help was printed already.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return 2;
    const error = thrown instanceof CommanderError ? usageError(thrown, commandOf(program, args)) : thrown;
    io.stderr.write(errorText(error, errorOptions(args, io)));
    return 2;
  }
}

/** The command line may not have been understood, so what matters for an error is looked for in its words. */
function errorOptions(args: readonly string[], io: Io): Parameters<typeof errorText>[1] {
  const end = args.indexOf('--');
  const words = end < 0 ? args : args.slice(0, end);
  const format = words.findLastIndex((word) => word === '--format' || word.startsWith('--format='));
  const name = words[format] === '--format' ? words[format + 1] : words[format]?.slice('--format='.length);
  return {
    json: name === 'json' || name === 'ndjson',
    verbose: words.includes('--verbose'),
    color: colorWanted(!words.includes('--no-color'), io.stderr.isTTY === true, io.env),
  };
}

/** `error: unknown option '--x'\n(Did you mean --y?)` -> message and remedy. */
function usageError(error: CommanderError, command: string): CutoverError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*)\?\)/.exec(rest.join(' '))?.[1];
  const help = `run \`${command} --help\`.`;
  return new CutoverError(
    'USAGE',
    message,
    suggestion === undefined ? `R${help.slice(1)}` : `Did you mean ${suggestion}? Otherwise ${help}`,
  );
}

/** The command that the arguments name, as far as they name one. */
function commandOf(program: Command, args: readonly string[]): string {
  let command = program;
  for (const word of args) {
    const next = command.commands.find((one) => one.name() === word);
    if (next !== undefined) command = next;
  }
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}
