import type { Command } from 'commander';
import type { ListenAddress } from '../../server/server.js';
import { DEFAULT_ADDRESS, listenOption, withServer } from '../listen.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

export function addServe(program: Command, runtime: Runtime): void {
  program
    .command('serve')
    .description('views and metrics over HTTP, read-only, until it is stopped')
    .addOption(listenOption())
    .action(({ listen = DEFAULT_ADDRESS }: { readonly listen?: ListenAddress }, command: Command) =>
      perform(
        runtime,
        command,
        async (session) => {
          const { serveStore } = await session.useCases.serve();
          await withServer(session, listen, (state) => serveStore(session.ctx, state));
          return 0;
        },
        { level: 'info' },
      ),
    );
}
