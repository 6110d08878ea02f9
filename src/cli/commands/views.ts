import type { Command } from 'commander';
import type { ViewsResult } from '../../model/view.js';
import { perform } from '../session.js';
import type { Runtime, Session } from '../session.js';

export function addViews(program: Command, runtime: Runtime): void {
  const views = program.command('views').description('materialized views and their freshness');
  const does =
    (command: Command, act: (session: Session) => Promise<ViewsResult>): (() => Promise<void>) =>
    () =>
      perform(runtime, command, async (session) => {
        await session.print(await act(session));
        return 0;
      });
  const list = views
    .command('list', { isDefault: true })
    .description('how fresh each view is, and where its rows came from');
  list.action(does(list, async ({ useCases, ctx }) => (await useCases.views()).listViews(ctx)));
  const refresh = views
    .command('refresh')
    .description('refresh a view now')
    .argument('<view>', 'name of the view')
    .option('--full', 'compute all rows, not only the partitions that events touched');
  refresh.action((name: string) =>
    does(refresh, async ({ useCases, ctx }) =>
      (await useCases.views()).refreshNow(ctx, name, { full: refresh.getOptionValue('full') === true }),
    )(),
  );
  const drop = views
    .command('drop')
    .description('remove the table of a view that is no longer configured')
    .argument('<view>', 'name of the view');
  drop.action((name: string) =>
    does(drop, async ({ useCases, ctx }) => (await useCases.views()).dropRemoved(ctx, name))(),
  );
}
