import type { Command } from 'commander';
import { exitCodeOf } from '../../model/verdict.js';
import { textOf } from '../options.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addReport(program: Command, runtime: Runtime): void {
  program
    .command('report')
    .description('print a stored comparison again')
    .argument('<pipeline>', 'name of the pipeline')
    .option('--comparison <id>', 'which one (default: the newest)')
    .action((pipeline: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, options, print }) => {
        const { storedReport } = await useCases.report();
        const comparisonId = textOf(command.getOptionValue('comparison'));
        const comparison = await storedReport(ctx, pipeline, {
          limit: options.limit,
          ...(comparisonId === undefined ? {} : { comparisonId }),
        });
        await print(comparison);
        return exitCodeOf(comparison.verdict);
      }),
    );
}
