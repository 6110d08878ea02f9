import type { Command } from 'commander';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addRebuild(program: Command, runtime: Runtime): void {
  program
    .command('rebuild')
    .description('replay the log into a fresh stream table and swap it in')
    .argument('<pipeline>', 'name of the pipeline')
    .option('--force', 'even where readers read the table already')
    .action((pipeline: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, print }) => {
        const { rebuild } = await useCases.rebuild();
        await print(await rebuild(ctx, pipeline, { force: command.getOptionValue('force') === true }));
        return 0;
      }),
    );
}
