/** Start time of `cutover --help` against bare `node -e 0`. Run: npm run build && node bench/start.mjs [rounds] */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './flights-project.mjs';

const ROUNDS = Number(process.argv[2] ?? 15);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

function milliseconds(args) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - started;
}

const help = [];
const bare = [];
for (let i = 0; i < ROUNDS; i += 1) {
  help.push(milliseconds([main, '--help']));
  bare.push(milliseconds(['-e', '0']));
}
console.log(`cutover --help ${median(help).toFixed(0)} ms, node -e 0 ${median(bare).toFixed(0)} ms`);
console.log(`ratio: ${(median(help) / median(bare)).toFixed(2)} x (target <= 3.00)`);
