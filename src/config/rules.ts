import type { CompareConfig } from '../model/project.js';
import { buildCompare } from './build.js';
import { findings } from './issues.js';
import { problemsError } from './problems.js';
import type { KeyPath, Problem } from './problems.js';
import { pipelineSchema } from './schema.js';
import { readSource } from './source.js';

/**
 * Reads the rules of a comparison that stand outside of a configuration, in the shape of its `compare:`; a map of columns alone is taken for `columns:`.
 * Whoever gives them at hand need not say why. Errors: CONFIG_INVALID, CONFIG_VARIABLE_UNSET.
 *
 * @param text YAML
 * @param shown the file, or the option that they were given in
 */
export function parseRules(text: string, shown: string, env: NodeJS.ProcessEnv): CompareConfig {
  const source = readSource(text, env);
  const problems: Problem[] = [...source.problems];
  const fail = (): Error =>
    problemsError(problems, shown, shown, {
      code: 'CONFIG_INVALID',
      remedy: `Correct the rule, such as 'amount: {absolute: 0.01}'; docs/configuration.md describes every key under compare.`,
    });
  if (problems.length > 0) throw fail();
  const given = source.value ?? {};
  const whole = typeof given === 'object' && ['columns', 'where', 'map'].some((name) => isWhole(given, name));
  const value: unknown = whole ? given : { columns: given };
  const at = (path: KeyPath): KeyPath => (whole ? path : path.slice(1));
  const parsed = pipelineSchema.shape.compare.safeParse(value);
  if (!parsed.success) {
    for (const { path, message, part } of findings(parsed.error, value, (path) => source.placeholderAt(at(path))))
      problems.push({ code: 'CONFIG_INVALID', path: at(path), message, position: source.position(at(path), part) });
    throw fail();
  }
  return buildCompare(parsed.data, [], {
    textAt: (path) => source.textAt(at(path)),
  });
}

/** Whether a key is one of `compare:` and not a column of that name: a rule has the names of rules in it. */
function isWhole(given: object, name: string): boolean {
  const value: unknown = Reflect.get(given, name);
  if (value === undefined) return false;
  if (name === 'where') return true;
  if (typeof value !== 'object' || value === null) return true;
  const entries: unknown[] = Object.values(value);
  return name === 'columns'
    ? entries.every((entry) => typeof entry === 'object' && entry !== null)
    : entries.every((entry) => typeof entry === 'string') && !('whitespace' in value) && !('case' in value);
}
