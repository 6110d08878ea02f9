import { runCli } from '../../src/cli/cli.js';
import type { UseCases } from '../../src/cli/use-cases.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function notExpected(): never {
  throw new Error('a use case was loaded that this test does not expect');
}

const NONE: UseCases = {
  run: notExpected,
  serve: notExpected,
  compare: notExpected,
  rebuild: notExpected,
  report: notExpected,
  gate: notExpected,
  canary: notExpected,
  route: notExpected,
  views: notExpected,
  quarantine: notExpected,
  advise: notExpected,
  doctor: notExpected,
  printDdl: notExpected,
  diff: notExpected,
  init: notExpected,
  demo: notExpected,
};

export interface World {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly tty?: boolean;
}

/** Runs one command line with the use cases given and everything else of the world fixed. */
export async function cli(
  args: readonly string[],
  useCases: Partial<UseCases> = {},
  world: World = {},
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const tty = world.tty === true ? { isTTY: true, columns: 100 } : {};
  const code = await runCli(
    args,
    {
      stdout: { ...tty, write: (text) => (stdout += text) },
      stderr: { ...tty, write: (text) => (stderr += text) },
      env: world.env ?? {},
      cwd: world.cwd ?? '/work',
      clock: { now: () => new Date('2026-03-04T05:06:07.000Z'), sleep: () => Promise.resolve() },
      user: 'ada',
      signal: new AbortController().signal,
      hardStop: new AbortController().signal,
    },
    { ...NONE, ...useCases },
  );
  return { code, stdout, stderr };
}
