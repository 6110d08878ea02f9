import type { Command } from 'commander';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addRoute(program: Command, runtime: Runtime): void {
  program
    .command('route')
    .description('say which side a key reads, and why')
    .argument('<pipeline>', 'name of the pipeline')
    .argument('<key>', 'the key: `a,b` for a compound one, or JSON: ["2024-01-01","view"]')
    .action((pipeline: string, key: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, print }) => {
        const { routeKey } = await useCases.route();
        await print({ schema: 'cutover.route/v1', ...(await routeKey(ctx, pipeline, key)) });
        return 0;
      }),
    );
}
