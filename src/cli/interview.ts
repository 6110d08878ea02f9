import { access } from 'node:fs/promises';
import path from 'node:path';
import type { AdviceStep } from '../app/advise-steps.js';
import type { AdviceRequest } from '../model/advice-request.js';
import { CutoverError } from '../model/errors.js';
import { visible } from '../report/cells.js';
import { writeAtomically } from './output.js';
import type { Prompt } from './prompt.js';

interface Validation {
  answerProblem(at: readonly string[], answer: unknown): string | null;
  requestOf(answers: ReadonlyMap<readonly string[], unknown>): AdviceRequest;
}

/** Asks each step until its answer is possible; an empty answer takes the default. Errors: INTERRUPTED. */
export async function interview(
  prompt: Prompt,
  write: (text: string) => void,
  steps: readonly AdviceStep[],
  validation: Validation,
): Promise<AdviceRequest> {
  write('An empty answer takes what stands in brackets; Ctrl-C ends without a result.\n');
  const answers = new Map<readonly string[], unknown>();
  const ask = async (step: AdviceStep): Promise<void> => {
    for (;;) {
      const text = await prompt.ask(questionText(step));
      if (text === '' && step.empty !== null) return;
      const answer = text === '' ? undefined : answerOf(step, text);
      const problem = answer === undefined ? 'is needed' : validation.answerProblem(step.at, answer);
      if (problem === null) {
        answers.set(step.at, answer);
        return;
      }
      write(`  ${visible(problem)}\n`);
    }
  };
  for (const step of steps) {
    if (step.title !== undefined) write(`\n${step.title}\n`);
    await ask(step);
    // Of two answers that are possible by themselves the later one is asked for again.
    for (let problem = together(validation, answers); problem !== null; problem = together(validation, answers)) {
      write(`  ${visible(problem)}\n`);
      answers.delete(step.at);
      await ask(step);
    }
  }
  write('\n');
  return validation.requestOf(answers);
}

function questionText({ question, kind, choices, empty }: AdviceStep): string {
  const allowed = kind === 'truth' ? ' (y/n)' : choices === undefined ? '' : `\n    ${choices.join(', ')}\n   `;
  return `  ${question}${allowed}${empty === null ? '' : ` [${visible(empty)}]`}: `;
}

/** A text as the kind of value that is asked for; what is none of it is left for the validation to refuse. */
function answerOf({ kind }: AdviceStep, text: string): unknown {
  if (kind === 'truth') return /^y(es)?$/i.test(text) ? true : /^no?$/i.test(text) ? false : text;
  if (kind === 'number') {
    const plain = text.replaceAll(/[,_ ](?=\d{3}(?!\d))/g, '');
    return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) ? Number(plain) : text;
  }
  return text;
}

function together({ requestOf }: Validation, answers: ReadonlyMap<readonly string[], unknown>): string | null {
  // Before the requirement is known, nothing is complete.
  if (![...answers.keys()].some((at) => at.at(-1) === 'latency_requirement')) return null;
  try {
    requestOf(answers);
    return null;
  } catch (error) {
    if (error instanceof CutoverError) return error.message;
    throw error;
  }
}

/** Offers to keep the answers in a file. The end of the input means no. */
export async function offerToSave(
  prompt: Prompt,
  write: (text: string) => void,
  cwd: string,
  yaml: string,
): Promise<void> {
  try {
    for (;;) {
      const name = await prompt.ask('Keep the answers in a file, for the next time? Its name, or nothing for no: ');
      if (name === '') return;
      const file = path.resolve(cwd, name);
      const exists = await access(file).then(
        () => true,
        () => false,
      );
      if (exists && !/^y(es)?$/i.test(await prompt.ask(`  ${visible(name)} exists. Overwrite it? (y/n) [n]: `)))
        continue;
      try {
        await writeAtomically(file, yaml);
        write(`  Kept. Again: cutover advise ${visible(name)}\n`);
        return;
      } catch (error) {
        if (!(error instanceof CutoverError)) throw error;
        write(`  ${visible(error.message)}\n`);
      }
    }
  } catch (error) {
    if (!(error instanceof CutoverError && error.code === 'INTERRUPTED')) throw error;
  }
}
