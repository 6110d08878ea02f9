import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DiffContext } from './diff-options.js';
import { CutoverError, messageOf } from '../model/errors.js';
import type { CompareConfig } from '../model/project.js';

/** Rules as they are given at hand; later ones go before earlier ones, and those of a file are the earliest. */
export interface GivenRules {
  /** YAML files in the shape of `compare:` in a configuration, or of its `columns:`. */
  readonly files?: readonly string[];
  /** The same as texts, such as `amount: {absolute: 0.01}`. */
  readonly texts?: readonly string[];
  /** A SQL predicate over the columns, for both sides. */
  readonly where?: string | undefined;
  /** Name on the left to name on the right. */
  readonly map?: { readonly [left: string]: string };
}

/** Errors: CONFIG_INVALID, CONFIG_FILE_MISSING, CONFIG_VARIABLE_UNSET. */
export async function rulesOf(
  { cwd, env }: Pick<DiffContext, 'cwd' | 'env'>,
  given: GivenRules,
): Promise<CompareConfig> {
  const all: CompareConfig[] = [];
  for (const file of given.files ?? []) {
    const text = await readFile(resolve(cwd, file), 'utf8').catch((cause: unknown) => {
      throw new CutoverError(
        'CONFIG_FILE_MISSING',
        `the rules ${file} cannot be read: ${messageOf(cause)}`,
        'Correct the path given with --rules.',
        { cause },
      );
    });
    const { parseRules } = await parser();
    all.push(parseRules(text.replace(/^\uFEFF/, ''), file, env));
  }
  for (const text of given.texts ?? []) {
    const { parseRules } = await parser();
    all.push(parseRules(text, '--rule', env));
  }
  if (given.where !== undefined) all.push({ columns: {}, where: { batch: given.where, stream: given.where } });
  if (given.map !== undefined) all.push({ columns: {}, map: given.map });
  return all.reduce<CompareConfig>(
    (merged, next) => ({
      columns: { ...merged.columns, ...next.columns },
      ...(merged.where === undefined && next.where === undefined ? {} : { where: { ...merged.where, ...next.where } }),
      ...(merged.map === undefined && next.map === undefined ? {} : { map: { ...merged.map, ...next.map } }),
    }),
    { columns: {} },
  );
}

/** Loaded where there are rules to be read: it takes as long as a small comparison. */
function parser(): Promise<typeof import('../config/rules.js')> {
  return import('../config/rules.js');
}
