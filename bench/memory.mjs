/**
 * Peak memory of `cutover run --once` over 3,000,000 flights, and its growth over cycles (50, or as many as given) in one process.
 * Run: npm run build && node bench/memory.mjs [cycles] (Linux and macOS: resident set size as the operating system counts it)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withProject } from '../dist/app/open.js';
import { runOnce, startRun } from '../dist/app/run.js';
import { runCycle } from '../dist/shadow/cycle.js';
import { drain } from '../dist/shadow/runner.js';
import { contextFor, writeProject } from './flights-project.mjs';

const MB = 1024 * 1024;
const peak = () => process.resourceUsage().maxRSS / 1024;

async function once(configFile) {
  const summary = await runOnce(contextFor(configFile), { limit: 100 });
  console.log(
    `run --once: ${summary.events} events, ${summary.verdict}, peak ${peak().toFixed(0)} MB (target <= 1000 MB)`,
  );
}

async function cycles(configFile, count) {
  const ctx = contextFor(configFile);
  await withProject(ctx, async (open) => {
    const parts = await startRun(ctx, open, { limit: 100 }, new Map());
    await drain(parts);
    for (let i = 1; i <= count; i += 1) {
      await runCycle(parts.env, parts.cycleSession, open.project.pipelines, parts.evidence, {
        ...parts.cycle,
        force: true,
      });
      if (i === 1 || i % Math.ceil(count / 5) === 0) {
        globalThis.gc?.();
        console.log(
          `after ${i} cycles: ${(process.memoryUsage.rss() / MB).toFixed(0)} MB resident, ${(process.memoryUsage().heapUsed / MB).toFixed(1)} MB heap, peak ${peak().toFixed(0)} MB`,
        );
      }
    }
  });
}

const [mode, configFile, count] = process.argv.slice(2);
if (mode === 'once') await once(configFile);
else if (mode === 'cycles') await cycles(configFile, Number(count));
else {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-bench-'));
  try {
    const file = writeProject(folder);
    // Each in a process of its own: a peak never goes down.
    for (const one of ['once', 'cycles']) {
      spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), one, file, mode ?? '50'], {
        stdio: 'inherit',
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
