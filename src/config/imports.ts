import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SourceText } from '../model/project.js';

/** Relative specifiers of `import`, `export ... from`, `import()` and `require()`; one too many (in a comment) does no harm. */
const RELATIVE = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/** What a specifier may stand for, in order: the file itself, TypeScript under its compiled name, a missing ending, a folder. */
function candidates(file: string): string[] {
  const endings = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
  return [
    file,
    ...(/\.[mc]?js$/.test(file) ? [file.replace(/js$/, 'ts')] : []),
    ...endings.map((ending) => file + ending),
    ...endings.map((ending) => path.join(file, `index${ending}`)),
  ];
}

async function firstOf(files: readonly string[]): Promise<SourceText | undefined> {
  for (const file of files) {
    try {
      return { path: file, text: await readFile(file, 'utf8') };
    } catch {
      // Not this one. A module of which none exists cannot be loaded, and loading says so.
    }
  }
  return undefined;
}

/**
 * The text of a module with those of the local files that it imports, and they, because all of it is the job's code. Packages are left out.
 * A module without local imports keeps its text as it is.
 */
export async function withImports(entry: SourceText): Promise<SourceText> {
  const seen = new Set([entry.path]);
  const parts = [entry.text];
  const queue = [entry];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const [, , specifier = ''] of next.text.matchAll(RELATIVE)) {
      const found = await firstOf(candidates(path.resolve(path.dirname(next.path), specifier)));
      if (found === undefined || seen.has(found.path)) continue;
      seen.add(found.path);
      queue.push(found);
      parts.push(`// ${path.relative(path.dirname(entry.path), found.path)}\n${found.text}`);
    }
  }
  return { ...entry, text: parts.join('\n') };
}
