import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { CutoverError } from '../../model/errors.js';
import { exitCodeOfQuarantine } from '../exit-code.js';
import { textOf } from '../options.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

/** A record, or all of them. */
type Scope = 'all' | { readonly partition: string; readonly offset: number };

export function addQuarantine(program: Command, runtime: Runtime): void {
  const quarantine = program.command('quarantine').description('records that do not fit the schema');
  const list = quarantine.command('list').description('what is in quarantine, and why');
  list.action(() =>
    perform(runtime, list, async ({ useCases, ctx, options, print }) => {
      const { listQuarantine } = await useCases.quarantine();
      await print(await listQuarantine(ctx, { limit: options.limit }));
      return 0;
    }),
  );
  const retry = quarantine
    .command('retry')
    .description('read records again by the schema that is deployed now: what fits becomes an event')
    .option('--all', 'every record in quarantine')
    .option('--partition <name>', 'the partition of one record: topic/number, or the file')
    .addOption(new Option('--offset <number>', 'the offset of that record').argParser(offsetOf));
  retry.action(() =>
    perform(runtime, retry, async ({ useCases, ctx, options, print }) => {
      const scope = scopeOf(retry);
      const { retryQuarantine } = await useCases.quarantine();
      const result = await retryQuarantine(ctx, scope, { limit: options.limit });
      await print(result);
      return exitCodeOfQuarantine(result);
    }),
  );
}

function scopeOf(retry: Command): Scope {
  const partition = textOf(retry.getOptionValue('partition'));
  const offset: unknown = retry.getOptionValue('offset');
  const all = retry.getOptionValue('all') === true;
  if (all && partition === undefined && offset === undefined) return 'all';
  if (!all && partition !== undefined && typeof offset === 'number') return { partition, offset };
  throw new CutoverError(
    'USAGE',
    'which records are to be retried is not clear',
    'Give --all, or --partition NAME and --offset N together; `cutover quarantine list` shows both.',
  );
}

function offsetOf(text: string): number {
  const offset = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(offset))
    throw new InvalidArgumentError('Give a whole number, 0 or more.');
  return offset;
}
