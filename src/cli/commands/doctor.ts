import type { Command } from 'commander';
import { exitCodeOfDoctor } from '../exit-code.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addDoctor(program: Command, runtime: Runtime): void {
  program
    .command('doctor')
    .description('check configuration, connections, rights and versions')
    .option('--print-ddl', 'print the SQL that a DBA runs for a role that may make no schemas, and check nothing')
    .action((_options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, print, printText }) => {
        if (command.getOptionValue('printDdl') === true) {
          const { printDdl } = await useCases.printDdl();
          await printText(await printDdl(ctx));
          return 0;
        }
        const { doctor } = await useCases.doctor();
        const result = await doctor(ctx);
        await print(result);
        return exitCodeOfDoctor(result);
      }),
    );
}
