import { Cron } from 'croner';
import type { Schedule } from '../model/project.js';

/** When a schedule is next due after `from` (exclusive). Cron expressions are read in UTC. Missed runs are not piled up. */
export function nextDue(schedule: Schedule, from: Date): Date {
  if ('every' in schedule) return new Date(from.getTime() + schedule.every);
  return new Cron(schedule.cron, { paused: true, timezone: 'UTC' }).nextRun(from) ?? new Date(8.64e15);
}
