import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { configJsonSchema } from '../src/config/json-schema.js';
import { ERROR_CODES } from '../src/model/error-codes.js';

/** Files that are made from the sources and checked in. Run `jiti scripts/generate.ts` after changing a source. */

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function errorDocs(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} | 2 |`,
  );
  return `# Errors

Every error has a stable code, one line that says what is wrong, and one line that says what to do.
Codes are never renamed, only added to.

This page is generated from \`src/model/error-codes.ts\`.

| code | meaning | exit code |
| --- | --- | --- |
${rows.join('\n')}
`;
}

/** The generated files, formatted as the repository is: path relative to the root, text. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const raw = new Map([
    ['schema/cutover.schema.json', JSON.stringify(configJsonSchema(), null, 2)],
    ['docs/errors.md', errorDocs()],
  ]);
  const formatted = new Map<string, string>();
  for (const [name, text] of raw) {
    const filepath = path.join(ROOT, name);
    formatted.set(name, await prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath }));
  }
  return formatted;
}

/** Reads a checked-in file; undefined when it is not there. */
export async function checkedIn(name: string): Promise<string | undefined> {
  return readFile(path.join(ROOT, name), 'utf8').catch(() => undefined);
}

async function main(): Promise<void> {
  for (const [name, text] of await generatedFiles()) {
    if ((await checkedIn(name)) === text) continue;
    await mkdir(path.dirname(path.join(ROOT, name)), { recursive: true });
    await writeFile(path.join(ROOT, name), text);
    process.stderr.write(`wrote ${name}\n`);
  }
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
