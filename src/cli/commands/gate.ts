import { Option } from 'commander';
import type { Command } from 'commander';
import type { GatePurpose } from '../../model/gate.js';
import { exitCodeOf } from '../../model/verdict.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

const PURPOSES: readonly GatePurpose[] = ['advance', 'cutover', 'decommission'];

export function addGate(program: Command, runtime: Runtime): void {
  program
    .command('gate')
    .description('say by the exit code whether the next step may happen')
    .argument('<pipeline>', 'name of the pipeline')
    .addOption(new Option('--for <purpose>', 'what is to happen').choices(PURPOSES).default('advance'))
    .action((pipeline: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, ctx, print }) => {
        const { askGate } = await useCases.gate();
        const chosen: unknown = command.getOptionValue('for');
        const gate = await askGate(ctx, pipeline, PURPOSES.find((purpose) => purpose === chosen) ?? 'advance');
        await print(gate);
        return exitCodeOf(gate.verdict);
      }),
    );
}
