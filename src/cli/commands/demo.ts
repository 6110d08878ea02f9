import path from 'node:path';
import type { Command } from 'commander';
import { exitCodeOf } from '../../model/verdict.js';
import { textOf } from '../options.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addDemo(program: Command, runtime: Runtime): void {
  program
    .command('demo')
    .description('show the whole journey on bundled data, nothing to install')
    .option('--directory <dir>', 'where to work (default: a temporary folder)')
    .option(
      '--kafka',
      'on the Kafka and PostgreSQL of KAFKA_BROKERS and DATABASE_URL, in a topic and database of its own',
    )
    .option('--keep', 'keep the folder (and topic and database) afterwards')
    .action((_options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, io, ctx, options, write }) => {
        const { demo } = await useCases.demo();
        const directory = textOf(command.getOptionValue('directory'));
        const { clock, logger, progress, env, signal } = ctx;
        const { verdict } = await demo({
          ...(directory === undefined ? {} : { directory: path.resolve(io.cwd, directory) }),
          kafka: command.getOptionValue('kafka') === true,
          keep: command.getOptionValue('keep') === true,
          out: write,
          clock,
          logger,
          progress,
          env,
          signal,
          color: options.color,
          width: options.width,
        });
        return exitCodeOf(verdict);
      }),
    );
}
