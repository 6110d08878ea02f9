import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { init } from '../../src/app/init.js';

/** The built program (`npm run build`, which `npm test` does first). */
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const counted = z.looseObject({
  verdict: z.string(),
  keys_compared: z.number(),
  value_mismatch: z.number(),
  notes: z.array(z.string()),
});
const routed = z.looseObject({ side: z.string(), window: z.object({ value: z.string(), open: z.boolean() }) });

/**
 * A template as a user takes it: `init`, then the very commands that it prints, in a shell with the program `cutover` on its PATH.
 *
 * @param database makes a database for a store of its own
 */
export function printedCommands(store: 'duckdb' | 'postgres', database: () => Promise<string>): void {
  let bin = '';
  const folders: string[] = [];
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), 'cutover-bin-'));
    symlinkSync(MAIN, join(bin, 'cutover'));
  });
  afterAll(() => {
    rmSync(bin, { recursive: true, force: true });
  });
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  /** A project of the template, and a shell in its folder that returns the exit code and what was printed. */
  async function project(template: string) {
    const parent = mkdtempSync(join(tmpdir(), 'cutover-printed-'));
    folders.push(parent);
    const directory = join(parent, 'it');
    mkdirSync(directory);
    const { next } = await init({ template, directory, force: false, store });
    const env = {
      ...process.env,
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
      DATABASE_URL: store === 'postgres' ? await database() : '',
    };
    const shell = (command: string) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: directory, env, encoding: 'utf8' });
      return { code: status, stdout, stderr };
    };
    // The database is the test's own; everything else is run as it is printed.
    return { shell, commands: next.filter((line) => !line.startsWith('export DATABASE_URL=')) };
  }

  function json<T>(schema: z.ZodType<T>, { stdout }: { stdout: string }): T {
    return schema.parse(JSON.parse(stdout));
  }

  describe.each(['lambda', 'external'])(`template %s on ${store}`, (template) => {
    it('passes its gate by the commands that init prints', async () => {
      const { shell, commands } = await project(template);
      expect(commands.at(-1)).toMatch(/^cutover gate /);
      for (const command of commands) {
        const ended = shell(command);
        expect(ended, `${command}\n${ended.stdout}${ended.stderr}`).toMatchObject({ code: 0 });
      }
    });
  });

  describe(`template lambda on ${store}`, () => {
    it('has every hour closed after its first cycle', async () => {
      const { shell, commands } = await project('lambda');
      for (const command of commands.filter((line) => line.includes('run --once'))) shell(command);
      const route = json(routed, shell(`cutover route hourly_departures '2001-01-10 12:00:00,ORD' --format json`));
      expect(route).toMatchObject({ side: 'batch', window: { value: '2001-01-10 12:00:00.000000', open: false } });
    });
  });

  describe(`template external on ${store}`, () => {
    it('compares closed hours alone, and fails when the streaming job drops what is late', async () => {
      const { shell } = await project('external');
      expect(shell('node writer.mjs').code).toBe(0);
      const good = json(counted, shell('cutover compare hourly_orders --format json'));
      expect(good).toMatchObject({ verdict: 'pass', keys_compared: 230 });
      expect(good.notes.join('\n')).toContain('5 batch rows and 10 stream rows are of windows that have not closed');
      expect(shell('node writer.mjs --drop-late').code).toBe(0);
      const failed = shell('cutover compare hourly_orders --format json');
      expect(failed.code).toBe(1);
      expect(json(counted, failed)).toMatchObject({ verdict: 'fail', keys_compared: 230, value_mismatch: 19 });
    });

    it.runIf(store === 'postgres')('never calls a difference what is only a lag, while both jobs write', async () => {
      const { shell } = await project('external');
      const compared = shell(
        `node writer.mjs --hours 0 && { node writer.mjs --pace 30 & WRITER=$!; } ; while kill -0 $WRITER 2>/dev/null; do cutover compare hourly_orders --format json > one.json; echo $?; done; wait $WRITER`,
      );
      const codes = compared.stdout.split('\n').filter((line) => /^\d+$/.test(line));
      expect(codes.length).toBeGreaterThan(0);
      // Nothing has closed yet, or all that has agrees: never a difference (1), never an error (2).
      expect(
        codes.filter((code) => code !== '0' && code !== '3'),
        compared.stderr,
      ).toEqual([]);
      expect(json(counted, shell('cutover compare hourly_orders --format json'))).toMatchObject({ keys_compared: 230 });
    });
  });
}
