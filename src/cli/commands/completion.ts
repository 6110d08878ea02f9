import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Runtime } from '../session.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function addCompletion(program: Command, runtime: Runtime): void {
  program
    .command('completion')
    .description('print a completion script, for example: source <(cutover completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (chosen: string) => {
      const { completionScript, treeOf } = await import('../completion.js');
      const shell = SHELLS.find((name) => name === chosen) ?? 'bash';
      runtime.io.stdout.write(completionScript(shell, treeOf(program)));
    });
}
