import type { z } from 'zod';
import { valueAt, wantsScalar } from './issues.js';
import type { ConfigSource } from './source.js';

/** Puts numbers and truth values where a variable gave their text. Only scalars change: a variable never brings structure. */
export function coerce(schema: z.ZodType, value: unknown, source: ConfigSource): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return value;
  const copy = structuredClone(value);
  for (const issue of parsed.error.issues) {
    const wanted = wantsScalar(issue);
    const at = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    const last = at.at(-1);
    if (wanted === undefined || last === undefined || source.placeholderAt(at) === undefined) continue;
    const text = String(valueAt(copy, at)).trim();
    const truth = text === 'true' ? true : text === 'false' ? false : undefined;
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
    const scalar = wanted === 'number' ? number : truth;
    const parent = valueAt(copy, at.slice(0, -1));
    if (scalar !== undefined && typeof parent === 'object' && parent !== null) Reflect.set(parent, last, scalar);
  }
  return copy;
}
