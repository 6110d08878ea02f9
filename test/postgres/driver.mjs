/**
 * A use case of the built program in a process of its own, on a shared store, with a short lease.
 *
 * node driver.mjs CONFIG LEASE_MS forever|once|rebuild:PIPELINE [POINT OCCURRENCE]: at that point it freezes itself (SIGSTOP)
 */
import { writeSync } from 'node:fs';
import { rebuild } from '../../dist/app/rebuild.js';
import { runForever, runOnce } from '../../dist/app/run.js';
import { systemClock } from '../../dist/cli/clock.js';
import { listenForStop } from '../../dist/cli/signals.js';
import { silentProgress } from '../../dist/model/ports.js';

const [configFile, lease, action, point, occurrence] = process.argv.slice(2);

const log = (level) => (facts, message) => void writeSync(2, `${level} ${message} ${JSON.stringify(facts)}\n`);
const stopping = listenForStop(
  process,
  (name) => process.kill(process.pid, name),
  () => undefined,
);

let seen = 0;
const context = {
  configFile,
  env: process.env,
  clock: systemClock,
  logger: { debug: () => undefined, info: log('info'), warn: log('warn'), error: log('error') },
  progress: silentProgress,
  actor: 'test of faults',
  signal: stopping.signal,
  lease: Number(lease),
  reached: async (name) => {
    if (name !== point) return;
    seen++;
    if (seen !== Number(occurrence)) return;
    writeSync(2, `frozen at ${name}\n`);
    process.kill(process.pid, 'SIGSTOP');
    // The signal is delivered at once, but not before the next statement of this thread in every case.
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
};

async function act() {
  if (action === 'once') return runOnce(context, { limit: 5 });
  if (action.startsWith('rebuild:')) return rebuild(context, action.slice('rebuild:'.length));
  const print = ({ pipeline, comparison_id: id, verdict }) =>
    void writeSync(1, `comparison ${pipeline} ${id} ${verdict}\n`);
  return runForever(context, { limit: 5, onComparison: print, onCanary: () => undefined });
}

try {
  const { events = 0, verdict = 'none' } = await act();
  writeSync(1, `done ${events} ${verdict}\n`);
  process.exit(0);
} catch (error) {
  writeSync(2, `error[${error.code ?? ''}]: ${error.message}\n`);
  process.exit(2);
}
