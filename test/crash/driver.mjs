/**
 * Runs a use case of the built program in a process of its own and kills that process, as a power cut would, when a point is reached.
 *
 * node driver.mjs CONFIG once|forever|retry|rebuild:PIPELINE [POINT OCCURRENCE]
 */
import { writeSync } from 'node:fs';
import { retryQuarantine } from '../../dist/app/quarantine.js';
import { rebuild } from '../../dist/app/rebuild.js';
import { runForever, runOnce } from '../../dist/app/run.js';
import { systemClock } from '../../dist/cli/clock.js';
import { silentLogger, silentProgress } from '../../dist/model/ports.js';

const [configFile, action, point, occurrence] = process.argv.slice(2);

let seen = 0;
const context = {
  configFile,
  env: process.env,
  clock: systemClock,
  logger: silentLogger,
  progress: silentProgress,
  actor: 'test of faults',
  signal: new AbortController().signal,
  reached: async (name) => {
    if (name !== point) return;
    seen++;
    if (seen < Number(occurrence)) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal is delivered at once, yet nothing may happen after this point in any case.
    await new Promise(() => undefined);
  },
};

async function act() {
  if (action === 'once') return runOnce(context, { limit: 5 });
  if (action === 'forever') {
    const none = () => undefined;
    return runForever(context, { limit: 5, onComparison: none, onCanary: none });
  }
  if (action === 'retry') return retryQuarantine(context, 'all', { limit: 5 });
  return rebuild(context, action.slice('rebuild:'.length));
}

try {
  const result = await act();
  writeSync(1, `${JSON.stringify({ verdict: result.verdict ?? 'none' })}\n`);
  process.exit(0);
} catch (error) {
  writeSync(2, `${error.code ?? ''} ${error.message}\n`);
  process.exit(2);
}
