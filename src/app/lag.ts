import type { EventLog, PartitionProgress } from '../log/contract.js';
import type { Clock, Logger } from '../model/ports.js';

const EVERY_MS = 30_000;

/** Offsets between what the store has and the log's end; 0 where that is not known. */
export function lagOf({ committed, end }: PartitionProgress): number {
  return end === null ? 0 : Math.max(0, end - committed);
}

/** Logs every 30 s how far this process is behind its partitions of the log, until the signal aborts. A log that does not tell is left alone. */
export async function reportLag(log: EventLog, clock: Clock, logger: Logger, signal: AbortSignal): Promise<void> {
  if (log.progress === undefined) return;
  for (;;) {
    await clock.sleep(EVERY_MS, signal);
    if (signal.aborted) return;
    const partitions = log.progress();
    if (partitions.length === 0) continue;
    for (const one of partitions)
      logger.debug({ partition: one.name, committed: one.committed, end: one.end, idle_ms: one.idle }, 'lag');
    const lag = partitions.reduce((sum, one) => sum + lagOf(one), 0);
    const idle = partitions.filter((one) => one.idle !== null && one.idle >= EVERY_MS).length;
    logger.info(
      { lag, partitions: partitions.length, idle_partitions: idle },
      `${lag} offsets behind the end of the log`,
    );
  }
}
