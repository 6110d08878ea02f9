import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withImports } from './imports.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cutover-imports-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function textOf(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return (await withImports({ path: path.join(folder, 'job.ts'), text: files['job.ts'] ?? '' })).text;
}

describe('withImports', () => {
  it('leaves a module without local imports as it is', async () => {
    const text = `import { defineReducer } from 'cutover';\nexport default 1;`;
    expect(await textOf({ 'job.ts': text })).toBe(text);
  });

  it.each([
    `import { a } from './rules.js';`,
    `import './rules';`,
    `export * from "./rules.ts";`,
    `const a = await import('./rules.js');`,
    `const a = require('./rules');`,
  ])('changes when what it imports changes: %s', async (text) => {
    const before = await textOf({ 'job.ts': text, 'rules.ts': 'export const a = 1;' });
    const after = await textOf({ 'job.ts': text, 'rules.ts': 'export const a = 2;' });
    expect(after).not.toBe(before);
  });

  it('follows imports of imports, also in a circle', async () => {
    const files = { 'job.ts': `import './a.ts';`, 'a.ts': `import './b.ts'; import './job.ts';` };
    const before = await textOf({ ...files, 'b.ts': `import './a.ts'; 1` });
    expect(await textOf({ ...files, 'b.ts': `import './a.ts'; 2` })).not.toBe(before);
  });

  it('leaves out what does not exist', async () => {
    expect(await textOf({ 'job.ts': `import './gone.js';` })).toBe(`import './gone.js';`);
  });
});
