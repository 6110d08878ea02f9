import type { Command } from 'commander';
import type { Comparison } from '../../model/comparison.js';
import type { CanaryReport } from '../../model/results.js';
import { exitCodeOfRun } from '../exit-code.js';
import { perform } from '../session.js';
import type { Runtime, Session } from '../session.js';

export function addRun(program: Command, runtime: Runtime): void {
  program
    .command('run')
    .description("ingest, and run each pipeline's cycles by its schedule, until it is stopped")
    .option('--once', 'drain the log, run one cycle for each pipeline, refresh the views that are due, and stop')
    .action((_options: unknown, command: Command) => {
      const once = command.getOptionValue('once') === true;
      return perform(runtime, command, once ? drain : goOn, { level: 'info' });
    });
}

async function drain({ useCases, ctx, options, print }: Session): Promise<number> {
  const { runOnce } = await useCases.run();
  const summary = await runOnce(ctx, { limit: options.limit });
  await print(summary);
  return exitCodeOfRun(summary);
}

/** A run that was asked to stop and did so has done its work, whatever its last comparisons said: they were printed, and the gate judges them. */
async function goOn({ useCases, ctx, options, print, write }: Session): Promise<number> {
  const { runForever } = await useCases.run();
  const { liveText } = await import('../live.js');
  const show = (result: Comparison | CanaryReport): void => {
    const text = liveText(result, options);
    if (text !== '') write(text);
  };
  await print(await runForever(ctx, { limit: options.limit, onComparison: show, onCanary: show }), true);
  return 0;
}
