/**
 * Peak memory of `cutover run --once` while it drains a topic into PostgreSQL, for each of the given numbers of records: it should not rise with them.
 * Run: npm run build && node bench/kafka-memory.mjs [records ...] (KAFKA_BROKERS and DATABASE_URL where set, else servers of its own)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeProject } from './events-project.mjs';
import { deleteTopic, fill, newTopic, withBrokers } from './kafka-server.mjs';
import { withDatabase } from './postgres-server.mjs';

const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PEAK = new URL('peak.mjs', import.meta.url).href;

async function drain(project) {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-bench-'));
  try {
    const config = writeProject(folder, { ...project, maxEvents: 10_000 });
    const child = spawn(process.execPath, ['--import', PEAK, PROGRAM, 'run', '--once', '--config', config], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const texts = ['', '', '', ''];
    for (const fd of [1, 3]) child.stdio[fd].setEncoding('utf8').on('data', (part) => (texts[fd] += part));
    const [code] = await once(child, 'close');
    // A first comparison is inconclusive at the most: one pass is not three.
    if (texts[3] === '') throw new Error(`cutover ended with ${code}: ${texts[1]}`);
    return { megabytes: Number(texts[3]) / 1024, shown: texts[1], code };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sizes = process.argv.slice(2).map(Number);
await withBrokers(async (brokers) => {
  const topic = await newTopic(brokers);
  try {
    let filled = 0;
    for (const records of sizes.length > 0 ? sizes : [1_000_000, 5_000_000]) {
      await fill(brokers, topic, filled, records);
      filled = records;
      await withDatabase(async (url) => {
        const started = performance.now();
        const { megabytes, shown, code } = await drain({ brokers, topic, group: `${topic}-${records}`, url });
        if (!shown.replaceAll(',', '').includes(String(records))) throw new Error(`not all were taken: ${shown}`);
        const seconds = (performance.now() - started) / 1000;
        console.log(
          `${records} records: peak ${megabytes.toFixed(0)} MB (target <= 512 MB), exit code ${code}, ${seconds.toFixed(0)} s`,
        );
      });
    }
  } finally {
    await deleteTopic(brokers, topic);
  }
});
