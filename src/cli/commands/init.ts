import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

const STORES = ['duckdb', 'postgres'] as const;
const TEMPLATES = ['external', 'flights', 'lambda', 'medallion'] as const;

export function addInit(program: Command, runtime: Runtime): void {
  program
    .command('init')
    .description('write a working configuration with its SQL and sample data')
    .argument('[directory]', 'where to', '.')
    .addOption(new Option('--template <name>', 'what to start from').choices(TEMPLATES).default('flights'))
    .addOption(new Option('--store <kind>', 'where it keeps its tables').choices(STORES).default('duckdb'))
    .option('--force', 'overwrite files that exist')
    .action((directory: string, _options: unknown, command: Command) =>
      perform(runtime, command, async ({ useCases, io, print }) => {
        const { init } = await useCases.init();
        const chosen: unknown = command.getOptionValue('template');
        const template = TEMPLATES.find((name) => name === chosen) ?? 'flights';
        const store = STORES.find((kind) => kind === command.getOptionValue('store')) ?? 'duckdb';
        const force = command.getOptionValue('force') === true;
        await print(await init({ template, directory: path.resolve(io.cwd, directory), force, store }));
        return 0;
      }),
    );
}
