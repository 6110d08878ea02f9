import { Option, type Command } from 'commander';
import type { StateReader } from '../../app/serve.js';
import type { Comparison } from '../../model/comparison.js';
import { CutoverError } from '../../model/errors.js';
import type { CanaryReport, RunSummary } from '../../model/results.js';
import type { ListenAddress } from '../../server/server.js';
import { exitCodeOfRun } from '../exit-code.js';
import { DEFAULT_ADDRESS, listenOption, withServer } from '../listen.js';
import { perform } from '../session.js';
import type { Runtime, Session } from '../session.js';

interface Options {
  readonly once?: boolean;
  readonly serve?: boolean;
  readonly listen?: ListenAddress;
}

export function addRun(program: Command, runtime: Runtime): void {
  program
    .command('run')
    .description("ingest, and run each pipeline's cycles by its schedule, until it is stopped")
    .option('--once', 'drain the log, run one cycle for each pipeline, refresh the views that are due, and stop')
    .addOption(new Option('--serve', 'views and metrics over HTTP meanwhile').conflicts('once'))
    .addOption(listenOption())
    .action((options: Options, command: Command) =>
      perform(runtime, command, (session) => act(session, options), { level: 'info' }),
    );
}

function act(session: Session, options: Options): Promise<number> {
  const address = addressOf(options);
  return options.once === true ? drain(session) : goOn(session, address);
}

/** null: nothing is served. Errors: USAGE. */
function addressOf({ serve = false, listen }: Options): ListenAddress | null {
  if (serve) return listen ?? DEFAULT_ADDRESS;
  if (listen === undefined) return null;
  throw new CutoverError('USAGE', '--listen says where to serve, and nothing is served', 'Give --serve too.');
}

async function drain({ useCases, ctx, options, print }: Session): Promise<number> {
  const { runOnce } = await useCases.run();
  const summary = await runOnce(ctx, { limit: options.limit });
  await print(summary);
  return exitCodeOfRun(summary);
}

/** A run that was asked to stop and did so has done its work, whatever its last comparisons said: they were printed, and the gate judges them. */
async function goOn(session: Session, address: ListenAddress | null): Promise<number> {
  const { useCases, ctx, options, print, write } = session;
  const { runForever } = await useCases.run();
  const { liveText } = await import('../live.js');
  const show = (result: Comparison | CanaryReport): void => {
    const text = liveText(result, options);
    if (text !== '') write(text);
  };
  const run = (state?: StateReader): Promise<RunSummary> =>
    runForever(ctx, {
      limit: options.limit,
      onComparison: show,
      onCanary: show,
      ...(state === undefined ? {} : { state }),
    });
  await print(await (address === null ? run() : withServer(session, address, run)), true);
  return 0;
}
