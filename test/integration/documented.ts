/**
 * Pages whose examples are run: files that they show, commands, and what those print.
 *
 * - A `yaml` block whose first line is `# NAME.yaml` is that file.
 * - A `diff` block whose first line is `--- NAME` changes lines of that file.
 * - In a `console` block `$ COMMAND` is followed by what it prints. A line `…` stands for any lines that were left out; a line that ends with `…` is
 *   the beginning of one.
 */

export interface Block {
  readonly language: string;
  /** Line of the page, from 1, on which its text begins. */
  readonly line: number;
  readonly lines: readonly string[];
}

export interface Step {
  readonly command: string;
  readonly line: number;
  readonly shown: readonly string[];
}

const FENCE = /^```(\w*)$/;

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const found: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of page.split('\n').entries()) {
    const language = FENCE.exec(line)?.[1];
    if (open !== null && line === '```') {
      found.push(open);
      open = null;
    } else if (open !== null) open.lines.push(line);
    else if (language !== undefined) open = { language, line: index + 2, lines: [] };
  }
  return found;
}

/** The commands of a `console` block. */
export function stepsOf({ lines, line }: Block): Step[] {
  const steps: (Step & { shown: string[] })[] = [];
  for (const [index, text] of lines.entries()) {
    if (text.startsWith('$ ')) steps.push({ command: text.slice(2), line: line + index, shown: [] });
    else if (text.trim() !== '') {
      const last = steps.at(-1);
      if (last === undefined) throw new Error(`line ${line + index} of the page stands before any command`);
      last.shown.push(text);
    }
  }
  return steps;
}

/** The file that a block is, with its name; null: it is none. */
export function fileOf({ language, lines }: Block): { readonly name: string; readonly text: string } | null {
  const name = language === 'yaml' ? /^# (\S+\.yaml)$/.exec(lines[0] ?? '')?.[1] : undefined;
  return name === undefined ? null : { name, text: `${lines.join('\n')}\n` };
}

/** The name of the file that a block changes, and how; null: it changes none. Each line that is taken away must be there once. */
export function changeOf({
  language,
  lines,
}: Block): { readonly name: string; readonly apply: (text: string) => string } | null {
  const name = language === 'diff' ? /^--- (\S+)$/.exec(lines[0] ?? '')?.[1] : undefined;
  if (name === undefined) return null;
  const marked = (mark: string): string =>
    lines
      .slice(1)
      .filter((line) => line.startsWith(mark))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const apply = (text: string): string => {
    if (text.split(marked('-')).length !== 2) throw new Error(`not there once in ${name}: ${marked('-')}`);
    return text.replace(marked('-'), () => marked('+'));
  };
  return { name, apply };
}

/** A line without what differs from run to run: moments, durations, hashes of code, and the width of columns, which follows from them. */
export function plain(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/(?<![\d.,])\d+(\.\d+)?( ms|ms|s|m)\b/g, '<duration>')
    .replace(/\b(batch|stream|rules) [0-9a-f]{8}\b/g, '$1 <hash>')
    .replace(/(?<=\S)\s{2,}(?=\S)/g, '  ')
    .trimEnd();
}

const ELLIPSIS = '…';

/**
 * What of a page was not printed as it is shown there; null: all was. Lines that follow each other on the page do so in print; empty ones do not count.
 *
 * @param ends nothing may follow the last line; otherwise anything may
 */
export function unprinted(
  shown: readonly string[],
  printed: string,
  { ends }: { readonly ends: boolean },
): string | null {
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  let at = 0;
  for (const [index, part] of partsOf(shown).entries()) {
    const starts = index === 0 ? [at] : lines.flatMap((_, start) => (start >= at ? [start] : []));
    const found = starts.find((start) => part.every((line, offset) => matches(line, lines[start + offset])));
    if (part.length > 0 && found === undefined) return part.join('\n');
    at = (found ?? at) + part.length;
  }
  const open = !ends || shown.at(-1)?.trim() === ELLIPSIS;
  return open || at === lines.length ? null : `(the end, but this follows) ${lines[at] ?? ''}`;
}

/** The lines between those that stand for others. */
function partsOf(shown: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of shown.filter((text) => text.trim() !== '')) {
    if (line.trim() === ELLIPSIS) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

function matches(shown: string, printed: string | undefined): boolean {
  if (printed === undefined) return false;
  const line = shown.trimEnd();
  if (!line.endsWith(ELLIPSIS)) return plain(line) === plain(printed);
  return plain(printed).startsWith(plain(line.slice(0, -ELLIPSIS.length)));
}
