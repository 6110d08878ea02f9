/** Loaded into a process before its program (`node --import`): writes its peak of resident memory in KB to file descriptor 3 when it ends. */
import { writeSync } from 'node:fs';

process.on('exit', () => {
  writeSync(3, String(process.resourceUsage().maxRSS));
});
