import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The built program (`npm run build`, which `npm test` does first). */
const BIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Writes every module that is asked for to standard error. */
const LOADER = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
   export async function resolve(name, context, next) { writeSync(2, 'load ' + name + '\\n'); return next(name, context); }`,
)}`;
const REGISTER = `data:text/javascript,${encodeURIComponent(
  `import { register } from 'node:module'; register(${JSON.stringify(LOADER)});`,
)}`;

function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the program', () => {
  it('prints its help without loading what only commands need', async () => {
    const { code, stdout, stderr } = await run(process.execPath, ['--import', REGISTER, BIN, '--help']);
    expect([code, stdout.startsWith('Usage: cutover')]).toEqual([0, true]);
    const loaded = [...stderr.matchAll(/^load (.*)$/gm)].map(([, name]) => name);
    const packages = loaded.filter((name) => !/^(node:|file:|data:|[./])/.test(name ?? ''));
    expect([...new Set(packages)]).toEqual([]);
    // What is bundled stands in pieces that only who needs them loads.
    const pieces = loaded.map((name) => name ?? '').filter((name) => name.includes('/chunks/'));
    expect(pieces.length).toBeGreaterThan(0);
    const main = pathToFileURL(BIN);
    for (const source of [main, ...pieces.map((name) => new URL(name, main))])
      expect(await readFile(source, 'utf8')).not.toMatch(
        /DuckDBInstance|ZodError|YAMLParseError|CREATE SCHEMA|differingBuckets/,
      );
  });

  it('exits with 2 and a code when the configuration does not exist', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [
      BIN,
      'gate',
      'x',
      '--config',
      '/does/not/exist.yaml',
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error\[CONFIG_NOT_FOUND\]: .*\n {2}(at .*\n {2})?help: .*\n$/);
  });

  // Only Linux has a device that is always full.
  it.skipIf(!existsSync('/dev/full'))(
    'never exits with 1, which says that the sides differ, when its output is lost',
    async () => {
      const { code, stderr } = await run('bash', ['-c', `"${process.execPath}" "${BIN}" completion fish > /dev/full`]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error\[USAGE\]: the output cannot be written: /);
    },
  );

  it('says nothing when its reader goes away', async () => {
    const { stderr } = await run('bash', [
      '-c',
      `"${process.execPath}" "${BIN}" completion fish | head -c 1 >/dev/null`,
    ]);
    expect(stderr).toBe('');
  });
});
