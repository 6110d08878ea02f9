import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { parseDuration } from '../../model/duration.js';
import { exitCodeOf } from '../../model/verdict.js';
import { CutoverError } from '../../model/errors.js';
import type { DiffOptions } from '../../app/diff-options.js';
import { textOf } from '../options.js';
import { perform } from '../session.js';
import type { Runtime } from '../session.js';

const EXAMPLES = `
An endpoint is one of
  FILE.parquet, FILE.csv, FILE.ndjson      a file, or a glob of files in quotes; .csv.gz, .jsonl.zst
  duckdb:FILE#schema.table                 a table of a DuckDB database
  postgres://user@host/db#schema.table     a table of a PostgreSQL database; the password comes from PGPASSWORD or .pgpass
  ENDPOINT#(select ...)                    a query in place of a table; of files it reads the table data

Examples:
  cutover diff old.parquet new.parquet --key id
  cutover diff 'export/*.csv' postgres://ada@db/shop#orders --key order_id --ignore loaded_at
  cutover diff duckdb:w.duckdb#orders duckdb:w.duckdb#orders_v2 --rule 'amount: {absolute: 0.01}'

Exit codes: 0 they agree, 1 they differ, 2 it could not be found out, 3 not enough to say (an empty side, a sample).`;

export function addDiff(program: Command, runtime: Runtime): void {
  program
    .command('diff')
    .description('compare any two tables, files or queries; needs no configuration')
    .argument('<left>', 'endpoint of the one side, such as old.parquet')
    .argument('<right>', 'endpoint of the other side')
    .addOption(
      new Option('--key <columns>', 'columns that identify a row: a,b (default: the primary key)').argParser(namesOf),
    )
    .addOption(new Option('--columns <columns>', 'compare only these').argParser(namesOf))
    .addOption(new Option('--ignore <columns>', 'leave these out').argParser(namesOf))
    .addOption(
      new Option('--rule <yaml>', "a rule, such as 'amount: {absolute: 0.01}' (may be repeated)").argParser(repeated),
    )
    .addOption(
      new Option('--rules <file>', 'rules in a file, as under compare: in cutover.yaml (may be repeated)').argParser(
        repeated,
      ),
    )
    .addOption(new Option('--where <sql>', 'compare only rows for which this is true').argParser(once))
    .addOption(
      new Option('--map <left=right>', 'a column that has another name on the right (may be repeated)').argParser(
        mapped,
      ),
    )
    .option('--left-sql <query>', 'a query in place of a table on the left')
    .option('--right-sql <query>', 'a query in place of a table on the right')
    .addOption(
      new Option('--stop-after <count>', 'stop soon after so many keys were found to differ').argParser(countOf),
    )
    .addOption(new Option('--sample <share>', 'compare a part of the keys, such as 1%').argParser(shareOf))
    .addOption(
      new Option(
        '--max-mismatch-rate <share>',
        'share of the keys that may differ, such as 0.1% (default: 0)',
      ).argParser(shareOrNone),
    )
    .addOption(
      new Option('--settle <time>', 'compare what differs again after so long, for tables that are written').argParser(
        durationOf,
      ),
    )
    .addOption(
      new Option('--settle-rounds <count>', 'compare again so often at the most (default: 3)').argParser(countOf),
    )
    .addOption(
      new Option('--max-in-flux <share>', 'share of the keys that may keep changing, such as 0.1%').argParser(
        shareOrNone,
      ),
    )
    .option('--keep', 'have triggers keep digests of two tables of one PostgreSQL database, and read only what differs')
    .option('--keep-check', 'with --keep: read all rows now, and hold the digests against them')
    .addOption(
      new Option(
        '--keep-check-every <time>',
        'with --keep: do so whenever so long has passed (default: 24h)',
      ).argParser(durationOf),
    )
    .option('--forget', 'compare nothing; remove all that --keep made for these two tables')
    .option('--strict', 'fail when a column is on one side only')
    .addOption(
      new Option('--strategy <name>', 'how differing rows are found (default: by the sizes)').choices([
        'digest',
        'join',
      ]),
    )
    .addOption(
      new Option('--network <kind>', 'how far apart the stores are').choices(['local', 'remote']).default('local'),
    )
    .addOption(new Option('--statement-timeout <time>', 'most time for a statement, such as 30s').argParser(durationOf))
    .addOption(
      new Option(
        '--memory <size>',
        'most memory outside of a server, such as 2GB (default: 224MB); more than 4 threads need more',
      ).argParser(sizeOf),
    )
    .option('--resume <file>', 'keep in a file how far it is, and go on from there when it was interrupted')
    .option('--gentle', 'spare the servers: short chunks by one worker, with pauses while a server is busy')
    .addOption(
      new Option(
        '--busy-above <count>',
        'with --gentle: other sessions at work that make a server busy (default: 4)',
      ).argParser(countOf),
    )
    .option('--sums', 'also compare the sums of every column of numbers')
    .option('--explain-plan', 'compare nothing: print how it would be done, and why')
    .addHelpText('after', EXAMPLES)
    .action((left: string, right: string, options: Readonly<Record<string, unknown>>, command: Command) =>
      perform(runtime, command, async ({ io, useCases, ctx, options: common, print, printText }) => {
        const { diffTables, forgetKept, planDiffOf, rulesOf } = await useCases.diff();
        const context = { cwd: io.cwd, env: io.env, clock: ctx.clock, progress: ctx.progress, signal: ctx.signal };
        if (options['forget'] === true) {
          const removed = await forgetKept(context, { left, right });
          await printText(removed.length === 0 ? 'nothing was kept\n' : `removed:\n  ${removed.join('\n  ')}\n`);
          return 0;
        }
        const rules = await rulesOf(context, {
          files: texts(options['rules']),
          texts: texts(options['rule']),
          where: textOf(options['where']),
          ...(options['map'] === undefined ? {} : { map: Object.fromEntries(pairs(options['map'])) }),
        });
        const asked: DiffOptions = {
          left,
          right,
          rules,
          leftSql: textOf(options['leftSql']),
          rightSql: textOf(options['rightSql']),
          key: namesIn(options['key']),
          columns: namesIn(options['columns']),
          ignore: namesIn(options['ignore']),
          limit: common.limit,
          stopAfter: numberIn(options['stopAfter']),
          sample: numberIn(options['sample']),
          maxMismatchRate: numberIn(options['maxMismatchRate']),
          strict: options['strict'] === true,
          strategy:
            options['strategy'] === 'digest' || options['strategy'] === 'join' ? options['strategy'] : undefined,
          profile: { sums: options['sums'] === true },
          network: options['network'] === 'remote' ? 'remote' : 'local',
          memoryLimit: textOf(options['memory']),
          statementTimeout: numberIn(options['statementTimeout']),
          resume: textOf(options['resume']),
          gentle: options['gentle'] === true,
          busyAbove: numberIn(options['busyAbove']),
          settle: settleOf(options),
          keep: keepOf(options),
        };
        if (options['explainPlan'] === true) {
          await print(await planDiffOf(context, asked));
          return 0;
        }
        const report = await diffTables(context, asked);
        await print(report);
        return exitCodeOf(report.verdict);
      }),
    );
}

function keepOf(options: Readonly<Record<string, unknown>>): DiffOptions['keep'] {
  const [check, checkEvery] = [options['keepCheck'] === true, numberIn(options['keepCheckEvery'])];
  if (options['keep'] === true) return { check, checkEvery };
  if (!check && checkEvery === undefined) return undefined;
  throw new CutoverError(
    'USAGE',
    '--keep-check and --keep-check-every say when digests are checked, and none are kept',
    'Give --keep as well.',
  );
}

function settleOf(options: Readonly<Record<string, unknown>>): DiffOptions['settle'] {
  const delay = numberIn(options['settle']);
  const [rounds, maxInFlux] = [numberIn(options['settleRounds']), numberIn(options['maxInFlux'])];
  if (delay !== undefined) return { delay, rounds, maxInFlux };
  if (rounds === undefined && maxInFlux === undefined) return undefined;
  throw new CutoverError(
    'USAGE',
    '--settle-rounds and --max-in-flux say how --settle goes on, which is not given',
    'Say how long to wait: --settle 30s.',
  );
}

/** `a,b`, or a JSON list of names that hold commas; after those of the same option given before. */
function namesOf(text: string, before: unknown): string[] {
  return [...texts(before), ...namesOfOne(text)];
}

function namesOfOne(text: string): string[] {
  if (text.trim().startsWith('[')) {
    const parsed: unknown = parseJson(text);
    if (Array.isArray(parsed) && parsed.length > 0 && parsed.every((name) => typeof name === 'string' && name !== ''))
      return parsed.map(String);
    throw new InvalidArgumentError('Give names as a,b or as a JSON list of texts.');
  }
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Give names as a,b.');
  return names;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of two filters one would be passed over. */
function once(text: string, before: unknown): string {
  if (before !== undefined) throw new InvalidArgumentError('It was given before: join both by AND.');
  return text;
}

function repeated(text: string, before: unknown): string[] {
  return [...texts(before), text];
}

function mapped(text: string, before: unknown): (readonly [string, string])[] {
  const found = text.split(',').map((part) => /^\s*([^=]+?)\s*=\s*([^=]+?)\s*$/.exec(part));
  const given = found.map((match): readonly [string, string] => {
    if (match?.[1] === undefined || match[2] === undefined) throw new InvalidArgumentError('Give left=right.');
    return [match[1], match[2]];
  });
  return [...pairs(before), ...given];
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('Give a whole number above 0.');
  return count;
}

/** `1%` or `0.01`. */
function shareOf(text: string): number {
  const [, digits, sign] = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text.trim()) ?? [];
  const share = digits === undefined ? Number.NaN : sign === '%' ? Number(digits) / 100 : Number(digits);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError('Give a share above 0, such as 1% or 0.01.');
  return share;
}

function shareOrNone(text: string): number {
  if (/^0+(?:\.0+)?%?$/.test(text.trim())) return 0;
  const share = shareOf(text);
  if (share >= 1) throw new InvalidArgumentError('Give a share below 100%.');
  return share;
}

function durationOf(text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined || duration < 1) throw new InvalidArgumentError('Give a time such as 30s or 5m.');
  return duration;
}

function sizeOf(text: string): string {
  if (!/^\d+(?:\.\d+)?\s*[kmgt]i?b$/i.test(text.trim())) throw new InvalidArgumentError('Give a size such as 2GB.');
  return text.trim();
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function namesIn(value: unknown): string[] | undefined {
  return Array.isArray(value) ? texts(value) : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function pairs(value: unknown): (readonly [string, string])[] {
  const isPair = (one: unknown): one is readonly [string, string] => Array.isArray(one) && one.length === 2;
  return Array.isArray(value) ? value.filter(isPair) : [];
}
