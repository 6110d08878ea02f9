import type { Command } from 'commander';
import { CutoverError } from '../../model/errors.js';
import type { Advice } from '../../model/advice.js';
import { ADVICE_FORMATS } from '../../report/options.js';
import { interview, offerToSave } from '../interview.js';
import { textOf } from '../options.js';
import { canAsk, openPrompt } from '../prompt.js';
import { perform } from '../session.js';
import type { Runtime, Session } from '../session.js';

const HELP = `
FILE is YAML or JSON; docs/advise.md describes its keys. Without one, the questions are asked at the terminal.

Examples:
  cutover advise use-case.yaml
  cutover advise use-case.yaml --from orders --format html --output advice.html
  cutover advise --from orders

Formats: table, json, markdown, html. Exit code: 0 when advice was given, whatever it says.`;

export function addAdvise(program: Command, runtime: Runtime): void {
  program
    .command('advise')
    .description('latency tier, costs, break-even and decision matrix of a use case')
    .argument('[file]', 'the use case, in YAML or JSON')
    .option('--from <pipeline>', 'take what was measured of a pipeline of the configuration')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Readonly<Record<string, unknown>>, command: Command) =>
      perform(
        runtime,
        command,
        async (session) => {
          const from = textOf(options['from']);
          if (file === undefined && canAsk(session.io)) return dialogue(session, command, from);
          if (file === undefined && from === undefined) {
            throw new CutoverError(
              'USAGE',
              'advise needs a file, because nobody can be asked: standard input and standard error are not both a terminal',
              'Name a file (`cutover advise use-case.yaml`, see docs/advise.md), or a pipeline with --from.',
            );
          }
          const { adviseOn } = await session.useCases.advise();
          await show(
            session,
            command,
            await adviseOn(session.ctx, file === undefined ? null : { file, cwd: session.io.cwd }, from),
          );
          return 0;
        },
        { formats: ADVICE_FORMATS },
      ),
    );
}

async function show({ options, printText }: Session, command: Command, advice: Advice): Promise<void> {
  const { renderAdvice } = await import('../../report/advice/render.js');
  const named: unknown = command.optsWithGlobals()['format'];
  const format = ADVICE_FORMATS.find((one) => one === named) ?? 'table';
  await printText(renderAdvice(advice, format, { color: options.color, width: options.width, limit: options.shown }));
}

async function dialogue(session: Session, command: Command, from: string | undefined): Promise<number> {
  const { io, ctx, useCases, warn } = session;
  const { adviseOn, measurePipeline, adviceSteps, answerProblem, requestOf, adviceYaml } = await useCases.advise();
  const measured = from === undefined ? null : (await measurePipeline(ctx, from)).measured;
  const prompt = openPrompt(io);
  try {
    const request = await interview(prompt, warn, adviceSteps(measured), { answerProblem, requestOf });
    await show(session, command, await adviseOn(ctx, request, from));
    await offerToSave(prompt, warn, io.cwd, adviceYaml(request));
    return 0;
  } finally {
    prompt.close();
  }
}
