/** One step into a JSON value: the member of a name, the element at a position, or all of either kind. */
export type JsonStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'members' | 'elements' };

export type JsonPath = readonly JsonStep[];

const STEP =
  /(?:\.(?<name>[\p{L}\p{N}_-]+)|(?<members>\.\*)|\[(?<index>0|[1-9]\d{0,8})\]|(?<elements>\[\*\])|\[(?<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\])/uy;

/**
 * Reads a path: `$`, then steps. `.name` and `['any name']` are members of an object (in quotes a backslash takes the next character as it is), `.*` all of them,
 * `[0]` is an element of an array, counted from 0, `[*]` all of them. A part of JSONPath (RFC 9535); there is no `..`, no slice and no filter.
 *
 * @returns a text that says what is wrong where it is none
 */
export function parseJsonPath(text: string): JsonPath | string {
  if (!text.startsWith('$')) return `must begin with $, such as $.name or $.items[*].at, not "${text}"`;
  if (text === '$') return 'names the whole value; use `ignore` for that';
  const steps: JsonStep[] = [];
  for (let at = 1; at < text.length;) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match?.groups === undefined)
      return `is not understood from "${text.slice(at)}" on; steps are .name, ['any name'], .*, [0] and [*]`;
    steps.push(stepOf(match.groups));
    at = STEP.lastIndex;
  }
  return steps;
}

function stepOf({ name, index, quoted, members }: Readonly<Record<string, string | undefined>>): JsonStep {
  if (name !== undefined) return { kind: 'member', name };
  if (quoted !== undefined) return { kind: 'member', name: quoted.slice(1, -1).replace(/\\(.)/gsu, '$1') };
  if (index !== undefined) return { kind: 'element', index: Number(index) };
  return { kind: members === undefined ? 'elements' : 'members' };
}
