import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { AdviceRequest } from '../model/advice-request.js';
import { CutoverError, messageOf } from '../model/errors.js';
import { adviceSchema } from './advice-schema.js';
import { coerce } from './coerce.js';
import { findings, valueAt } from './issues.js';
import { problemsError, shownFile } from './problems.js';
import type { KeyPath } from './problems.js';
import { readSource } from './source.js';

const INVALID = {
  code: 'ADVICE_INVALID',
  remedy: 'Correct the file; docs/advise.md describes every key.',
} as const;

/**
 * Reads and validates FILE of `cutover advise`, YAML or JSON; variables are put in as in the configuration. All problems come in one error.
 * Errors: ADVICE_INVALID, CONFIG_VARIABLE_UNSET.
 *
 * @param file absolute, or relative to `cwd`
 */
export async function loadAdvice(file: string, env: NodeJS.ProcessEnv, cwd: string): Promise<AdviceRequest> {
  const absolute = path.resolve(cwd, file);
  return parseAdvice(await readText(absolute), env, { file: absolute, shown: shownFile(file, cwd) });
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new CutoverError(
      INVALID.code,
      missing ? `The file ${file} does not exist.` : `The file ${file} cannot be read: ${messageOf(cause)}.`,
      'Correct the name, or leave it out to be asked at a terminal.',
      { place: { file }, cause },
    );
  }
}

function parseAdvice(
  text: string,
  env: NodeJS.ProcessEnv,
  { file, shown }: { readonly file: string; readonly shown: string },
): AdviceRequest {
  const source = readSource(text, env);
  if (source.problems.length > 0) throw problemsError(source.problems, file, shown, INVALID);
  const value = coerce(adviceSchema, source.value ?? {}, source);
  const parsed = adviceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = findings(parsed.error, value, (at) => source.placeholderAt(at)).map((one) => ({
    code: 'CONFIG_INVALID' as const,
    path: one.path,
    message: one.message,
    position: source.position(one.path, one.part),
  }));
  throw problemsError(problems, file, shown, INVALID);
}

/** What is wrong with one answer that is to stand at a path of FILE, in one line; null: nothing. */
export function answerProblem(at: KeyPath, answer: unknown): string | null {
  const value = { use_case: { latency_requirement: 'batch' } };
  put(value, at, answer);
  const parsed = adviceSchema.safeParse(value);
  return parsed.success ? null : (findings(parsed.error, value, () => undefined)[0]?.message ?? null);
}

/** Answers by the paths of FILE as a request. Errors: ADVICE_INVALID, where they do not fit together. */
export function requestOf(answers: ReadonlyMap<KeyPath, unknown>): AdviceRequest {
  const value = {};
  for (const [at, answer] of answers) put(value, at, answer);
  const parsed = adviceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = findings(parsed.error, value, () => undefined);
  throw new CutoverError(INVALID.code, `${first?.path.join('.') ?? ''}: ${first?.message ?? ''}`, 'Answer again.');
}

function put(root: object, at: KeyPath, value: unknown): void {
  let target = root;
  for (const key of at.slice(0, -1)) {
    const inner = valueAt(target, [key]);
    const next = typeof inner === 'object' && inner !== null ? inner : {};
    Reflect.set(target, key, next);
    target = next;
  }
  Reflect.set(target, at.at(-1) ?? '', value);
}

/** A request as a file that `loadAdvice` reads back as the same request. */
export function adviceYaml(request: AdviceRequest): string {
  // A `${` would be taken for a variable.
  const escaped: unknown = JSON.parse(JSON.stringify(request), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('${', () => '$${') : value,
  );
  return `# For \`cutover advise\`; docs/advise.md describes every key.\n${stringify(escaped, { lineWidth: 0 })}`;
}
