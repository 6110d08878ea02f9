import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { CanaryAction } from '../../model/canary.js';
import { exitCodeOfCanary } from '../exit-code.js';
import { textOf } from '../options.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

const ACTIONS: readonly (readonly [action: CanaryAction | 'status' | 'history', description: string])[] = [
  ['status', 'share, steps, dwell and the last changes'],
  ['start', 'let the first share of the keys read the stream, if the gate passes'],
  ['advance', 'take the next step, if the gate passes'],
  ['hold', 'keep the share as it is until it is resumed'],
  ['resume', 'go on after a hold'],
  ['rollback', 'let every key read the batch side at once'],
  ['approve', 'approve a step that the plan wants approved'],
  ['complete', 'retire the batch side, if the gate for it passes'],
  ['history', 'every change, by whom and why'],
];

/** Entries of the history under `status`. */
const RECENT = 5;

export function addCanary(program: Command, runtime: Runtime): void {
  const canary = program.command('canary').description('move the readers: the state machine by hand');
  for (const [action, description] of ACTIONS) {
    const command = canary.command(action).description(description).argument('<pipeline>', 'name of the pipeline');
    if (action !== 'status' && action !== 'history') command.option('--reason <text>', 'why, for the audit');
    if (action === 'approve') {
      command.addOption(
        new Option('--step <percent>', 'the step (default: the next that needs it)').argParser(percentOf),
      );
    }
    command.action((pipeline: string) =>
      perform(
        runtime,
        command,
        async ({ useCases, ctx, print }) => {
          const { canaryAction } = await useCases.canary();
          const reason = textOf(command.getOptionValue('reason'));
          const step: unknown = command.getOptionValue('step');
          const report = await canaryAction(ctx, pipeline, action, {
            ...(reason === undefined ? {} : { reason }),
            ...(typeof step === 'number' ? { step } : {}),
          });
          await print(report);
          return exitCodeOfCanary(report);
        },
        action === 'history' ? {} : { tableLimit: RECENT },
      ),
    );
  }
}

function percentOf(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !(percent > 0 && percent <= 100))
    throw new InvalidArgumentError('Give a percentage above 0 and up to 100.');
  return percent;
}
