import type { Command } from 'commander';
import { exitCodeOf } from '../../model/verdict.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addCompare(program: Command, runtime: Runtime): void {
  program
    .command('compare')
    .description('run one cycle now and print the comparison')
    .argument('<pipeline>', 'name of the pipeline')
    .action((pipeline: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, options, print }) => {
        const { compareNow } = await useCases.compare();
        const comparison = await compareNow(ctx, pipeline, { limit: options.limit });
        await print(comparison);
        return exitCodeOf(comparison.verdict);
      }),
    );
}
