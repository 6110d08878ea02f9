import type { Command } from 'commander';
import { exitCodeOfDoctor } from '../exit-code.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addDoctor(program: Command, runtime: Runtime): void {
  program
    .command('doctor')
    .description('check configuration, connections, rights and versions')
    .action((_options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, print }) => {
        const { doctor } = await useCases.doctor();
        const result = await doctor(ctx);
        await print(result);
        return exitCodeOfDoctor(result);
      }),
    );
}
