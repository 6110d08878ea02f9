import type { EventLog, PartitionProgress } from '../log/contract.js';
import type { KafkaLogConfig } from '../model/project.js';
import type { DoctorCheck } from '../model/results.js';
import { loadPartitions } from '../store/state/offsets.js';
import { lagOf } from './lag.js';
import type { OpenProject } from './open.js';

/** Partitions whose newest event is looked up: one query each. */
const SHOWN = 20;

type Check = (name: string, work: () => Promise<DoctorCheck | string>) => Promise<void>;

/** The checks of a Kafka log that could be opened: the cluster answers, and has the topics. */
export async function checkKafka(
  open: OpenProject,
  log: EventLog,
  config: KafkaLogConfig,
  check: Check,
): Promise<void> {
  await check('kafka', () => Promise.resolve(`reached at ${config.brokers.join(', ')}, ${log.identity}`));
  let partitions: readonly PartitionProgress[] = [];
  await check('topics', async () => {
    partitions = (await log.measure?.(await loadPartitions(open.session))) ?? [];
    return config.topics.map((topic) => `${topic}: ${ofTopic(partitions, topic).length} partitions`).join(', ');
  });
  await check('lag', () => Promise.resolve(config.topics.map((topic) => lagOfTopic(partitions, topic)).join('; ')));
  if (config.eventTime !== undefined) await check('event time', () => newestEvents(open));
}

function ofTopic(partitions: readonly PartitionProgress[], topic: string): PartitionProgress[] {
  return partitions.filter(({ name }) => name.slice(0, name.lastIndexOf('/')) === topic);
}

function lagOfTopic(all: readonly PartitionProgress[], topic: string): string {
  const partitions = ofTopic(all, topic);
  const total = partitions.reduce((sum, one) => sum + lagOf(one), 0);
  const most = [...partitions].sort((a, b) => lagOf(b) - lagOf(a))[0];
  const where = most === undefined || lagOf(most) === 0 ? '' : `, most in ${most.name}: ${lagOf(most)}`;
  return `${topic}: ${total} offsets${where}`;
}

/** By partition the newest event time of its newest micro-batch, which the store finds without reading the landing. */
async function newestEvents({ session }: OpenProject): Promise<string> {
  const moments = await session.query(
    `SELECT partition, name, CAST(updated_at AS VARCHAR) AS at FROM cutover.offsets WHERE position <> '' AND updated_at > TIMESTAMPTZ '1970-01-01 00:00:00+00' ORDER BY name LIMIT ${SHOWN}`,
  );
  const found: string[] = [];
  for (const row of moments) {
    const [newest] = await session.query(
      `SELECT CAST(max(_event_time) AS VARCHAR) AS at FROM cutover.landing
       WHERE _partition = ${Number(row['partition'])} AND _ingested_at = CAST('${String(row['at'])}' AS TIMESTAMPTZ)`,
    );
    const at = newest?.['at'];
    found.push(`${String(row['name'])}: ${typeof at === 'string' ? at : 'none'}`);
  }
  return found.length === 0 ? 'nothing has been read yet' : `newest of the last micro-batch: ${found.join(', ')}`;
}
